/**
 * A simulated device: in its rooms, through whatever happens to its line.
 * @module
 */
import type { Endpoint } from "../../net/connection.ts";
import type { Judge } from "./judge.ts";
import { type Line, type LineEncoding, openGrpc, openWebSocket, type Told } from "./line.ts";

/** Where a device may connect; which one is asked for each attempt. */
export interface DeviceTarget {
  readonly http: Endpoint;
  readonly grpc: Endpoint | undefined;
}

/** What a device is. */
export interface SimDeviceOptions {
  readonly profile: string;
  readonly device: string;
  readonly rooms: readonly string[];
  readonly transport: "websocket" | "grpc";
  readonly encoding: LineEncoding;
  token(): Promise<string>;
  target(): DeviceTarget;
  readonly judge: Judge;
  /**
   * Told of each event that it reads, with the time since it was sent where the payload tells that.
   */
  readonly heard?: (room: string, offset: number, epoch: string, age: number | undefined) => void;
}

/** What became of a call. */
export type Answer = { readonly ok: true; readonly result: Told } | { readonly ok: false; readonly code: string };

interface Position {
  offset: number;
  epoch: string;
}

/**
 * ms before the second attempt to connect; each further one waits twice as long, up to the last.
 */
const [FIRST_PAUSE, LAST_PAUSE] = [20, 1_000];

/** One device. */
export class SimDevice {
  readonly name: string;
  /** Subscriptions that went on where they had ended, and those that could not. */
  recovered = 0;
  notRecovered = 0;
  /** Lines that it opened. */
  connects = 0;
  /** Errors that it was told, by their code. */
  readonly errors = new Map<string, number>();
  readonly #options: SimDeviceOptions;
  readonly #positions = new Map<string, Position>();
  readonly #calls = new Map<string, (answer: Answer) => void>();
  readonly #ended = new AbortController();
  #line: Line | undefined;
  #live = new Set<string>();
  #next = 1;
  #pause = FIRST_PAUSE;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: SimDeviceOptions) {
    this.#options = options;
    this.name = `${options.profile}:${options.device}`;
  }

  /** In all of its rooms just now. */
  get isLive(): boolean {
    return this.#line !== undefined && this.#live.size === this.#options.rooms.length;
  }

  get rooms(): readonly string[] {
    return this.#options.rooms;
  }

  /** Connects, and again whenever the line is lost. */
  start(): void {
    void this.#connect();
  }

  /** Leaves for good. */
  end(): void {
    this.#ended.abort();
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    this.#line?.close();
    this.#lost();
  }

  /** Calls a method of the core through the line. */
  call(method: string, json: Told): Promise<Answer> {
    const line = this.#line;
    if (line === undefined) return Promise.resolve({ ok: false, code: "unavailable" });
    const id = String(this.#next++);
    return new Promise((resolve) => {
      this.#calls.set(id, resolve);
      line.say({ id, call: { method, json } });
    });
  }

  async #connect(): Promise<void> {
    const { transport, encoding, token, target } = this.#options;
    const { http, grpc } = target();
    let line: Line | undefined;
    const listener = {
      told: (event: Told) => this.#told(event),
      closed: () => {
        if (line !== undefined && this.#line === line) this.#again();
      },
    };
    try {
      const credential = await token();
      line = transport === "grpc" && grpc !== undefined
        ? await openGrpc(grpc, credential, listener)
        : await openWebSocket(http, encoding, listener);
      if (this.#ended.signal.aborted) return line.close();
      this.#line = line;
      this.connects++;
      line.say({ id: "hello", hello: { token: credential, deviceId: this.#options.device, rooms: this.#known() } });
    } catch {
      this.#again();
    }
  }

  /** Its rooms, with how far it has read. */
  #known(): Told[] {
    return this.#options.rooms.map((roomId) => {
      const position = this.#positions.get(roomId);
      return position === undefined ? { roomId } : { roomId, offset: String(position.offset), epoch: position.epoch };
    });
  }

  #again(): void {
    this.#lost();
    if (this.#ended.signal.aborted) return;
    this.#timer = setTimeout(() => void this.#connect(), this.#pause * (0.5 + Math.random()));
    this.#pause = Math.min(LAST_PAUSE, this.#pause * 2);
  }

  #lost(): void {
    this.#line = undefined;
    this.#live = new Set();
    for (const settle of this.#calls.values()) settle({ ok: false, code: "lost" });
    this.#calls.clear();
  }

  #told(event: Told): void {
    const { subscribed, event: room, ping, result, error, reconnect, replyTo } = event as Record<string, Told>;
    if (room !== undefined) this.#read(room);
    else if (subscribed !== undefined) this.#subscribed(subscribed);
    else if (ping !== undefined) this.#line?.say({ pong: {} });
    else if (reconnect !== undefined) this.#move(Number(reconnect["delayMs"] ?? 0));
    else if (result !== undefined) this.#settle(replyTo, { ok: true, result: (result["json"] ?? {}) as Told });
    else if (error !== undefined) this.#failed(replyTo, String(error["code"] ?? ""));
  }

  #failed(replyTo: unknown, code: string): void {
    this.errors.set(code, (this.errors.get(code) ?? 0) + 1);
    this.#settle(replyTo, { ok: false, code });
  }

  #settle(replyTo: unknown, answer: Answer): void {
    const id = String(replyTo ?? "");
    this.#calls.get(id)?.(answer);
    this.#calls.delete(id);
  }

  #subscribed({ roomId, offset = "0", epoch = "", recovered = false }: Told): void {
    const room = String(roomId);
    const known = this.#positions.get(room);
    if (recovered === true) this.recovered++;
    else if (known !== undefined) this.notRecovered++;
    this.#options.judge.subscribed(this.name, room, Number(offset), String(epoch), recovered === true);
    if (recovered !== true) this.#positions.set(room, { offset: Number(offset), epoch: String(epoch) });
    this.#live.add(room);
    if (this.isLive) this.#pause = FIRST_PAUSE;
  }

  #read({ roomId, id, offset = "0", payload }: Told): void {
    const room = String(roomId);
    const at = Number(offset);
    this.#options.judge.read(this.name, room, at, String(id));
    const position = this.#positions.get(room);
    if (position !== undefined && at > position.offset) position.offset = at;
    const sentAt = (payload as Told | undefined)?.["sentAt"];
    this.#options.heard?.(
      room,
      at,
      position?.epoch ?? "",
      typeof sentAt === "number" ? Date.now() - sentAt : undefined,
    );
  }

  /** The gateway asks it to go elsewhere, in a while. */
  #move(delay: number): void {
    const line = this.#line;
    setTimeout(() => {
      if (this.#line !== line || line === undefined) return;
      line.close();
      this.#again();
    }, delay);
  }
}
