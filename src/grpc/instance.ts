/**
 * One instance of a cluster: its connections, and when there are none, when the next attempt is.
 * @module
 */
import type { HeaderList } from "../http2/hpack/header_list.ts";
import type { ConnectionEnd, Http2Connection, Http2Listener, Http2Stream, StreamListener } from "../http2/mod.ts";
import type { Alarm, Clock } from "../net/clock.ts";
import { type Connection, type Endpoint, endpointText } from "../net/connection.ts";
import { reasonOf } from "../net/reason.ts";
import type { Place, StreamWaiter } from "./call_core.ts";
import type { ClusterCommon } from "./config/options.ts";

/** States as the admin interface shows them. */
export const INSTANCE_STATES = [
  "idle",
  "connecting",
  "ready",
  "draining",
  "failed",
  "unhealthy",
  "disabled",
] as const satisfies readonly InstanceStateName[];

/** How an instance is. */
export type InstanceStateName = "idle" | "connecting" | "ready" | "draining" | "failed" | "unhealthy" | "disabled";

/** ms */
export interface LinkTimes {
  /** Silence before a PING; 0 is none. */
  readonly interval: number;
  /** What an answer to it may take. */
  readonly timeout: number;
  /** What the backend's SETTINGS may take. */
  readonly handshakeTimeout: number;
}

/** How an instance is connected. */
export interface InstanceLink {
  /** Connects; the connection's preface is not sent yet. */
  dial(to: Endpoint, signal: AbortSignal, timeout: number): Promise<Connection>;
  /** Speaks HTTP/2 over it, as a client. */
  speak(connection: Connection, times: LinkTimes, listener: Http2Listener): Http2Connection;
  /** A backend broke the protocol. */
  protocolError(): void;
  /** A defect of this program befell a call. */
  internalError(error: unknown): void;
  readonly clock: Clock;
  readonly random: () => number;
}

/** Who looks after an instance. */
export interface InstanceOwner {
  /** It failed (once for each failure); `retryIn` ms. */
  failed(instance: Instance, error: Error, retryIn: number): void;
  /** A connection is ready again. */
  ready(instance: Instance): void;
  /** It may get calls, or may not any more. */
  changed(instance: Instance): void;
  /** It was retired, and its last connection is closed. */
  gone(instance: Instance): void;
}

/** Share by which a wait is shorter or longer, so that not everybody comes back at once. */
const JITTER = 0.2;
/** Milliseconds that a connection beyond the usual number may lie idle. */
const SPARE_IDLE = 30_000;

/** One HTTP/2 connection of an instance. */
class Link implements Http2Listener {
  http2!: Http2Connection;
  ready = false;
  readyAt = 0;
  idleSince = 0;
  /** It said GOAWAY NO_ERROR: no failure when it closes. */
  tookLeave = false;
  leaving = false;

  constructor(readonly instance: Instance) {}

  settled(): void {
    this.instance.linkSettled(this);
  }

  room(): void {
    this.instance.linkHasRoom();
  }

  goaway(_lastId: number, code: number, debug: string): void {
    this.instance.linkLeaves(this, code, debug);
  }

  protocolError(): void {
    this.instance.linkBroke();
  }

  failed(error: unknown): void {
    this.instance.linkThrew(error);
  }

  closed(end: ConnectionEnd): void {
    this.instance.linkClosed(this, end);
  }
}

/** One instance. */
export class Instance implements Place {
  readonly id: string;
  readonly address: Endpoint;
  /** `host:port`. */
  readonly addressText: string;
  /** Calls that have a stream here, or wait for one. */
  inFlight = 0;
  /** Attempts so far. */
  calls = 0;
  failures = 0;
  lastError = "";
  /** Unix time in ms of the next attempt to connect; 0 when none is planned. */
  nextAttemptAt = 0;
  #enabled = true;
  #healthy = true;
  #retired = false;
  #stopped = false;
  #options: ClusterCommon;
  readonly #link: InstanceLink;
  readonly #owner: InstanceOwner;
  /** Those that take calls. */
  #links: Link[] = [];
  #next = 0;
  readonly #leaving = new Set<Link>();
  readonly #connecting = new Set<AbortController>();
  readonly #settling = new Set<Link>();
  #waiting: StreamWaiter[] = [];
  #attempts = 0;
  #alarm: Alarm | undefined;
  #failed = false;
  /** Streams that its last connection allowed. */
  #allowed = Infinity;
  /** ms; doubled by `too_many_pings` (A8). */
  #keepalive: number;
  /** Bytes of connections that are closed. */
  #bytesIn = 0;
  #bytesOut = 0;
  #wasUsable = true;

  constructor(id: string, address: Endpoint, options: ClusterCommon, link: InstanceLink, owner: InstanceOwner) {
    this.id = id;
    this.address = address;
    this.addressText = endpointText(address);
    this.#options = options;
    this.#link = link;
    this.#owner = owner;
    this.#keepalive = options.keepalive.interval;
  }

  /** Takes other limits, for connections to come. */
  configure(options: ClusterCommon): void {
    if (options.keepalive.interval !== this.#options.keepalive.interval) this.#keepalive = options.keepalive.interval;
    this.#options = options;
    this.#keep();
  }

  /** Makes the connections that it is to have. */
  start(): void {
    this.#keep();
  }

  get state(): InstanceStateName {
    if (!this.#enabled) return "disabled";
    if (this.#retired) return "draining";
    if (!this.#healthy) return "unhealthy";
    if (this.#failed) return "failed";
    if (this.#links.length > 0) return "ready";
    return this.#connecting.size + this.#settling.size > 0 ? "connecting" : "idle";
  }

  get enabled(): boolean {
    return this.#enabled;
  }

  set enabled(enabled: boolean) {
    this.#enabled = enabled;
    this.#tell();
  }

  get healthy(): boolean {
    return this.#healthy;
  }

  set healthy(healthy: boolean) {
    this.#healthy = healthy;
    this.#tell();
  }

  /** In its backoff: it gets calls only when no other instance is left. */
  get isFailed(): boolean {
    return this.#failed;
  }

  /** Whether it gets calls before all others that are worse. */
  get usable(): boolean {
    return this.#enabled && this.#healthy && !this.#retired && !this.#failed;
  }

  /** Whether it may get calls as the last resort. */
  get possible(): boolean {
    return this.#enabled && this.#healthy && !this.#retired;
  }

  get patience(): number {
    return this.#options.connectTimeout;
  }

  /** Connections that are open. */
  get connections(): number {
    return this.#links.length + this.#leaving.size;
  }

  /** Whether a connection is ready for calls. */
  get isConnected(): boolean {
    return this.#links.length > 0;
  }

  get bytesIn(): number {
    return this.#sum((http2) => http2.bytesIn, this.#bytesIn);
  }

  get bytesOut(): number {
    return this.#sum((http2) => http2.bytesOut, this.#bytesOut);
  }

  #sum(count: (http2: Http2Connection) => number, sum: number): number {
    for (const { http2 } of this.#links) sum += count(http2);
    for (const { http2 } of this.#leaving) sum += count(http2);
    return sum;
  }

  /**
   * Whether one more call is too much: no stream is free, and no further connection may be made.
   */
  get busy(): boolean {
    const { maxInFlight, maxConnections } = this.#options;
    if (maxInFlight > 0 && this.inFlight >= maxInFlight) return true;
    const links = this.#links;
    for (let i = 0; i < links.length; i++) if (links[i]!.http2.freeStreams > 0) return false;
    const coming = this.#connecting.size + this.#settling.size;
    if (links.length + coming < maxConnections) return false;
    return this.#waiting.length >= coming * this.#allowed;
  }

  /** Opens a stream at once; undefined when that cannot be. */
  open(list: HeaderList, end: boolean, listener: StreamListener): Http2Stream | undefined {
    const links = this.#links;
    for (let tries = links.length; tries > 0; tries--) {
      if (this.#next >= links.length) this.#next = 0;
      const stream = links[this.#next++]!.http2.open(list, end, listener);
      if (stream !== undefined) return stream;
    }
    return undefined;
  }

  /** Lets `waiter` wait for a stream; a connection is made for it unless one is on its way. */
  wait(waiter: StreamWaiter, anew: boolean): void {
    this.#waiting.push(waiter);
    const coming = this.#connecting.size + this.#settling.size;
    const isFull = this.#links.length + coming >= this.#options.maxConnections;
    if (coming > 0 && (isFull || (!anew && this.#waiting.length <= coming * this.#allowed))) return;
    this.#connect();
  }

  /** It waits no more. */
  leave(waiter: StreamWaiter): void {
    const at = this.#waiting.indexOf(waiter);
    if (at >= 0) this.#waiting.splice(at, 1);
  }

  /** It gets no call from now on; its connections close with their last one. */
  retire(): void {
    if (this.#retired) return;
    this.#retired = true;
    this.#clearAlarm();
    this.#tell();
    for (const controller of this.#connecting) controller.abort();
    for (const link of [...this.#links, ...this.#settling]) this.#takeLeave(link);
    this.#failWaiting(new Error("the instance was removed"));
    this.#maybeGone();
  }

  /** Closes everything now. */
  stop(): void {
    this.#stopped = true;
    this.#retired = true;
    this.#clearAlarm();
    for (const controller of this.#connecting) controller.abort();
    for (const link of [...this.#links, ...this.#settling, ...this.#leaving]) link.http2.close();
    this.#failWaiting(new Error("the gateway was stopped"));
  }

  /** To be called every few seconds: connections beyond the usual that lie idle are closed. */
  rest(): void {
    const now = this.#link.clock.now();
    for (const link of [...this.#links]) {
      if (link.http2.streams > 0) link.idleSince = now;
      else if (this.#links.length > this.#options.connections && now - link.idleSince >= SPARE_IDLE) {
        this.#takeLeave(link);
      }
    }
  }

  /** @internal */
  linkSettled(link: Link): void {
    if (!this.#settling.delete(link)) return;
    if (this.#retired) return this.#takeLeave(link);
    link.ready = true;
    link.readyAt = link.idleSince = this.#link.clock.now();
    const isFirst = this.#links.push(link) === 1;
    this.#allowed = Math.max(1, link.http2.streams + link.http2.freeStreams);
    this.#clearAlarm();
    this.#failed = false;
    this.lastError = "";
    if (isFirst) this.#owner.ready(this);
    this.#tell();
    this.#grant();
    this.#keep();
  }

  /** @internal */
  linkHasRoom(): void {
    if (this.#waiting.length > 0) this.#grant();
  }

  /** @internal */
  linkLeaves(link: Link, code: number, debug: string): void {
    if (code === 0) link.tookLeave = true;
    else {
      if (debug.includes("too_many_pings")) this.#keepalive *= 2;
      this.lastError = `GOAWAY with code ${code}${debug === "" ? "" : `: ${debug}`}`;
    }
    if (!this.#out(link)) return;
    this.#leaving.add(link);
    // One that leaves as soon as it has come must not become a busy loop.
    if (code === 0 && this.#link.clock.now() - link.readyAt < this.#options.backoff.initial) this.#retryLater();
    else if (code === 0) this.#keep();
  }

  /** @internal */
  linkThrew(error: unknown): void {
    this.#link.internalError(error);
  }

  /** @internal */
  linkBroke(): void {
    this.#link.protocolError();
  }

  /** @internal */
  linkClosed(link: Link, end: ConnectionEnd): void {
    const http2 = link.http2 as Http2Connection | undefined;
    this.#bytesIn += http2?.bytesIn ?? 0;
    this.#bytesOut += http2?.bytesOut ?? 0;
    const settling = this.#settling.delete(link);
    this.#out(link);
    this.#leaving.delete(link);
    if (link.tookLeave || link.leaving || this.#retired || this.#stopped) {
      if (settling) this.#failWaiting(new Error("the connection was closed"));
      this.#keep();
      return this.#maybeGone();
    }
    if (link.ready && this.#link.clock.now() - link.readyAt >= this.#options.backoff.initial) this.#attempts = 0;
    this.#fail(new Error(end.reason), settling);
  }

  #out(link: Link): boolean {
    const at = this.#links.indexOf(link);
    if (at >= 0) this.#links.splice(at, 1);
    return at >= 0;
  }

  #takeLeave(link: Link): void {
    link.leaving = true;
    this.#settling.delete(link);
    this.#out(link);
    this.#leaving.add(link);
    if (link.http2.streams === 0) link.http2.close();
    else link.http2.shutdown();
  }

  #keep(): void {
    if (this.#stopped || this.#retired || this.#failed || this.#alarm !== undefined) return;
    const { connections } = this.#options;
    while (this.#links.length + this.#connecting.size + this.#settling.size < connections) this.#connect();
  }

  #connect(): void {
    if (this.#stopped || this.#retired) return;
    const { connectTimeout } = this.#options;
    this.#clearAlarm();
    const controller = new AbortController();
    this.#connecting.add(controller);
    this.#link.dial(this.address, controller.signal, connectTimeout).then(
      (connection) => {
        this.#connecting.delete(controller);
        if (this.#stopped || this.#retired) {
          connection.close();
          return this.#maybeGone();
        }
        const link = new Link(this);
        this.#settling.add(link);
        const { keepalive: { timeout } } = this.#options;
        const times = { interval: this.#keepalive, timeout, handshakeTimeout: connectTimeout };
        link.http2 = this.#link.speak(connection, times, link);
      },
      (error) => {
        this.#connecting.delete(controller);
        if (this.#stopped || this.#retired) return this.#maybeGone();
        this.#fail(errorOf(error), true);
      },
    );
  }

  /** @param connecting it was no connection yet */
  #fail(error: Error, connecting: boolean): void {
    this.lastError = reasonOf(error);
    const coming = this.#connecting.size + this.#settling.size;
    // A further connection could not be made: the instance itself is as good as before.
    if (connecting && this.#links.length > 0) {
      if (coming === 0) this.#failWaiting(error);
      return;
    }
    this.failures++;
    this.#failed = true;
    const wait = this.#retryLater();
    this.#owner.failed(this, error, wait);
    this.#tell();
    if (coming === 0) this.#failWaiting(error);
  }

  /** @returns ms until the next attempt */
  #retryLater(): number {
    this.#clearAlarm();
    const { initial, multiplier, max } = this.#options.backoff;
    const wait = Math.min(initial * multiplier ** this.#attempts++, max) * (1 + JITTER * (2 * this.#link.random() - 1));
    this.nextAttemptAt = Date.now() + wait;
    this.#alarm = this.#link.clock.setTimeout(() => {
      this.#clearAlarm();
      const { connections } = this.#options;
      while (this.#links.length + this.#connecting.size + this.#settling.size < connections) this.#connect();
    }, wait);
    return wait;
  }

  #clearAlarm(): void {
    if (this.#alarm !== undefined) this.#link.clock.clearTimeout(this.#alarm);
    this.#alarm = undefined;
    this.nextAttemptAt = 0;
  }

  #grant(): void {
    while (this.#waiting.length > 0 && this.#links.some(({ http2 }) => http2.freeStreams > 0)) {
      this.#waiting.shift()!.granted();
    }
    // Those left over were too many for this connection: another one, or somewhere else.
    if (this.#waiting.length === 0 || this.#connecting.size + this.#settling.size > 0) return;
    if (this.#links.length < this.#options.maxConnections) this.#connect();
    else this.#failWaiting(new Error("no stream is free"), true);
  }

  #failWaiting(error: Error, isFull = false): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const waiter of waiting) waiter.failed(error, isFull);
  }

  #tell(): void {
    const { usable } = this;
    if (usable === this.#wasUsable) return;
    this.#wasUsable = usable;
    this.#owner.changed(this);
  }

  #maybeGone(): void {
    if (!this.#retired || this.#leaving.size + this.#connecting.size + this.#settling.size > 0) return;
    this.#owner.gone(this);
  }
}

function errorOf(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}
