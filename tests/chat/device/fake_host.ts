/** A gateway that lets everybody in, notes what it is told, and answers calls with their body. */
import type {
  Admission,
  DeviceHost,
  Handshake,
  PageAnswer,
  UnaryAnswer,
  UnaryCall,
} from "../../../src/chat/device/host.ts";
import { Devices } from "../../../src/chat/device/devices.ts";
import { DEFAULT_DEVICE_OPTIONS, type DeviceOptions } from "../../../src/chat/device/options.ts";
import type { Transport, TransportListener } from "../../../src/chat/device/transport.ts";
import type { KnownRequest } from "../../../src/chat/proto/mod.ts";
import { until } from "../../support/until.ts";

/** One stream that was opened, and what came of it. */
export class FakeSession implements TransportListener {
  readonly requests: KnownRequest[] = [];
  signs = 0;
  end: { code: number; reason: string } | undefined;
  ends = 0;
  /** Called for each request, after it was noted. */
  onMessage: (request: KnownRequest) => void = () => {};

  constructor(readonly transport: Transport, readonly handshake: Handshake) {}

  message(request: KnownRequest): void {
    this.requests.push(request);
    this.onMessage(request);
  }
  alive(): void {
    this.signs++;
  }
  closed(code: number, reason: string): void {
    this.end = { code, reason };
    this.ends++;
  }
}

export class FakeHost implements DeviceHost<string> {
  readonly sessions: FakeSession[] = [];
  readonly handshakes: Handshake[] = [];
  readonly calls: UnaryCall<string>[] = [];
  readonly failures: unknown[] = [];
  readonly refusals: string[] = [];
  isServing = true;
  answerAdmit: (handshake: Handshake) => Admission<string> | Promise<Admission<string>> = () => ({ who: "p1" });
  answerCall: (call: UnaryCall<string>) => UnaryAnswer | Promise<UnaryAnswer> = ({ body }) => ({ body });
  onOpen: (session: FakeSession) => void = () => {};

  // deno-lint-ignore require-await -- What it throws has to reject.
  async admit(handshake: Handshake): Promise<Admission<string>> {
    this.handshakes.push(handshake);
    return this.answerAdmit(handshake);
  }
  opened(transport: Transport, _who: string, handshake: Handshake): TransportListener {
    const session = new FakeSession(transport, handshake);
    this.sessions.push(session);
    this.onOpen(session);
    return session;
  }
  // deno-lint-ignore require-await -- What it throws has to reject.
  async forward(call: UnaryCall<string>): Promise<UnaryAnswer> {
    this.calls.push(call);
    return this.answerCall(call);
  }
  serving(): boolean {
    return this.isServing;
  }
  page({ path }: { path: string }): PageAnswer | undefined {
    return path === "/healthz" ? { status: 200, headers: {}, body: "ok" } : undefined;
  }
  refused(kind: string, code: string): void {
    this.refusals.push(`${kind} ${code}`);
  }
  failed(error: unknown): void {
    this.failures.push(error);
  }

  /** The newest session, when there are `count` of them. */
  async session(count = 1): Promise<FakeSession> {
    await until(() => this.sessions.length >= count, "the session is open");
    return this.sessions[count - 1]!;
  }
}

/** Devices that listen on loopback, for the time of one test. */
export async function scene(
  options: Partial<DeviceOptions>,
  run: (host: FakeHost, port: number, devices: Devices<string>) => Promise<void>,
): Promise<void> {
  const host = new FakeHost();
  const devices = new Devices(host, { ...DEFAULT_DEVICE_OPTIONS, gatewayId: "gateway-1", ...options }, 300);
  await devices.listenHttp({ listen: [{ hostname: "127.0.0.1", port: 0 }], tls: undefined });
  await devices.listenGrpc({ listen: [{ hostname: "127.0.0.1", port: 0 }], tls: undefined });
  try {
    await run(host, devices.httpAddresses[0]!.port, devices);
  } finally {
    await devices.stop();
  }
}
