/**
 * Where devices come in: handshakes are judged, streams get a session, calls go to the core.
 * @module
 */
import { BadDeviceId, deviceOf } from "./auth/ids.ts";
import { TokenRefusal } from "./auth/checker.ts";
import type { ErrorCode } from "../rpc/error.ts";
import type {
  Admission,
  DeviceHost,
  Handshake,
  PageAnswer,
  PageRequest,
  Refusal,
  UnaryAnswer,
  UnaryCall,
} from "./device/host.ts";
import type { Transport, TransportKind, TransportListener } from "./device/transport.ts";
import type { Hub } from "./hub.ts";
import type { NamedLimits } from "./limits.ts";
import { Session, type Who } from "./session.ts";
import { roomLimit } from "./session_calls.ts";
import type { Sessions } from "./sessions.ts";

/** What reception needs beside the hub. */
export interface ReceptionParts {
  readonly hub: Hub;
  readonly sessions: Sessions;
  /** What calls over HTTP may do that belong to no connection: by profile and device. */
  readonly callLimits: NamedLimits;
  readonly isServing: () => boolean;
  readonly page: (request: PageRequest) => PageAnswer | undefined | Promise<PageAnswer | undefined>;
}

/** The gateway, as the transports see it. */
export class Reception implements DeviceHost<Who> {
  /** Calls over HTTP that are not answered yet. */
  calls = 0;
  bytesIn = 0;
  bytesOut = 0;
  readonly #parts: ReceptionParts;
  readonly #hub: Hub;
  #idle: (() => void) | undefined;

  constructor(parts: ReceptionParts) {
    this.#parts = parts;
    this.#hub = parts.hub;
  }

  async admit({ kind, token, deviceId }: Handshake): Promise<Admission<Who>> {
    const hub = this.#hub;
    // A call may still come over a connection that is open.
    if (hub.draining) return { refused: refusal(503, "unavailable", "the gateway is draining") };
    if (token === undefined || token === "") {
      if (kind === "call") return { refused: refusal(401, "unauthenticated", "a token is missing") };
      return { who: { token: undefined, checked: undefined, deviceId } };
    }
    const judged = hub.checker.check(token);
    const checked = judged instanceof Promise ? await judged : judged;
    if (checked instanceof TokenRefusal) {
      const status = checked.code === "unavailable" ? 503 : 401;
      return { refused: refusal(status, checked.code, checked.message, checked.retryAfterMs) };
    }
    const device = deviceOf(checked.deviceClaim, deviceId);
    if (device instanceof BadDeviceId) return { refused: refusal(400, "invalid_argument", device.message) };
    if (kind !== "call" && device !== undefined && hub.sessions.refuses(checked.profileId, device)) {
      return { refused: refusal(429, "resource_exhausted", "device limit") };
    }
    return { who: { token, checked, deviceId: device } };
  }

  opened(transport: Transport, who: Who, handshake: Handshake): TransportListener {
    const session = new Session(this.#hub, transport, who, handshake);
    this.#parts.sessions.add(session);
    this.#hub.meters.accepted.of({ transport: transport.kind, result: "accepted" }).value++;
    return session;
  }

  async forward(call: UnaryCall<Who>): Promise<UnaryAnswer> {
    const hub = this.#hub;
    const { who, method, encoding, body, headers, remote, timeoutMs, signal } = call;
    const { token, checked, deviceId } = who;
    if (checked === undefined) return { error: { code: "unauthenticated", message: "a token is missing" } };
    this.bytesIn += body.length;
    const limited = this.#overLimit(call, checked.profileId);
    if (limited !== undefined) return limited;
    this.calls++;
    const began = performance.now();
    try {
      const caller = { profileId: checked.profileId, deviceId, token: token! };
      const owner = { profile: checked.profileId, device: deviceId ?? "", transport: "call" };
      const span = hub.spans?.call(method, headers, owner);
      const answer = await hub.forwarder.forward(
        { caller, method, encoding, body, headers: span?.headers ?? headers, remote, timeoutMs, signal },
      );
      span?.end("error" in answer ? answer.error.code : "ok");
      if ("error" in answer) this.#told(answer.error.code);
      else this.bytesOut += answer.body.length;
      if (hub.tellsRequests) {
        hub.tell({
          kind: "chat_request",
          method,
          profile: checked.profileId,
          device: deviceId ?? "",
          code: "error" in answer ? answer.error.code : "ok",
          milliseconds: performance.now() - began,
        });
      }
      return answer;
    } finally {
      if (--this.calls === 0) this.#idle?.();
    }
  }

  /** Resolves when no call over HTTP is under way. */
  idle(): Promise<void> {
    if (this.calls === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle = resolve);
  }

  serving(): boolean {
    return this.#parts.isServing();
  }

  page(request: PageRequest) {
    return this.#parts.page(request);
  }

  refused(kind: TransportKind, code: ErrorCode): void {
    this.#hub.meters.accepted.of({ transport: kind, result: code }).value++;
  }

  failed(error: unknown): void {
    const reason = error instanceof Error ? error.stack ?? error.message : String(error);
    this.#hub.tell({ kind: "chat_defect", reason });
  }

  /** L1. */
  #overLimit({ who, method, encoding, body }: UnaryCall<Who>, profileId: string): UnaryAnswer | undefined {
    const hub = this.#hub;
    const { perConnection, burst, perProfile } = hub.config.rateLimit;
    const now = hub.clock.now();
    const device = `${profileId}:${who.deviceId ?? ""}`;
    const scopes = {
      connection: () => this.#parts.callLimits.take(device, perConnection, burst === 0 ? perConnection : burst, now),
      profile: () => hub.profileLimits.take(profileId, perProfile, perProfile, now),
      room: () => roomLimit(hub, method, encoding, body),
    };
    for (const [scope, take] of Object.entries(scopes)) {
      const retryAfterMs = take();
      if (retryAfterMs === 0) continue;
      hub.meters.limited.of({ scope }).value++;
      this.#told("resource_exhausted");
      return { error: { code: "resource_exhausted", message: `above the limit of the ${scope}`, retryAfterMs } };
    }
    return undefined;
  }

  #told(code: ErrorCode): void {
    this.#hub.meters.errors.of({ code }).value++;
  }
}

function refusal(status: Refusal["status"], code: ErrorCode, message: string, retryAfterMs?: number): Refusal {
  return { status, code, message, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
}
