/**
 * Connections to one address that share their calls: what the pool and the per-address client are
 * made of.
 * @module
 */
import { BlockPool } from "../../net/block.ts";
import { SYSTEM_CLOCK } from "../../net/clock.ts";
import { type Endpoint, endpointText } from "../../net/connection.ts";
import { SegmentPool } from "../../net/segment.ts";
import { EndToEndIds } from "../peer/end_to_end_ids.ts";
import type { PeerEnd } from "../peer/peer_end.ts";
import type { MessageInput } from "../wire/encode_message.ts";
import { Call, type CallOptions, type CallOwner, type RequestOptions } from "./call.ts";
import type { ClientConnection, ClientRuntime } from "./client_connection.ts";
import { ConnectionSlot, SHUTTING_DOWN } from "./connection_slot.ts";
import { Deadlines } from "./deadlines.ts";
import { ConnectionClosedError, PoolClosedError, QueueFullError, timeoutError } from "./errors.ts";
import type { ClientEvent } from "./events.ts";
import { Message } from "./message.ts";
import { type ClientSettings, localIdentity } from "./options.ts";
import { isRequest, outgoing } from "./outgoing.ts";
import type { PeerRequest } from "./peer_request.ts";

/** Unused segments that are kept, 64 KiB each: enough for a burst, and few megabytes. */
const KEPT_SEGMENTS = 16;
/** Memory that may wait to be written, over all connections of one client. */
const SEGMENT_LIMIT = 256 * 1024 * 1024;
const KEPT_SMALL_BLOCKS = 64;
const KEPT_LARGE_BLOCKS = 8;

/** How a group behaves, and whom it tells. */
export interface GroupOptions {
  /** Connections. */
  readonly size: number;
  /**
   * Opened when there is a call for it, rather than kept; when it cannot be opened, all calls that
   * wait for it get the error.
   */
  readonly onDemand: boolean;
  /** What it is called in errors. */
  readonly what: string;
  readonly event: (event: ClientEvent) => void;
  readonly received: (request: PeerRequest) => void;
  /** A connection is open. */
  readonly opened?: (slot: ConnectionSlot) => void;
  /** A connection has ended. */
  readonly lost?: (slot: ConnectionSlot, end: PeerEnd) => void;
  /**
   * On demand only: nothing is open, nothing waits, and nothing will happen until the next call.
   */
  readonly dormant?: () => void;
}

/** What the connections of one client share. */
export function clientRuntime(settings: ClientSettings): ClientRuntime {
  return {
    settings,
    local: localIdentity(settings),
    blocks: new BlockPool(KEPT_SMALL_BLOCKS, KEPT_LARGE_BLOCKS),
    segments: new SegmentPool(SEGMENT_LIMIT, KEPT_SEGMENTS),
    clock: SYSTEM_CLOCK,
    random: Math.random,
    endToEndIds: new EndToEndIds(Date.now(), Math.random()),
  };
}

/** Connections, and the calls that wait for one of them. */
export class ConnectionGroup implements CallOwner {
  readonly slots: readonly ConnectionSlot[];
  readonly address: string;
  /** Calls whose time ran out. */
  timeouts = 0;
  readonly #runtime: ClientRuntime;
  readonly #options: GroupOptions;
  readonly #waiting = new Set<Call>();
  readonly #deadlines: Deadlines;
  #turn = 0;
  #closed = false;
  #closing: Promise<void> | undefined;
  /** Settles with the first connection, or when the first attempt of every slot has failed. */
  #started = Promise.withResolvers<void>();
  readonly #failedFirst = new Set<ConnectionSlot>();
  #pumping = false;

  constructor(target: Endpoint, runtime: ClientRuntime, options: GroupOptions) {
    this.#runtime = runtime;
    this.#options = options;
    this.address = endpointText(target);
    this.#started.promise.catch(() => {});
    this.#deadlines = new Deadlines(runtime.clock, (now) => this.#sweep(now));
    this.slots = Array.from({ length: options.size }, (_, index) =>
      new ConnectionSlot(target, index, runtime, {
        opened: (slot) => {
          this.#started.resolve();
          options.opened?.(slot);
          this.#pump();
        },
        lost: (slot, end, resend) => {
          options.lost?.(slot, end);
          for (const call of resend) this.#submit(call);
          this.#giveUpIfDown();
        },
        failed: (slot, error, fresh) => this.#attemptFailed(slot, error, fresh),
        stopped: () => this.#slotStopped(),
        room: () => this.#pump(),
        lossError: (reason) => !this.#closed ? new ConnectionClosedError(this.address, reason) : this.#closedError(),
        received: options.received,
        event: options.event,
      }));
  }

  /** Calls that wait for room or for a connection. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Why a connection ended, or could not be opened, last. */
  get lastError(): Error | undefined {
    let last: ConnectionSlot | undefined;
    for (const slot of this.slots) if (slot.lastErrorAt > (last?.lastErrorAt ?? 0)) last = slot;
    return last?.lastError;
  }

  /**
   * Connects; resolves when one connection is open. @throws the error of the last one when none
   * could be opened
   */
  start(): Promise<void> {
    if (this.#closed) return Promise.reject(this.#closedError());
    // Whoever starts again what has given up wants to know anew.
    if (this.#failedFirst.size > 0 && !this.slots.some((slot) => slot.running)) {
      this.#failedFirst.clear();
      this.#started = Promise.withResolvers();
      this.#started.promise.catch(() => {});
    }
    for (const slot of this.slots) slot.start();
    return this.#started.promise;
  }

  /** The ids of this client's own requests. */
  get endToEndIds(): EndToEndIds {
    return this.#runtime.endToEndIds;
  }

  /** Sends `message`; resolves when it is written. */
  send(message: MessageInput | Uint8Array, options: CallOptions = {}): Promise<void> {
    return new Promise((resolve, reject) => this.#begin(message, false, options, () => resolve(), reject));
  }

  /** Sends `message`; resolves with its answer. */
  request(message: MessageInput | Uint8Array, options: RequestOptions = {}): Promise<Message> {
    return new Promise((resolve, reject) => this.#begin(message, true, options, (answer) => resolve(answer!), reject));
  }

  forget(call: Call): void {
    this.#waiting.delete(call);
  }

  /**
   * Takes no more calls, waits up to `drain` milliseconds for the pending ones, takes leave of all
   * peers with DPR, and rejects what is left.
   */
  close(drain: number): Promise<void> {
    return this.#closing ??= this.#close(drain);
  }

  async #close(drain: number): Promise<void> {
    this.#closed = true;
    const error = this.#closedError();
    this.#started.reject(error);
    for (const call of [...this.#waiting]) call.fail(error);
    const deadline = this.#runtime.clock.now() + drain;
    while (this.#runtime.clock.now() < deadline && this.slots.some((slot) => (slot.connection?.pending ?? 0) > 0)) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await Promise.all(this.slots.map((slot) => slot.stop(SHUTTING_DOWN)));
    this.#deadlines.stop();
  }

  #closedError(): PoolClosedError {
    return new PoolClosedError(this.#options.what);
  }

  #begin(
    message: MessageInput | Uint8Array,
    awaitsAnswer: boolean,
    options: RequestOptions,
    done: (answer: Message | undefined) => void,
    failed: (error: unknown) => void,
  ): void {
    if (this.#closed) return failed(this.#closedError());
    const { signal, timeout = this.#runtime.settings.requestTimeout } = options;
    if (signal?.aborted) return failed(signal.reason);
    if (!(timeout > 0)) return failed(new RangeError(`Cannot wait ${timeout} ms: expected a number above 0`));
    const bytes = outgoing(message, this.#runtime.endToEndIds);
    if (awaitsAnswer && !isRequest(bytes)) {
      return failed(new TypeError("Cannot request with an answer: the R flag at byte 4 is clear"));
    }
    const deadline = this.#runtime.clock.now() + timeout;
    this.#submit(new Call(bytes, awaitsAnswer, deadline, options, done, failed));
    this.#deadlines.note(deadline);
  }

  /** Gives `call` to a connection, or lets it wait for one. */
  #submit(call: Call): void {
    if (call.settled) return;
    if (this.#closed) return call.fail(this.#closedError());
    const connection = this.#waiting.size > 0 ? undefined : this.#pick();
    if (connection !== undefined) return connection.take(call);
    const { maxWaiting, waitWhileDown } = this.#runtime.settings;
    if (this.#waiting.size >= maxWaiting) return call.fail(new QueueFullError(this.address, maxWaiting));
    if (this.#options.onDemand) { for (const slot of this.slots) slot.start(); }
    const state = this.#hopes();
    if (state === "none" || (state === "reconnecting" && !waitWhileDown)) return call.fail(this.#downError());
    call.copy();
    call.owner = this;
    this.#waiting.add(call);
  }

  /**
   * Whether waiting makes sense: a connection is open, may come soon, comes back after a while, or
   * will not come.
   */
  #hopes(): "open" | "connecting" | "reconnecting" | "none" {
    let hopes: "connecting" | "reconnecting" | "none" = "none";
    for (const slot of this.slots) {
      if (slot.connection?.usable || slot.retiring) return "open";
      if (slot.opening) hopes = "connecting";
      else if (slot.running && hopes === "none") hopes = "reconnecting";
    }
    return hopes;
  }

  #downError(): Error {
    const { lastError } = this;
    if (lastError === undefined) return new ConnectionClosedError(this.address, "start() was not called");
    const planned = this.slots.map((slot) => slot.nextAttemptAt).filter((at) => at > 0);
    const next = planned.length === 0
      ? ""
      : `; next attempt in ${(Math.max(0, Math.min(...planned) - Date.now()) / 1000).toFixed(1)} s`;
    return new ConnectionClosedError(this.address, `no connection is open: ${lastError.message}${next}`);
  }

  /** The next connection that has room, in turn. */
  #pick(): ClientConnection | undefined {
    const { slots } = this;
    for (let i = 0; i < slots.length; i++) {
      const index = this.#turn;
      this.#turn = index + 1 === slots.length ? 0 : index + 1;
      const { connection } = slots[index]!;
      if (connection?.available) return connection;
    }
    for (const { connection } of slots) connection?.awaitRoom();
    return undefined;
  }

  /** Gives waiting calls to connections that have room. */
  #pump(): void {
    // Settling a call may make room, which leads here again.
    if (this.#pumping || this.#waiting.size === 0) return;
    this.#pumping = true;
    for (const call of this.#waiting) {
      const connection = this.#pick();
      if (connection === undefined) break;
      this.#waiting.delete(call);
      connection.take(call);
    }
    this.#pumping = false;
  }

  #attemptFailed(slot: ConnectionSlot, error: Error, fresh: boolean): boolean {
    if (!fresh) return true;
    this.#failedFirst.add(slot);
    if (this.#options.onDemand) {
      this.#failWaiting(error);
      return false;
    }
    if (this.#failedFirst.size === this.slots.length) this.#started.reject(error);
    this.#giveUpIfDown();
    return true;
  }

  /** Calls that are not to wait for a connection to come back do not. */
  #giveUpIfDown(): void {
    if (this.#runtime.settings.waitWhileDown || this.#waiting.size === 0) return;
    if (this.#hopes() === "reconnecting") this.#failWaiting(this.#downError());
  }

  /** A slot will do nothing by itself. */
  #slotStopped(): void {
    if (this.#closed || this.slots.some((slot) => slot.running)) return;
    if (!this.#options.onDemand) {
      this.#failWaiting(this.#downError());
    } else if (this.#waiting.size > 0) {
      for (const slot of this.slots) slot.start();
    } else this.#options.dormant?.();
  }

  #failWaiting(error: Error): void {
    for (const call of [...this.#waiting]) call.fail(error);
  }

  /** Ends the calls whose time is up; returns when the next one's is. */
  #sweep(now: number): number {
    let next = Infinity;
    const judge = (call: Call, message: () => string) => {
      if (call.deadline > now) {
        next = Math.min(next, call.deadline);
        return;
      }
      this.timeouts++;
      call.fail(timeoutError(message()));
    };
    const stuck = () => `Cannot send to ${this.address} in time: ${this.#whyWaiting()}`;
    const unanswered = () => `No answer from ${this.address} in time`;
    for (const call of [...this.#waiting]) judge(call, stuck);
    for (const { connection } of this.slots) {
      for (const call of connection?.calls() ?? []) judge(call, unanswered);
    }
    this.#pump();
    return next;
  }

  #whyWaiting(): string {
    if (this.slots.some(({ connection }) => connection?.usable)) {
      return "the peer reads, or answers, slower than this client sends";
    }
    const { lastError } = this;
    return lastError === undefined ? "no connection came up" : `no connection is open: ${lastError.message}`;
  }
}
