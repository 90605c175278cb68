/**
 * The ring of recent transactions, as the message path writes it.
 * Must not know what the messages mean: whoever relays them says what is to be shown.
 * @module
 */
import { EntryLog, UNIT } from "./entry_log.ts";
import { ATTEMPT, KIND, MESSAGE, RECORD } from "./layout.ts";
import type { ConnectionFacts, Piece, TracedConnection, TracedRequest, TraceOptions } from "./record.ts";
import { Sampler } from "./sampler.ts";
import { TracedConnections } from "./traced_connections.ts";
import { Words } from "./words.ts";

/** Bytes of a session id that are kept. */
const SESSION_LIMIT = 1024;
/** Copied byte by byte up to here: a call to `set` would need an object for the part. */
const LOOP_LIMIT = 512;
/** Milliseconds that the two clocks may differ, before the wall clock is believed alone. */
const CLOCK_TOLERANCE = 1_000;

/**
 * Records transactions in one piece of memory, the oldest overwritten. Makes no object for a
 * transaction or a message. {@link begun} gives a handle, 0 when the request is not recorded; the
 * other calls do nothing for that one, nor for one that is overwritten.
 */
export class TraceRing {
  /** Bytes that it takes. */
  readonly size: number;
  readonly log: EntryLog;
  readonly words = new Words();
  readonly connections: TracedConnections;
  /** Place of the newest transaction. */
  newest = 0;
  readonly #sampler: Sampler;
  readonly #bodies: boolean;
  readonly #wall: () => number;
  #serial = 0;
  /** One moment by both clocks. */
  #anchorWall = 0;
  #anchorNow = 0;

  /** @param wall milliseconds since 1970 */
  constructor(options: TraceOptions, wall: () => number = Date.now) {
    this.log = new EntryLog(options.maxBytes);
    this.size = this.log.bytes.length;
    this.connections = new TracedConnections(this.log);
    this.#sampler = new Sampler(options.sample);
    this.#bodies = options.bodies;
    this.#wall = wall;
  }

  /** A connection is open. Keep what it gives, for the calls below. */
  opened(facts: ConnectionFacts): TracedConnection {
    return this.connections.open(facts);
  }

  /** A connection has ended. */
  closed(connection: TracedConnection): void {
    this.connections.close(connection);
  }

  /**
   * A number for a text of configuration or code: a route, a pool, an outcome, a reason. Ask once.
   */
  word(text: string): number {
    return this.words.of(text);
  }

  /**
   * A request came. @returns the handle of its transaction, above 0, or 0 when it is not recorded
   */
  begun(request: TracedRequest): number {
    if (!this.#sampler.take(request.now)) return 0;
    const { log } = this;
    const { words } = log;
    const sessionLength = Math.min(
      request.sessionStart < 0 ? 0 : request.sessionEnd - request.sessionStart,
      SESSION_LIMIT,
    );
    const place = log.append(EntryLog.unitsFor(RECORD.size * 4 + sessionLength));
    if (place === 0) return 0;
    const at = log.wordAt(place);
    words[at + RECORD.previous] = this.newest;
    words[at + RECORD.last] = 0;
    log.doubles[(at + RECORD.at) >> 1] = this.#wallOf(request.now);
    words[at + RECORD.now] = request.now;
    words[at + RECORD.requester] = request.connection.id;
    words[at + RECORD.target] = 0;
    words[at + RECORD.application] = request.application;
    words[at + RECORD.command] = request.command;
    words[at + RECORD.hopByHop] = request.hopByHop;
    words[at + RECORD.targetHopByHop] = 0;
    words[at + RECORD.endToEnd] = request.endToEnd;
    words[at + RECORD.route] = 0;
    words[at + RECORD.pool] = 0;
    words[at + RECORD.resultCode] = 0;
    words[at + RECORD.duration] = 0;
    words[at + RECORD.reason] = 0;
    words[at + RECORD.ended] = 0;
    words[at + RECORD.serial] = this.#serial = (this.#serial + 1) | 0;
    log.singles[at + RECORD.oneIn] = this.#sampler.oneIn;
    words[at + RECORD.lastAttempt] = 0;
    words[at + RECORD.sessionLength] = sessionLength;
    this.#copy(request.bytes, request.sessionStart, sessionLength, (at + RECORD.size) * 4);
    this.#mark(request.connection, place);
    this.newest = place;
    this.received(place, request.connection, request.now, request);
    return place;
  }

  /** Where it is to go was decided. @param route, pool numbers of {@link word}; 0 for none */
  routed(handle: number, route: number, pool: number): void {
    if (!this.log.has(handle)) return;
    const at = this.log.wordAt(handle);
    this.log.words[at + RECORD.route] = route;
    this.log.words[at + RECORD.pool] = pool;
  }

  /** The request leaves for a connection, under that hop-by-hop id. */
  attempt(handle: number, target: TracedConnection, hopByHop: number, now: number): void {
    const place = this.#entry(handle, ATTEMPT.size * 4, KIND.attempt, target, now);
    if (place === 0) return;
    const { words } = this.log;
    words[this.log.wordAt(place) + ATTEMPT.outcome] = 0;
    const at = this.log.wordAt(handle);
    words[at + RECORD.lastAttempt] = place;
    words[at + RECORD.target] = target.id;
    words[at + RECORD.targetHopByHop] = hopByHop;
  }

  /** How the latest attempt ended. @param outcome number of a {@link word} */
  outcome(handle: number, outcome: number): void {
    if (!this.log.has(handle)) return;
    const { words } = this.log;
    const attempt = words[this.log.wordAt(handle) + RECORD.lastAttempt]!;
    if (attempt !== 0) words[this.log.wordAt(attempt) + ATTEMPT.outcome] = outcome;
  }

  /** A message of it came in; {@link begun} has copied the request itself. */
  received(handle: number, connection: TracedConnection, now: number, piece: Piece): void {
    this.#message(handle, KIND.received, connection, now, piece);
  }

  /** A message of it goes out. */
  sent(handle: number, connection: TracedConnection, now: number, piece: Piece): void {
    this.#message(handle, KIND.sent, connection, now, piece);
  }

  /**
   * The requester has its answer, or will never have one.
   * @param resultCode 0 without one @param reason number of a {@link word}; 0 for the other side's
   *   answer
   */
  ended(handle: number, now: number, resultCode: number, reason: number): void {
    if (!this.log.has(handle)) return;
    const { words } = this.log;
    const at = this.log.wordAt(handle);
    words[at + RECORD.resultCode] = resultCode;
    words[at + RECORD.duration] = now - words[at + RECORD.now]!;
    words[at + RECORD.reason] = reason;
    words[at + RECORD.ended] = 1;
  }

  #message(handle: number, kind: number, connection: TracedConnection, now: number, piece: Piece): void {
    if (!this.#bodies) return;
    const length = piece.end - piece.at;
    const place = this.#entry(handle, MESSAGE.size * 4 + length, kind, connection, now);
    if (place === 0) return;
    const at = this.log.wordAt(place);
    this.log.words[at + MESSAGE.length] = length;
    this.#copy(piece.bytes, piece.at, length, (at + MESSAGE.size) * 4);
  }

  /**
   * Room for a later entry of a transaction, linked to it; 0 when the transaction is gone, also
   * because of this entry.
   */
  #entry(handle: number, bytes: number, kind: number, connection: TracedConnection, now: number): number {
    const { log } = this;
    if (!log.has(handle)) return 0;
    const place = log.append(EntryLog.unitsFor(bytes));
    if (place === 0 || !log.has(handle)) return 0;
    const { words } = log;
    const record = log.wordAt(handle);
    const at = log.wordAt(place);
    words[at + MESSAGE.kind] = kind;
    words[at + MESSAGE.previous] = words[record + RECORD.last]!;
    words[at + MESSAGE.now] = now;
    words[at + MESSAGE.connection] = connection.id;
    words[record + RECORD.last] = place;
    this.#mark(connection, place);
    return place;
  }

  #mark(connection: TracedConnection, place: number): void {
    connection.lastPlace = place;
  }

  #copy(from: Uint8Array, at: number, length: number, to: number): void {
    const { bytes } = this.log;
    if (length > LOOP_LIMIT) return bytes.set(from.subarray(at, at + length), to);
    for (let i = 0; i < length; i++) bytes[to + i] = from[at + i]!;
  }

  /**
   * Milliseconds since 1970, with fractions that keep the order; the clock in `now` alone is
   * ambiguous after an hour.
   */
  #wallOf(now: number): number {
    const wall = this.#wall();
    const reckoned = this.#anchorWall + ((now - this.#anchorNow) >>> 0) / 1000;
    if (Math.abs(reckoned - wall) < CLOCK_TOLERANCE) return reckoned;
    this.#anchorWall = wall;
    this.#anchorNow = now;
    return wall;
  }
}

/** The ring, or undefined when it is switched off: then nothing is to be called. */
export function createTraceRing(options: TraceOptions): TraceRing | undefined {
  return options.maxBytes < UNIT || options.sample === 0 ? undefined : new TraceRing(options);
}
