/**
 * Simulated devices in rooms that talk to each other, and a judge of what they read.
 * @module
 */
import { Judge, type Verdict } from "./judge.ts";
import { type DeviceTarget, SimDevice } from "./sim_device.ts";
import type { LineEncoding } from "./line.ts";

/** Who is there. */
export interface CrowdOptions {
  readonly devices: number;
  /** Each device is in one of them, in turn. */
  readonly rooms: readonly string[];
  /** Events a second, of all together. */
  readonly rate: number;
  /** So many of a hundred devices use gRPC; the others WebSocket. */
  readonly grpcPercent: number;
  readonly encoding: LineEncoding;
  /** Of the number of a device. */
  profile(index: number): string;
  token(profile: string, device: string): Promise<string>;
  /** Where a device connects; asked for each attempt. */
  target(index: number): DeviceTarget;
}

/** What came of it. */
export interface CrowdResult extends Verdict {
  /** Events that the core took. */
  readonly events: number;
  /** Calls that were refused or got no answer. */
  readonly failed: number;
  /** Subscriptions that went on where they had ended. */
  readonly recovered: number;
  /** Subscriptions that could not. */
  readonly notRecovered: number;
  /**
   * ms from sending to reading, of every delivery while it was measured: median and 99th
   * percentile.
   */
  readonly latency: { readonly p50: number; readonly p99: number } | undefined;
}

const HUNDRED = 100;
/** How often events are sent, in ms. */
const STEP = 20;
/** Latencies that are kept. */
const SAMPLES = 100_000;

/** All of them. */
export class DeviceCrowd {
  readonly judge = new Judge();
  readonly devices: readonly SimDevice[];
  readonly #options: CrowdOptions;
  /** The newest offset that anybody has read, by room and epoch. */
  readonly #newest = new Map<string, number>();
  readonly #latencies: number[] = [];
  readonly #inFlight = new Set<Promise<void>>();
  #events = 0;
  #failed = 0;
  #timer: ReturnType<typeof setInterval> | undefined;
  #due = 0;

  constructor(options: CrowdOptions) {
    this.#options = options;
    const { devices, rooms, grpcPercent, encoding } = options;
    this.devices = Array.from({ length: devices }, (_, i) => {
      const [profile, device] = [options.profile(i), "sim"];
      return new SimDevice({
        profile,
        device,
        rooms: [rooms[i % rooms.length]!],
        // The first of each hundred rounds through the rooms.
        transport: Math.floor(i / rooms.length) % HUNDRED < grpcPercent ? "grpc" : "websocket",
        encoding,
        token: () => options.token(profile, device),
        target: () => options.target(i),
        judge: this.judge,
        heard: (room, offset, epoch, age) => this.#heard(room, offset, epoch, age),
      });
    });
  }

  /** Devices that are in their rooms. */
  get live(): number {
    return this.devices.reduce((sum, { isLive }) => sum + (isLive ? 1 : 0), 0);
  }

  /** Events that the core took so far. */
  get events(): number {
    return this.#events;
  }

  /** All of them connect, some at a time. */
  start(): void {
    for (const device of this.devices) device.start();
  }

  /** They talk from now on. */
  talk(): void {
    let last = performance.now();
    this.#timer = setInterval(() => {
      const now = performance.now();
      this.#due += (now - last) * this.#options.rate / 1000;
      last = now;
      for (; this.#due >= 1; this.#due--) this.#send();
    }, STEP);
  }

  /** They are silent, and every call is answered. */
  async hush(): Promise<void> {
    if (this.#timer !== undefined) clearInterval(this.#timer);
    this.#timer = undefined;
    await Promise.all(this.#inFlight);
  }

  /** Whether everybody has read whatever anybody has. */
  get isLevel(): boolean {
    return this.devices.every(({ name, rooms }) =>
      rooms.every((room) => this.judge.lastOf(name, room) >= this.#newestFor(name, room))
    );
  }

  /** What came of it; who has not read the newest of his rooms has lost it. */
  result(): CrowdResult {
    for (const { name, rooms } of this.devices) {
      for (const room of rooms) this.judge.mustHave(name, room, this.#newestFor(name, room));
    }
    const sorted = this.#latencies.sort((a, b) => a - b);
    const at = (part: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))]!;
    return {
      ...this.judge.verdict(),
      events: this.#events,
      failed: this.#failed,
      recovered: this.devices.reduce((sum, { recovered }) => sum + recovered, 0),
      notRecovered: this.devices.reduce((sum, { notRecovered }) => sum + notRecovered, 0),
      latency: sorted.length === 0 ? undefined : { p50: at(0.5), p99: at(0.99) },
    };
  }

  /** Everybody leaves. */
  end(): void {
    for (const device of this.devices) device.end();
  }

  #send(): void {
    const device = this.devices[Math.floor(Math.random() * this.devices.length)];
    if (device === undefined || !device.isLive) return;
    const roomId = device.rooms[0]!;
    const event = { roomId, type: "message", payload: { text: "hello", sentAt: Date.now() } };
    const call = device.call("SendEvent", { events: [event] }).then(({ ok }) => {
      if (ok) this.#events++;
      else this.#failed++;
    });
    this.#inFlight.add(call);
    void call.finally(() => this.#inFlight.delete(call));
  }

  /** What a device must have read of the epoch that it reads. */
  #newestFor(name: string, room: string): number {
    return this.#newest.get(`${room}\n${this.judge.epochOf(name, room)}`) ?? 0;
  }

  #heard(room: string, offset: number, epoch: string, age: number | undefined): void {
    const key = `${room}\n${epoch}`;
    if (offset > (this.#newest.get(key) ?? 0)) this.#newest.set(key, offset);
    if (age !== undefined && this.#latencies.length < SAMPLES) this.#latencies.push(age);
  }
}
