/**
 * The connections of this gateway: counted, found by profile and device, and looked at when
 * something is due.
 * @module
 */
import type { Alarm, Clock } from "../net/clock.ts";
import type { TransportKind } from "./device/transport.ts";
import type { Connection, Directory } from "./connection.ts";

/** What is looked at: the limits, and how exactly time is kept. */
export interface SessionRules {
  readonly maxConnectionsPerDevice: number;
  readonly onDeviceLimit: "replace" | "reject";
  readonly helloTimeout: number;
  readonly heartbeatInterval: number;
  readonly connectionTimeout: number;
}

/** ms between two looks at all connections. */
const [SHORTEST, LONGEST] = [5, 500];
/** Looks within the shortest of the times that are kept. */
const LOOKS = 10;

/** All connections. */
export class Sessions implements Directory {
  readonly #clock: Clock;
  readonly #rules: () => SessionRules;
  /** Those before their Hello as well, oldest first. */
  readonly #all = new Set<Connection>();
  /** Those behind it, by profile. */
  readonly #byProfile = new Map<string, Set<Connection>>();
  readonly #counts: Record<TransportKind, number> = { websocket: 0, grpc: 0, connect: 0, grpcweb: 0 };
  #bytesIn = 0;
  #bytesOut = 0;
  #alarm: Alarm | undefined;
  #emptied: (() => void) | undefined;

  constructor(clock: Clock, rules: () => SessionRules) {
    this.#clock = clock;
    this.#rules = rules;
  }

  get size(): number {
    return this.#all.size;
  }

  [Symbol.iterator](): Iterator<Connection> & Iterable<Connection> {
    return this.#all.values();
  }

  /** Open connections by transport. */
  get counts(): Iterable<readonly [TransportKind, number]> {
    return Object.entries(this.#counts) as [TransportKind, number][];
  }

  /** Bytes of all connections so far. */
  get bytes(): { readonly in: number; readonly out: number } {
    let [bytesIn, bytesOut] = [this.#bytesIn, this.#bytesOut];
    for (const session of this.#all) {
      bytesIn += session.bytesIn;
      bytesOut += session.bytesOut;
    }
    return { in: bytesIn, out: bytesOut };
  }

  /**
   * Connections of a profile that have said Hello, oldest first; of one device when it is named.
   */
  *of(profileId: string, deviceId?: string): Generator<Connection> {
    for (const session of this.#byProfile.get(profileId) ?? []) {
      if (deviceId === undefined || session.deviceId === deviceId) yield session;
    }
  }

  /** C5: whether one more connection of the device is refused. */
  refuses(profileId: string, deviceId: string): boolean {
    const { onDeviceLimit, maxConnectionsPerDevice } = this.#rules();
    return onDeviceLimit === "reject" && [...this.of(profileId, deviceId)].length >= maxConnectionsPerDevice;
  }

  add(session: Connection): void {
    this.#all.add(session);
    this.#counts[session.kind]++;
  }

  /** It knows who it is. Closes those that are too many. @returns false: that is this one */
  open(session: Connection): boolean {
    const { profileId, deviceId } = session;
    if (this.refuses(profileId, deviceId)) return false;
    const before = [...this.of(profileId, deviceId)];
    const surplus = before.length + 1 - this.#rules().maxConnectionsPerDevice;
    for (const old of before.slice(0, Math.max(0, surplus))) old.close(4005);
    const own = this.#byProfile.get(profileId);
    if (own === undefined) this.#byProfile.set(profileId, new Set([session]));
    else own.add(session);
    return true;
  }

  remove(session: Connection): void {
    if (!this.#all.delete(session)) return;
    this.#counts[session.kind]--;
    this.#bytesIn += session.bytesIn;
    this.#bytesOut += session.bytesOut;
    const own = this.#byProfile.get(session.profileId);
    if (own?.delete(session) === true && own.size === 0) this.#byProfile.delete(session.profileId);
    if (this.#all.size === 0) this.#emptied?.();
  }

  /** Resolves when there is none. */
  empty(): Promise<void> {
    if (this.#all.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#emptied = resolve);
  }

  /** Looks at all of them: their times are others. */
  look(): void {
    const now = this.#clock.now();
    for (const session of this.#all) session.look(now);
  }

  /** Keeps their times. One alarm for all of them: a timer each would cost more than the rest. */
  start(): void {
    const { helloTimeout, heartbeatInterval, connectionTimeout } = this.#rules();
    const shortest = Math.min(helloTimeout, heartbeatInterval, connectionTimeout);
    const wait = Math.min(LONGEST, Math.max(SHORTEST, shortest / LOOKS));
    this.#alarm = this.#clock.setTimeout(() => {
      const now = this.#clock.now();
      for (const session of this.#all) if (session.due <= now) session.look(now);
      this.start();
    }, wait);
  }

  stop(): void {
    if (this.#alarm !== undefined) this.#clock.clearTimeout(this.#alarm);
    this.#alarm = undefined;
  }
}
