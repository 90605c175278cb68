/**
 * The ring of recent transactions, as the message path writes it.
 * Must not know what the messages mean: whoever relays them says what is to be shown.
 * @module
 */
import { copyWords } from "../../net/block.ts";
import { EntryLog, UNIT } from "./entry_log.ts";
import { ATTEMPT, ENTRY, KIND, MESSAGE, RECORD } from "./layout.ts";
import type { Choice, ConnectionFacts, Piece, TracedConnection, TracedRequest, TraceOptions } from "./record.ts";
import { Remarks } from "./remarks.ts";
import { Sampler } from "./sampler.ts";
import { TracedConnections } from "./traced_connections.ts";
import { Words } from "./words.ts";

/** Bytes of a session id that are kept. */
const SESSION_LIMIT = 1024;
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
  readonly remarks = new Remarks();
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
    this.size = this.log.block.size;
    this.connections = new TracedConnections(this.log);
    this.#sampler = new Sampler(options.sample);
    this.#bodies = options.bodies;
    this.#wall = wall;
  }

  /** Records no more requests: nobody is going to look. */
  stop(): void {
    this.#sampler.stop();
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
   * So many requests behind the last one are not recorded, and need not be told of if they come
   * within a tenth of a second.
   */
  get idle(): number {
    return this.#sampler.idle;
  }

  /**
   * A number for a text of configuration or code: a route, a pool, an outcome, a reason. Ask once.
   */
  word(text: string): number {
    return this.words.of(text);
  }

  /**
   * A request came.
   * @param passed requests before it that were not told of, see {@link idle}
   * @returns the handle of its transaction, above 0, or 0 when it is not recorded
   */
  begun(request: TracedRequest, passed = 0): number {
    if (!this.#sampler.take(request.now, passed)) return 0;
    const { log } = this;
    const { words } = log;
    const sessionLength = Math.min(
      request.sessionStart < 0 ? 0 : request.sessionEnd - request.sessionStart,
      SESSION_LIMIT,
    );
    const place = log.append(KIND.record, RECORD.size * 4 + sessionLength);
    if (place === 0) return 0;
    const at = log.wordAt(place);
    words[at + RECORD.previous] = this.newest;
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
    words[at + RECORD.choice] = 0;
    words[at + RECORD.explanation] = 0;
    words[at + RECORD.ended] = 0;
    words[at + RECORD.serial] = this.#serial = (this.#serial + 1) | 0;
    log.singles[at + RECORD.oneIn] = this.#sampler.oneIn;
    words[at + RECORD.lastAttempt] = 0;
    words[at + RECORD.sessionLength] = sessionLength;
    const from = request.block.bytes;
    const to = log.block.bytes;
    const shift = (at + RECORD.size) * 4 - request.sessionStart;
    // Short, and a part of its own would be an object.
    for (let i = request.sessionStart, end = i + sessionLength; i < end; i++) to[i + shift] = from[i]!;
    request.connection.lastPlace = place;
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

  /** Why it goes where it goes, or nowhere. The same object for the same decision costs least. */
  chosen(handle: number, choice: Choice): void {
    if (!this.log.has(handle)) return;
    this.log.words[this.log.wordAt(handle) + RECORD.choice] = this.remarks.of(choice);
  }

  /** What this node's own answer says, for people. */
  explained(handle: number, sentence: string): void {
    if (!this.log.has(handle)) return;
    this.log.words[this.log.wordAt(handle) + RECORD.explanation] = this.remarks.of(sentence);
  }

  /** The request leaves for a connection, under that hop-by-hop id. */
  attempt(handle: number, target: TracedConnection, hopByHop: number, now: number): void {
    const place = this.#entry(handle, KIND.attempt, ATTEMPT.size * 4, target, now);
    if (place === 0) return;
    const { words } = this.log;
    const record = this.log.wordAt(handle);
    const at = this.log.wordAt(place);
    words[at + ATTEMPT.previous] = words[record + RECORD.lastAttempt]!;
    words[at + ATTEMPT.outcome] = 0;
    words[record + RECORD.lastAttempt] = place;
    words[record + RECORD.target] = target.id;
    words[record + RECORD.targetHopByHop] = hopByHop;
  }

  /**
   * How the latest attempt ended.
   * @param outcome number of a {@link word}
   * @param target of those that went there, the latest
   */
  outcome(handle: number, outcome: number, target?: TracedConnection): void {
    if (!this.log.has(handle)) return;
    const { log } = this;
    const { words } = log;
    let attempt = words[log.wordAt(handle) + RECORD.lastAttempt]!;
    while (attempt !== 0 && target !== undefined && words[log.wordAt(attempt) + ATTEMPT.connection] !== target.id) {
      attempt = words[log.wordAt(attempt) + ATTEMPT.previous]!;
    }
    if (attempt !== 0) words[log.wordAt(attempt) + ATTEMPT.outcome] = outcome;
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
    const { block, at, end } = piece;
    const length = end - at;
    const place = this.#entry(handle, kind, MESSAGE.size * 4 + length, connection, now);
    if (place === 0) return;
    const { log } = this;
    const word = log.wordAt(place);
    log.words[word + MESSAGE.length] = length;
    const to = (word + MESSAGE.size) * 4;
    if ((at & 3) === 0) copyWords(block, at, length, log.block, to);
    else log.block.bytes.set(block.bytes.subarray(at, end), to);
  }

  /**
   * Room for a later entry of a transaction; 0 when the transaction is gone, also because of this
   * entry.
   */
  #entry(handle: number, kind: number, bytes: number, connection: TracedConnection, now: number): number {
    const { log } = this;
    if (!log.has(handle)) return 0;
    const place = log.append(kind, bytes);
    if (place === 0) return 0;
    const at = log.wordAt(place);
    log.words[at + ENTRY.record] = handle;
    log.words[at + ENTRY.now] = now;
    log.words[at + ENTRY.connection] = connection.id;
    connection.lastPlace = place;
    return log.has(handle) ? place : 0;
  }

  /**
   * Milliseconds since 1970, with fractions that keep the order; the clock in `now` alone is
   * ambiguous after half an hour. A request that waited may be older than what came before it.
   */
  #wallOf(now: number): number {
    const wall = this.#wall();
    const reckoned = this.#anchorWall + ((now - this.#anchorNow) | 0) / 1000;
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
