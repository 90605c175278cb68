/**
 * A transaction's further attempts: after silence, after a lost or suspect connection, after an
 * error answer (RFC 6733 section 5.5.4, RFC 3539 section 3.4.1).
 * @module
 */
import { asciiOf, AvpLengthError, avpsOf } from "../../wire/avp.ts";
import { AVP } from "../../wire/avp_codes.ts";
import { FLAG, HEADER_LENGTH, OFFSET, viewOf } from "../../wire/header.ts";
import { RESULT } from "../../wire/result_codes.ts";
import { resultCodeIn } from "../../wire/result_code_in.ts";
import { type AttemptPlace, Attempts } from "../core/attempts.ts";
import { Incoming } from "../core/incoming.ts";
import type { RetryCause } from "../core/meters.ts";
import type { Refusal } from "../core/refusal.ts";
import type { Place, RelayPeer } from "../core/relay_peer.ts";
import type { RelayRuntime } from "../core/runtime.ts";
import type { TransactionOptions } from "../core/transaction_route.ts";
import { ENDED, ticksFor, type TransactionTable } from "../core/transactions.ts";
import type { DraPool, NoLink } from "../dras/pool.ts";
import type { PolicyHolder } from "../policy/policy.ts";
import type { Duplicates } from "./duplicates.ts";
import { messageRecord } from "./record.ts";
import type { Refusals } from "./refusals.ts";
import type { Tracing } from "./tracing.ts";
import { writeAgain } from "./writer.ts";

/** Milliseconds after which candidates that were full are asked again. */
const ROOM_AGAIN = 250;

/** Decides on, and sends, further attempts. */
export class Retries {
  readonly #runtime: RelayRuntime;
  readonly #pool: DraPool;
  readonly #policies: Pick<PolicyHolder, "keys">;
  readonly #duplicates: Duplicates;
  readonly #refusals: Refusals;
  readonly #tracing: Tracing | undefined;
  /** A request as a table retains it. */
  readonly #retained = new Incoming();

  constructor(
    runtime: RelayRuntime,
    pool: DraPool,
    policies: Pick<PolicyHolder, "keys">,
    duplicates: Duplicates,
    refusals: Refusals,
    tracing?: Tracing,
  ) {
    this.#policies = policies;
    this.#duplicates = duplicates;
    this.#runtime = runtime;
    this.#pool = pool;
    this.#refusals = refusals;
    this.#tracing = tracing;
  }

  /** The deadline of an attempt came: silence so far, or the end of the transaction's life. */
  expired(link: Place, slot: number): void {
    const { table } = link;
    const attempts = link.retried.get(slot);
    // A further attempt at the end of its transaction's life may not have had its time.
    if (link.dra.breaker !== undefined && (attempts === undefined || this.#isAlive(table, slot))) {
      link.dra.breaker.silent(table, slot);
    }
    const requester = this.#requesterOf(table, slot);
    if (requester === undefined) return this.abandon(link, slot);
    if (this.#isAlive(table, slot)) {
      const said = this.#isCurrent(link, slot) ? this.#sendAgain(link, slot, "timeout") : "none";
      // Its late answer still counts; without another candidate this attempt simply goes on.
      if (table.wheel.isArmed(slot)) return;
      table.wheel.arm(slot, said === "full" ? this.#within(table, slot, ROOM_AGAIN) : table.deadlineOf(slot));
      return;
    }
    if (attempts?.lastError !== undefined) {
      return this.#passOn(requester, link, slot, attempts.lastError, "timeout");
    }
    const options = this.#optionsOf(table, slot);
    const sent = attempts?.sent ?? 1;
    const refusal: Refusal = {
      resultCode: options.timeoutResultCode,
      message: `timeout after ${options.requestTimeout} ms, ${sent} ${sent === 1 ? "attempt" : "attempts"}`,
      reason: "timeout",
    };
    this.#refusals.end(requester, table, slot, refusal, "expired");
    this.forget(link, slot, ENDED.expired);
  }

  /** The DRA stopped answering its watchdog: ask another one, and keep listening to this one. */
  suspect(link: Place): void {
    let moved = 0;
    for (const slot of link.table.pending()) {
      if (this.#requesterOf(link.table, slot) === undefined || !this.#isCurrent(link, slot)) continue;
      if (this.#sendAgain(link, slot, "suspect") === "sent") {
        moved++;
        if (link.table.wheel.isArmed(slot)) link.table.wheel.cancel(slot);
        link.table.wheel.arm(slot, link.table.deadlineOf(slot));
      }
    }
    if (moved > 0) this.#runtime.emit({ kind: "resent", dra: link.dra.name, count: moved, reason: "suspect" });
  }

  /** The connection is gone: what waited there goes elsewhere or is answered. */
  lost(link: Place): void {
    let moved = 0;
    for (const slot of link.table.pending()) {
      const requester = this.#requesterOf(link.table, slot);
      if (requester === undefined) {
        this.abandon(link, slot);
        continue;
      }
      if (!this.#isCurrent(link, slot)) {
        this.#drop(link, slot);
        continue;
      }
      if (this.#sendAgain(link, slot, "lost") === "sent") {
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
        this.#passOn(requester, link, slot, attempts.lastError, "lost");
        continue;
      }
      const refusal: Refusal = {
        resultCode: RESULT.unableToDeliver,
        message: `the connection to ${link.dra.name} was lost and the request could not be sent again`,
        reason: "connection_lost",
      };
      this.#refusals.end(requester, link.table, slot, refusal, "rejected");
      this.forget(link, slot, ENDED.expired);
    }
    if (moved > 0) this.#runtime.emit({ kind: "resent", dra: link.dra.name, count: moved, reason: "lost" });
  }

  /**
   * An answer with the E bit came.
   * @returns whether it is dealt with; else it is delivered like any other
   */
  takeErrorAnswer(link: Place, slot: number, answer: Incoming): boolean {
    const code = resultCodeIn(answer.block.view, answer.at, answer.end);
    const redirected = code === RESULT.redirectIndication && this.#runtime.options.routing.followRedirects;
    if (!redirected && !this.#optionsOf(link.table, slot).retryResultCodes.includes(code)) return false;
    const attempts = link.retried.get(slot);
    if (attempts !== undefined && !this.#isCurrent(link, slot)) {
      // Another DRA is being asked: remember it, in case nothing better comes.
      attempts.answered++;
      if (!link.errors.exhausted) attempts.keep(answer.slice(), link.errors);
      this.#tracing?.erred(link.table, slot, answer);
      this.#drop(link, slot, ENDED.answered);
      return true;
    }
    // One that cannot be kept is passed on at once: what would there be to say if nothing better
    // came?
    if (link.errors.exhausted || this.#sendAgain(link, slot, "error_answer", answer, redirected) !== "sent") {
      return false;
    }
    link.retried.get(slot)!.keep(answer.slice(), link.errors);
    this.#drop(link, slot, ENDED.answered);
    return true;
  }

  /** Ends a transaction whose requester has left. */
  abandon(link: AttemptPlace, slot: number): void {
    this.#tracing?.abandoned(link.table, slot);
    if (this.#duplicates.isOn) this.#duplicates.abandoned(link.table, slot);
    this.forget(link, slot, ENDED.expired);
  }

  /** Ends a transaction: all its attempts are closed. */
  forget(link: AttemptPlace, slot: number, ended: number): void {
    const attempts = link.retried.get(slot);
    if (attempts === undefined) return link.table.close(slot, ended);
    for (const attempt of attempts.open) {
      attempt.place.retried.delete(attempt.slot);
      attempt.place.table.close(attempt.slot, ended);
    }
    attempts.open = [];
    attempts.forgetError();
  }

  /** Closes one attempt, while others go on. */
  #drop(link: Place, slot: number, ended: number = ENDED.expired): void {
    const attempts = link.retried.get(slot);
    if (attempts !== undefined) {
      attempts.drop(link, slot);
      link.retried.delete(slot);
    }
    link.table.close(slot, ended);
  }

  /** Answers with an error answer that a DRA gave before. */
  #passOn(requester: RelayPeer, link: Place, slot: number, answer: Uint8Array, how: "timeout" | "lost"): void {
    const { ledger, meters, observer } = this.#runtime;
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
    ledger.ended(requester, "completed");
    requester.messagesSent++;
    meters.toApp++;
    const now = Math.floor(this.#runtime.clock.now() * 1000) | 0;
    const duration = (now - link.table.startedOf(slot)) >>> 0;
    meters.latencySum += duration;
    link.dra.meters.duration.observe(duration);
    link.dra.meters.answers.of(resultCodeIn(viewOf(answer), 0, answer.length)).value++;
    const id = link.table.idOf(slot);
    if (this.#duplicates.isOn) {
      this.#duplicates.answered(link.table, slot, answer, 0, answer.length, this.#runtime.tick());
    }
    this.forget(link, slot, ENDED.answered);
    this.#tracing?.passedOn(requester, link.table, slot, how, segment, to, answer.length);
    observer?.(messageRecord("answer", answer, 0, answer.length, "", requester.originHost, hopByHop, id));
  }

  /**
   * Sends the request of `slot` to the next candidate, if there is one and it may be.
   * The caller closes, keeps or re-arms the attempt that it had so far.
   * @param error the answer that is the cause
   * @param redirected it says itself who is next
   */
  #sendAgain(link: Place, slot: number, cause: RetryCause, error?: Incoming, redirected = false): "sent" | NoLink {
    const target = redirected ? this.#redirect(link, slot, error!) : this.#next(link, slot, cause);
    if (typeof target === "string") return target;
    const { table } = link;
    let attempts = link.retried.get(slot);
    if (attempts === undefined) {
      const flags = table.segmentOf(slot).bytes[table.offsetOf(slot) + OFFSET.flags]!;
      attempts = new Attempts((flags & FLAG.retransmitted) !== 0);
      attempts.tried.push(link.dra.name);
      attempts.open.push({ place: link, slot });
      link.retried.set(slot, attempts);
      table.setRetried(slot);
    }
    if (cause === "error_answer") attempts.answered++;
    const unanswered = attempts.sent > attempts.answered;
    const relayPeer = target.relayPeer!;
    const next = writeAgain(table, slot, relayPeer.peer.out, target.table, attempts.wasRetransmitted || unanswered);
    attempts.sent++;
    if (!attempts.tried.includes(target.dra.name)) attempts.tried.push(target.dra.name);
    attempts.open.push({ place: target, slot: next });
    target.retried.set(next, attempts);
    target.table.setRetried(next);
    target.dra.breaker?.sent(target.table, next);
    if (this.#duplicates.isOn) this.#duplicates.sentAgain(table, slot, target.table, next);
    target.table.setRoute(next, table.routeOf(slot));
    const { meters } = this.#runtime;
    target.table.wheel.arm(next, this.#within(table, slot, this.#optionsOf(table, slot).answerTimeout));
    relayPeer.messagesSent++;
    meters.toDra++;
    target.dra.meters.messagesSent++;
    target.dra.meters.retransmissions[cause].value++;
    this.#tracing?.sentAgain(table, slot, relayPeer, target.table, next, cause, error);
    return "sent";
  }

  /** Where the request of `slot` may go next, or why nowhere. */
  #next(link: Place, slot: number, cause: RetryCause): Place | NoLink {
    const { table } = link;
    const route = table.routeOf(slot);
    const options = route ?? this.#runtime.options;
    const request = this.#retained;
    request.block = table.segmentOf(slot);
    request.moveTo(table.offsetOf(slot));
    if (route?.isSentOnce === true) return "none";
    if (options.neverRetry.includes(request.command) || !this.#isAlive(table, slot)) return "none";
    const tried = this.#tried(link, slot);
    request.avps.scan(request.block.view, request.at, request.end);
    // A lost connection is not the DRA's word: its other connections may be asked, and those of the
    // one that was configured in its place.
    if (cause === "lost") {
      const dra = this.#pool.dras.find(({ name }) => name === link.dra.name);
      const sibling = dra?.usable ? dra.pickLink("again", 0) : undefined;
      if (sibling !== undefined) return sibling;
    }
    const { application, routeRecords } = request;
    const destinationHost = route?.ignoreDestinationHost === true ? "" : request.destinationHost;
    // Named by Destination-Host: nobody else can answer.
    if (destinationHost !== "" && destinationHost === link.dra.originHost) return "none";
    if (tried.length >= options.maxAttempts) return "none";
    const facts = { application, destinationHost, routeRecords, tried };
    return this.#pool.pick(this.#pool.routeFor(facts, route), "again", 0, this.#policies.keys?.begin(request));
  }

  /**
   * The DRA that a redirect names (RFC 6733 section 6.12), as one more attempt; "none" when it is
   * none of ours, or has had its turn.
   */
  #redirect(link: Place, slot: number, answer: Incoming): Place | NoLink {
    const { table } = link;
    const options = this.#optionsOf(table, slot);
    const tried = this.#tried(link, slot);
    if (table.routeOf(slot)?.isSentOnce === true || !this.#isAlive(table, slot)) return "none";
    if (tried.length >= options.maxAttempts) return "none";
    const request = this.#retained;
    request.block = table.segmentOf(slot);
    request.moveTo(table.offsetOf(slot));
    if (options.neverRetry.includes(request.command)) return "none";
    for (const host of redirectHosts(answer)) {
      const dra = this.#pool.dras.find((each) => each.originHost === host && each.usable && !tried.includes(each.name));
      const target = dra?.takes(request.application) === true ? dra.pickLink("again", 0) : undefined;
      if (target !== undefined) return target;
    }
    return "none";
  }

  #tried(link: Place, slot: number): readonly string[] {
    return link.retried.get(slot)?.tried ?? [link.dra.name];
  }

  /** What the transaction goes by: its route, or what holds for all. */
  #optionsOf(table: TransactionTable, slot: number): TransactionOptions {
    return table.routeOf(slot) ?? this.#runtime.options;
  }

  #isCurrent(link: Place, slot: number): boolean {
    const attempts = link.retried.get(slot);
    return attempts === undefined || attempts.isCurrent(link, slot);
  }

  #requesterOf(table: TransactionTable, slot: number): RelayPeer | undefined {
    const requester = this.#runtime.connections.get(table.requesterOf(slot));
    return requester === undefined && this.#duplicates.isOn ? this.#duplicates.heir(table, slot) : requester;
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

/** Host names of Redirect-Host, `aaa://HOST:PORT;...`, in lower case (RFC 6733 section 4.3.1). */
function redirectHosts({ block: { bytes }, at, end }: Incoming): string[] {
  const hosts: string[] = [];
  try {
    for (const avp of avpsOf(bytes, at + HEADER_LENGTH, end)) {
      if (avp.code !== AVP.redirectHost || avp.vendor !== 0) continue;
      const [, host] = /^aaas?:\/\/([^:;/]+)/i.exec(asciiOf(bytes, avp)) ?? [];
      if (host !== undefined) hosts.push(host.toLowerCase());
    }
  } catch (error) {
    // Answers are not walked otherwise: what stands before the broken AVP counts.
    if (!(error instanceof AvpLengthError)) throw error;
  }
  return hosts;
}
