/**
 * A gateway that listens on loopback, and devices that connect to it over WebSocket.
 */
import { type ChatConfig, DEFAULT_CHAT } from "../../../src/chat/config/options.ts";
import { ChatGateway } from "../../../src/chat/gateway.ts";
import type { ChatParts } from "../../../src/chat/parts.ts";
import { until } from "../../support/until.ts";
import { FakeChecker, FakeCore, type Told } from "./fakes.ts";
import type { Judge } from "../../../src/chat/sim/judge.ts";

const ANY_PORT = [{ hostname: "127.0.0.1", port: 0 }];

/** See the file. Ends with `await using`. */
export class Running implements AsyncDisposable {
  readonly #devices: Device[] = [];

  private constructor(readonly gateway: ChatGateway, readonly core: FakeCore, readonly checker: FakeChecker) {}

  static async start(
    config: Partial<ChatConfig> = {},
    parts: ChatParts & { readonly fakeCore?: FakeCore } = {},
  ): Promise<Running> {
    const core = parts.fakeCore ?? new FakeCore();
    const checker = new FakeChecker();
    const gateway = new ChatGateway({
      ...DEFAULT_CHAT,
      drainSpread: 0,
      drainTimeout: 500,
      ...config,
      http: { ...DEFAULT_CHAT.http, listen: ANY_PORT, ...config.http },
      grpc: { ...DEFAULT_CHAT.grpc, listen: [], ...config.grpc },
    }, {
      checker: () => checker,
      core: (_config, options) => core.parts(options),
      ...parts,
    });
    await gateway.start();
    return new Running(gateway, core, checker);
  }

  /** `HOST:PORT` for HTTP/1.1. */
  get address(): string {
    return `127.0.0.1:${this.gateway.addressesOf("http")[0]!.port}`;
  }

  /** A device whose line is open. */
  async connect(protocols: readonly string[] = ["chat.v1.json"], query = ""): Promise<Device> {
    const device = new Device(`ws://${this.address}/ws${query}`, protocols);
    this.#devices.push(device);
    await device.opened;
    return device;
  }

  /** A device behind its Hello, in these rooms. */
  async device(profile: string, deviceId = "phone", rooms: readonly string[] = [], hello: Told = {}): Promise<Device> {
    const device = await this.connect();
    device.say({ id: "h", hello: { token: profile, deviceId, rooms: rooms.map((roomId) => ({ roomId })), ...hello } });
    await until(() => device.find("welcome") !== undefined, `${profile} is welcome`);
    await until(() => device.told.filter(({ subscribed }) => subscribed).length >= rooms.length, "it is in its rooms");
    return device;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.gateway.stop();
    for (const device of this.#devices) await device.end();
  }
}

/** A device over WebSocket, in JSON. */
export class Device {
  readonly told: Told[] = [];
  readonly opened: Promise<void>;
  closed: { readonly code: number; readonly reason: string } | undefined;
  readonly #socket: WebSocket;
  #isClosed = Promise.withResolvers<void>();

  constructor(url: string, protocols: readonly string[], judge?: { readonly judge: Judge; readonly name: string }) {
    const socket = this.#socket = new WebSocket(url, [...protocols]);
    this.opened = new Promise((resolve, reject) => {
      socket.onopen = () => resolve();
      socket.onerror = (event) => reject(new Error(event instanceof ErrorEvent ? event.message : "failed"));
    });
    socket.onmessage = ({ data }) => {
      const told = JSON.parse(data);
      if (judge === undefined) this.told.push(told);
      else judgeTold(judge.judge, judge.name, told);
    };
    socket.onclose = ({ code, reason }) => {
      this.closed = { code, reason };
      this.#isClosed.resolve();
    };
  }

  get protocol(): string {
    return this.#socket.protocol;
  }

  say(request: Told): void {
    this.#socket.send(JSON.stringify(request));
  }

  /** Anything, as it is. */
  raw(data: string | Uint8Array<ArrayBuffer>): void {
    this.#socket.send(data);
  }

  /** The first event of that kind. */
  find(kind: string): Told | undefined {
    return this.told.find((told) => told[kind] !== undefined)?.[kind];
  }

  /** Events of rooms: `room offset id`. */
  events(): string[] {
    return this.told.flatMap(({ event }) =>
      event === undefined ? [] : [`${event.roomId} ${event.offset ?? 0} ${event.id}`]
    );
  }

  /** Resolves when the line is closed. */
  async gone(): Promise<{ readonly code: number; readonly reason: string }> {
    await this.#isClosed.promise;
    return this.closed!;
  }

  /** Closes the line. */
  async end(): Promise<void> {
    if (this.#socket.readyState < WebSocket.CLOSING) this.#socket.close();
    if (this.closed === undefined) await this.#isClosed.promise;
  }
}

/** Lets a judge see what a device was told. */
export function judgeTold(judge: Judge, who: string, { subscribed, unsubscribed, event }: Told): void {
  if (event !== undefined) judge.read(who, event.roomId, Number(event.offset ?? 0), event.id);
  else if (subscribed !== undefined) {
    const { roomId, offset = "0", epoch = "", recovered = false } = subscribed;
    judge.subscribed(who, roomId, Number(offset), epoch, recovered);
  } else if (unsubscribed !== undefined) judge.unsubscribed(who, unsubscribed.roomId);
}

/** A device that reconnects from where it was, judged in what it reads. */
export class Judged {
  /** Events in their order: `room offset id`. */
  readonly read: string[] = [];
  isLive = false;
  /** Events that it has sent, and those that were accepted. */
  sent = 0;
  answered = 0;
  readonly #positions = new Map<string, { offset: string; epoch: string }>();
  #socket: WebSocket | undefined;
  #closed: Promise<void> = Promise.resolve();

  constructor(
    readonly name: string,
    readonly rooms: readonly string[],
    readonly judge: Judge,
    readonly gateways: readonly Running[],
  ) {}

  /** Connects to that gateway; resolves when it is in its rooms. */
  async connect(nth: number): Promise<void> {
    const socket = this.#socket = new WebSocket(`ws://${this.gateways[nth]!.address}/ws`, ["chat.v1.json"]);
    const closed = Promise.withResolvers<void>();
    this.#closed = closed.promise;
    const live = Promise.withResolvers<void>();
    let subscribed = 0;
    socket.onopen = () => {
      const rooms = this.rooms.map((roomId) => ({ roomId, ...this.#positions.get(roomId) }));
      socket.send(JSON.stringify({ hello: { token: this.name, deviceId: "phone", rooms } }));
    };
    socket.onclose = ({ code }) => {
      this.isLive = false;
      live.reject(new Error(`${this.name} was closed ${code}`));
      closed.resolve();
    };
    socket.onmessage = ({ data }) => {
      const told = JSON.parse(data);
      judgeTold(this.judge, this.name, told);
      this.#note(told);
      if (told.subscribed !== undefined && ++subscribed === this.rooms.length) {
        this.isLive = true;
        live.resolve();
      }
    };
    await live.promise;
    live.promise.catch(() => {});
  }

  /** Sends an event; nobody waits for the answer. */
  send(roomId: string, id: string): void {
    const json = { events: [{ id, roomId, senderId: this.name, type: "message", payload: {} }] };
    this.sent++;
    this.#socket!.send(JSON.stringify({ id, call: { method: "SendEvent", json } }));
  }

  async end(): Promise<void> {
    this.#socket?.close();
    await this.#closed;
  }

  #note({ subscribed, event, result }: Told): void {
    if (result !== undefined) this.answered++;
    else if (event !== undefined) {
      const { roomId, offset = "0", id } = event;
      this.read.push(`${roomId} ${offset} ${id}`);
      const known = this.#positions.get(roomId);
      if (offset !== "0" && known !== undefined) known.offset = offset;
    } else if (subscribed !== undefined) {
      const { roomId, offset = "0", epoch, recovered = false } = subscribed;
      // What was missed comes now, from where it was.
      if (!recovered) this.#positions.set(roomId, { offset, epoch });
    }
  }
}
