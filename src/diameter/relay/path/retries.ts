/**
 * A transaction's further attempts: after silence, after a lost or suspect connection, after an error answer (RFC 6733 section 5.5.4, RFC 3539 section 3.4.1).
 * @module
 */
import type { Block } from "../../../net/block.ts";
import type { Budget } from "../../../net/budget.ts";
import { FLAG, OFFSET } from "../../wire/header.ts";
import { RESULT } from "../../wire/result_codes.ts";
import { count } from "../core/counters.ts";
import type { DraLink } from "../dras/link.ts";
import type { DraPool } from "../dras/pool.ts";
import { messageRecord, resultCodeOf } from "./record.ts";
import type { Refusals } from "./refusals.ts";
import type { RelayPeer } from "../core/relay_peer.ts";
import type { RelayRuntime } from "../core/runtime.ts";
import { writeAgain } from "./writer.ts";
import { RequestChecks } from "./checks.ts";
import { ENDED, ticksFor, type TransactionTable } from "../core/transactions.ts";

/** Why a request is sent again; the `reason` label of the retransmission counter. */
export type RetryCause = "timeout" | "suspect" | "lost" | "error_answer";

/** One place where a transaction waits. */
interface Attempt {
  readonly link: DraLink;
  readonly slot: number;
}

/** A transaction with more than one attempt; all of its open attempts point here. */
export class Attempts {
  /** Names of the DRAs that were asked, the current one included. */
  readonly tried: string[] = [];
  /** Those that may still be answered, the current one last. */
  open: Attempt[] = [];
  /** How often it was sent, and how many of those were answered with an error. */
  sent = 1;
  answered = 0;
  #lastError: Uint8Array | undefined;
  #keptIn: Budget | undefined;

  /** The last error answer, as it came. */
  get lastError(): Uint8Array | undefined {
    return this.#lastError;
  }

  /** Keeps an error answer, instead of an earlier one, at the expense of `budget`. */
  keep(error: Uint8Array, budget: Budget): void {
    this.forgetError();
    this.#lastError = error;
    this.#keptIn = budget;
    budget.add(error.length);
  }

  /** Nobody needs the error answer any more. */
  forgetError(): void {
    if (this.#lastError !== undefined) this.#keptIn!.add(-this.#lastError.length);
    this.#lastError = undefined;
  }

  /** @param wasRetransmitted T was set when the request came */
  constructor(readonly wasRetransmitted: boolean) {}
}

/** Milliseconds after which candidates that were full are asked again. */
const ROOM_AGAIN = 250;

/** Decides on, and sends, further attempts. */
export class Retries {
  readonly #runtime: RelayRuntime;
  readonly #pool: DraPool;
  readonly #refusals: Refusals;
  readonly #checks: RequestChecks;
  /** Set when a request that was to be sent again found only candidates that are full. */
  #noRoom = false;

  constructor(runtime: RelayRuntime, pool: DraPool, refusals: Refusals) {
    this.#runtime = runtime;
    this.#pool = pool;
    this.#refusals = refusals;
    this.#checks = new RequestChecks({ originHost: runtime.options.originHost, relay: false, strictPBit: false });
  }

  /** The deadline of an attempt came: silence so far, or the end of the transaction's life. */
  expired(link: DraLink, slot: number): void {
    const { table } = link;
    const requester = this.#requesterOf(table, slot);
    if (requester === undefined) return this.forget(link, slot, ENDED.expired);
    this.#noRoom = false;
    if (this.#isAlive(table, slot)) {
      const attempts = link.retried.get(slot);
      if (attempts === undefined || attempts.open.at(-1)?.slot === slot && attempts.open.at(-1)?.link === link) {
        this.#sendAgain(link, slot, "timeout");
      }
      // Its late answer still counts; without another candidate this attempt simply goes on.
      if (table.wheel.isArmed(slot)) return;
      if (this.#noRoom) table.wheel.arm(slot, this.#within(table, slot, ROOM_AGAIN));
      else table.wheel.arm(slot, table.deadlineOf(slot));
      return;
    }
    const attempts = link.retried.get(slot);
    if (attempts?.lastError !== undefined) return this.#passOn(requester, link, slot, attempts.lastError);
    const { options, counters } = this.#runtime;
    const sent = attempts?.sent ?? 1;
    this.#refusals.refusePending(requester, table, slot, {
      resultCode: options.timeoutResultCode,
      message: `timeout after ${options.requestTimeout} ms, ${sent} ${sent === 1 ? "attempt" : "attempts"}`,
      reason: "timeout",
    });
    requester.inFlight--;
    counters.expired++;
    this.forget(link, slot, ENDED.expired);
  }

  /** The DRA stopped answering its watchdog: ask another one, and keep listening to this one. */
  suspect(link: DraLink): void {
    let moved = 0;
    for (const slot of link.table.pending()) {
      if (this.#requesterOf(link.table, slot) === undefined || !this.#isCurrent(link, slot)) continue;
      if (this.#sendAgain(link, slot, "suspect")) {
        moved++;
        if (link.table.wheel.isArmed(slot)) link.table.wheel.cancel(slot);
        link.table.wheel.arm(slot, link.table.deadlineOf(slot));
      }
    }
    if (moved > 0) this.#runtime.emit({ kind: "resent", dra: link.dra.name, count: moved, reason: "suspect" });
  }

  /** The connection is gone: what waited there goes elsewhere or is answered. */
  lost(link: DraLink): void {
    let moved = 0;
    for (const slot of link.table.pending()) {
      const requester = this.#requesterOf(link.table, slot);
      if (requester === undefined) {
        this.forget(link, slot, ENDED.expired);
        continue;
      }
      if (!this.#isCurrent(link, slot)) {
        this.#drop(link, slot);
        continue;
      }
      if (this.#sendAgain(link, slot, "lost")) {
        moved++;
        this.#drop(link, slot);
        continue;
      }
      const attempts = link.retried.get(slot);
      if (attempts !== undefined && attempts.open.length > 1) {
        this.#drop(link, slot);
        continue;
      }
      if (attempts?.lastError !== undefined) {
        this.#passOn(requester, link, slot, attempts.lastError);
        continue;
      }
      this.#runtime.counters.rejected++;
      requester.inFlight--;
      this.#refusals.refusePending(requester, link.table, slot, {
        resultCode: RESULT.unableToDeliver,
        message: `the connection to ${link.dra.name} was lost and the request could not be sent again`,
        reason: "connection_lost",
      });
      this.forget(link, slot, ENDED.expired);
    }
    if (moved > 0) this.#runtime.emit({ kind: "resent", dra: link.dra.name, count: moved, reason: "lost" });
  }

  /**
   * An answer with the E bit came.
   * @returns whether it is dealt with; else it is delivered like any other
   */
  takeErrorAnswer(link: DraLink, slot: number, block: Block, at: number, length: number): boolean {
    const code = resultCodeOf(block.bytes, at, at + length);
    if (code === undefined || !this.#runtime.options.retryResultCodes.includes(code)) return false;
    const attempts = link.retried.get(slot);
    if (attempts !== undefined && !this.#isCurrent(link, slot)) {
      // Another DRA is being asked: remember it, in case nothing better comes.
      attempts.answered++;
      if (!link.errors.exhausted) attempts.keep(block.bytes.slice(at, at + length), link.errors);
      this.#drop(link, slot, ENDED.answered);
      return true;
    }
    // One that cannot be kept is passed on at once: what would there be to say if nothing better
    // came?
    if (link.errors.exhausted || !this.#sendAgain(link, slot, "error_answer")) return false;
    link.retried.get(slot)!.keep(block.bytes.slice(at, at + length), link.errors);
    this.#drop(link, slot, ENDED.answered);
    return true;
  }

  /** Ends a transaction: all its attempts are closed. */
  forget(link: DraLink, slot: number, ended: number): void {
    const attempts = link.retried.get(slot);
    if (attempts === undefined) return link.table.close(slot, ended);
    for (const attempt of attempts.open) {
      attempt.link.retried.delete(attempt.slot);
      attempt.link.table.close(attempt.slot, ended);
    }
    attempts.open = [];
    attempts.forgetError();
  }

  /** Closes one attempt, while others go on. */
  #drop(link: DraLink, slot: number, ended: number = ENDED.expired): void {
    const attempts = link.retried.get(slot);
    if (attempts !== undefined) {
      attempts.open = attempts.open.filter((attempt) => attempt.link !== link || attempt.slot !== slot);
      link.retried.delete(slot);
    }
    link.table.close(slot, ended);
  }

  /** Answers with an error answer that a DRA gave before. */
  #passOn(requester: RelayPeer, link: DraLink, slot: number, answer: Uint8Array): void {
    const { counters, observer } = this.#runtime;
    const hopByHop = link.table.hopByHopOf(slot);
    const out = requester.peer.out;
    const segment = out.reserve(answer.length);
    const to = segment.head;
    segment.bytes.set(answer, to);
    segment.view.setUint32(to + OFFSET.hopByHop, hopByHop);
    if (this.#runtime.options.mode === "relay") {
      segment.bytes[to + OFFSET.flags]! &= ~(FLAG.retransmitted | FLAG.reserved);
    }
    out.commit(answer.length);
    requester.inFlight--;
    requester.messagesSent++;
    counters.toApp++;
    counters.completed++;
    const now = Math.floor(this.#runtime.clock.now() * 1000) | 0;
    counters.latencySum += (now - link.table.startedOf(slot)) >>> 0;
    const id = link.table.idOf(slot);
    this.forget(link, slot, ENDED.answered);
    observer?.(messageRecord("answer", answer, 0, answer.length, "", requester.originHost, hopByHop, id));
  }

  /**
   * Sends the request of `slot` to the next candidate, if there is one and it may be.
   * The caller closes, keeps or re-arms the attempt that it had so far.
   */
  #sendAgain(link: DraLink, slot: number, cause: RetryCause): boolean {
    const target = this.#next(link, slot, cause);
    if (target === undefined) return false;
    const { table } = link;
    let attempts = link.retried.get(slot);
    if (attempts === undefined) {
      const flags = table.segmentOf(slot).bytes[table.offsetOf(slot) + OFFSET.flags]!;
      attempts = new Attempts((flags & FLAG.retransmitted) !== 0);
      attempts.tried.push(link.dra.name);
      attempts.open.push({ link, slot });
      link.retried.set(slot, attempts);
      table.setRetried(slot);
    }
    if (cause === "error_answer") attempts.answered++;
    const unanswered = attempts.sent > attempts.answered;
    const relayPeer = target.relayPeer!;
    const next = writeAgain(table, slot, relayPeer.peer.out, target.table, attempts.wasRetransmitted || unanswered);
    attempts.sent++;
    if (!attempts.tried.includes(target.dra.name)) attempts.tried.push(target.dra.name);
    attempts.open.push({ link: target, slot: next });
    target.retried.set(next, attempts);
    target.table.setRetried(next);
    const { options, counters } = this.#runtime;
    target.table.wheel.arm(next, this.#within(table, slot, options.answerTimeout));
    relayPeer.messagesSent++;
    counters.toDra++;
    target.dra.counters.messagesSent++;
    count(counters.retransmissions, `${target.dra.name} ${cause}`);
    return true;
  }

  /** Where the request of `slot` may go next. */
  #next(link: DraLink, slot: number, cause: RetryCause): DraLink | undefined {
    const { options } = this.#runtime;
    const { table } = link;
    const segment = table.segmentOf(slot);
    const at = table.offsetOf(slot);
    const end = at + (segment.view.getUint32(at) & 0xffffff);
    const word = segment.view.getUint32(at + 4);
    if (options.neverRetry.includes(word & 0xffffff) || !this.#isAlive(table, slot)) return undefined;
    const attempts = link.retried.get(slot);
    const tried = attempts?.tried ?? [link.dra.name];
    const application = segment.view.getUint32(at + OFFSET.application);
    this.#checks.avps.scan(segment.view, at, end);
    const destinationHost = this.#checks.destinationHost(segment);
    // A lost connection is not the DRA's word: its other connections may be asked.
    if (cause === "lost") {
      const sibling = link.dra.usable ? link.dra.pickLink(true, 0) : undefined;
      if (sibling !== undefined) return sibling;
    }
    // Named by Destination-Host: nobody else can answer.
    if (destinationHost !== "" && destinationHost === link.dra.originHost) return undefined;
    if (tried.length >= options.maxAttempts) return undefined;
    const plan = this.#pool.routeFor({
      application,
      destinationHost,
      routeRecords: this.#checks.routeRecords(segment, end),
      tried,
    });
    const target = this.#pool.pick(plan, true);
    this.#noRoom = target === undefined && this.#pool.failure === "full";
    return target;
  }

  #isCurrent(link: DraLink, slot: number): boolean {
    const attempts = link.retried.get(slot);
    if (attempts === undefined) return true;
    const current = attempts.open.at(-1);
    return current?.link === link && current.slot === slot;
  }

  #requesterOf(table: TransactionTable, slot: number): RelayPeer | undefined {
    return this.#runtime.connections.get(table.requesterOf(slot));
  }

  /** Whether the transaction's life goes on. */
  #isAlive(table: TransactionTable, slot: number): boolean {
    return ((table.deadlineOf(slot) - this.#runtime.tick()) | 0) > 0;
  }

  /** The tick in so many milliseconds, or that at which the transaction's life ends. */
  #within(table: TransactionTable, slot: number, milliseconds: number): number {
    const due = this.#runtime.tick() + ticksFor(milliseconds);
    const deadline = table.deadlineOf(slot);
    return ((deadline - due) | 0) < 0 ? deadline : due;
  }
}
