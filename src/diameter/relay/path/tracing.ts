/**
 * What the stages tell the trace, where one is kept. Only a request that is recorded costs more
 * than a call.
 * @module
 */
import { type Endpoint, plainAddress } from "../../../net/connection.ts";
import type { Segment } from "../../../net/segment.ts";
import { type AvpSlice, findAvp } from "../../wire/avp.ts";
import { AVP } from "../../wire/avp_codes.ts";
import { HEADER_LENGTH, OFFSET } from "../../wire/header.ts";
import { parseIp } from "../../wire/ip_address.ts";
import { resultCodeIn } from "../../wire/result_code_in.ts";
import type { Incoming } from "../core/incoming.ts";
import type { RetryCause } from "../core/meters.ts";
import type { LeftOut, Refusal } from "../core/refusal.ts";
import type { RelayPeer } from "../core/relay_peer.ts";
import type { RelayRuntime } from "../core/runtime.ts";
import type { RelayTrace, TracedArrival, TracedChoice, TracedEnd, TracedPeer } from "../core/trace.ts";
import type { TransactionTable } from "../core/transactions.ts";
import type { TransactionRoute } from "../core/transaction_route.ts";
import type { Member } from "../dras/member.ts";
import { describeChoice, type Route } from "../dras/router.ts";

/** What an attempt is called that ended with an answer of this node, by the reason of that. */
const UNANSWERED: Readonly<Record<string, string>> = { timeout: "timeout", connection_lost: "lost" };

/** Tells the trace of one relay. Handles of what is pending are kept in the tables. */
export class Tracing {
  readonly #runtime: RelayRuntime;
  readonly #trace: RelayTrace;
  readonly #arrival = new Arrival((peer) => this.#connectionOf(peer));
  readonly #answered: number;
  /** By decision and by the name of who was asked: a decision holds for many requests. */
  readonly #choices = new WeakMap<Route<Member>, Map<string, TracedChoice>>();
  readonly #noChoices = new WeakMap<readonly LeftOut[], TracedChoice>();
  /** The tick in which requests may be passed over, how many there were to be, and still are. */
  #tick = -1;
  #idle = 0;
  #left = 0;

  constructor(runtime: RelayRuntime, trace: RelayTrace) {
    this.#runtime = runtime;
    this.#trace = trace;
    this.#answered = trace.word("answered");
  }

  /** A request came, and will be refused. @returns its handle */
  begun(request: Incoming): number {
    if (this.#left > 0 && request.tick === this.#tick) {
      this.#left--;
      return 0;
    }
    return this.#begun(request);
  }

  #begun(request: Incoming): number {
    const arrival = this.#arrival;
    arrival.request = request;
    const handle = this.#trace.begun(arrival, this.#idle - this.#left);
    arrival.clear();
    this.#tick = request.tick;
    this.#idle = this.#left = this.#trace.idle;
    return handle;
  }

  /**
   * A request went to `target`, and waits in `slot`.
   * @param plan the decision, when it went to a DRA
   * @param route the route that it took, where any are configured
   */
  forwarded(
    request: Incoming,
    target: RelayPeer,
    table: TransactionTable,
    slot: number,
    plan?: Route<Member>,
    route?: TransactionRoute,
  ): void {
    const handle = this.begun(request);
    table.setTrace(slot, handle);
    if (handle === 0) return;
    if (route !== undefined) this.#routed(handle, route, poolOf(plan, target, route));
    if (plan !== undefined) this.#trace.chosen(handle, this.#choiceOf(plan, target.link?.dra.name ?? ""));
    this.#attempt(handle, target, table, slot);
  }

  /**
   * The request of `slot` went to another one, where it waits in `next`.
   * @param error the answer that was the cause
   */
  sentAgain(
    table: TransactionTable,
    slot: number,
    target: RelayPeer,
    nextTable: TransactionTable,
    next: number,
    cause: RetryCause,
    error: Incoming | undefined,
  ): void {
    const handle = table.traceOf(slot);
    nextTable.setTrace(next, handle);
    if (handle === 0) return;
    if (error !== undefined) this.#received(handle, error);
    this.#trace.outcome(handle, this.#trace.word(cause));
    this.#attempt(handle, target, nextTable, next);
  }

  /** An error answer came to an attempt while another one goes on. */
  erred(table: TransactionTable, slot: number, error: Incoming): void {
    const handle = table.traceOf(slot);
    if (handle === 0) return;
    const from = this.#received(handle, error);
    this.#trace.outcome(handle, this.#trace.word("error_answer"), from);
  }

  /** The answer went to the requester: nothing was added to that one's queue since. */
  answered(requester: RelayPeer, table: TransactionTable, slot: number, answer: Incoming): void {
    const handle = table.traceOf(slot);
    if (handle === 0) return;
    const from = this.#received(handle, answer);
    this.#trace.outcome(handle, this.#answered, from);
    const segment = requester.peer.out.reserve(0);
    this.sent(handle, requester, segment, segment.head - answer.length, answer.length);
    this.#trace.ended(handle, this.#now(), resultCodeIn(answer.block.view, answer.at, answer.end), 0);
  }

  /**
   * An error answer of before went to the requester, because the latest attempt came to nothing.
   */
  passedOn(
    requester: RelayPeer,
    table: TransactionTable,
    slot: number,
    how: "timeout" | "lost",
    segment: Segment,
    at: number,
    length: number,
  ): void {
    const handle = table.traceOf(slot);
    if (handle === 0) return;
    this.#trace.outcome(handle, this.#trace.word(how));
    this.sent(handle, requester, segment, at, length);
    this.#trace.ended(handle, this.#now(), resultCodeIn(segment.view, at, at + length), 0);
  }

  /** The requester has left: `answer`, if there is one, found nobody. */
  abandoned(table: TransactionTable, slot: number, answer?: Incoming): void {
    const handle = table.traceOf(slot);
    if (handle === 0) return;
    if (answer !== undefined) this.#trace.outcome(handle, this.#answered, this.#received(handle, answer));
    this.#trace.ended(handle, this.#now(), 0, this.#trace.word("abandoned"));
  }

  /** An answer goes to the requester. */
  sent(handle: number, to: RelayPeer, block: Segment, at: number, length: number): void {
    this.#trace.sent(handle, this.#connectionOf(to), this.#now(), { block, at, end: at + length });
  }

  /** This node has answered itself. @param handle not 0 */
  refused(handle: number, { reason, resultCode, message, leftOut, route }: Refusal): void {
    if (route !== undefined) this.#trace.routed(handle, this.#trace.word(route), 0);
    if (leftOut !== undefined) this.#trace.chosen(handle, this.#noChoice(leftOut));
    this.#trace.explained(handle, message);
    this.#trace.outcome(handle, this.#trace.word(UNANSWERED[reason] ?? "unanswered"));
    this.#trace.ended(handle, this.#now(), resultCode, this.#trace.word(reason));
  }

  #routed(handle: number, { name }: TransactionRoute, pool: string): void {
    this.#trace.routed(handle, this.#trace.word(name), this.#trace.word(pool));
  }

  #choiceOf(plan: Route<Member>, name: string): TracedChoice {
    let choices = this.#choices.get(plan);
    if (choices === undefined) this.#choices.set(plan, choices = new Map());
    let choice = choices.get(name);
    if (choice === undefined) {
      const balance = this.#runtime.options.draPool.balance.replaceAll("_", " ");
      const { why, leftOut } = describeChoice(plan, name, balance);
      choices.set(name, choice = { why, left_out: shown(leftOut) });
    }
    return choice;
  }

  #noChoice(leftOut: readonly LeftOut[]): TracedChoice {
    let choice = this.#noChoices.get(leftOut);
    if (choice === undefined) {
      this.#noChoices.set(leftOut, choice = { why: "no DRA could be asked", left_out: shown(leftOut) });
    }
    return choice;
  }

  #attempt(handle: number, target: RelayPeer, table: TransactionTable, slot: number): void {
    const now = this.#now();
    const connection = this.#connectionOf(target);
    const block = table.segmentOf(slot);
    const at = table.offsetOf(slot);
    this.#trace.attempt(handle, connection, table.idOf(slot), now);
    this.#trace.sent(handle, connection, now, { block, at, end: at + (block.view.getUint32(at) & 0xffffff) });
  }

  #received(handle: number, answer: Incoming): TracedPeer {
    const connection = this.#connectionOf(answer.from);
    this.#trace.received(handle, connection, answer.receivedAt, answer);
    return connection;
  }

  #connectionOf(peer: RelayPeer): TracedPeer {
    return peer.traced ??= this.#open(peer);
  }

  #open({ peer, link, originHost }: RelayPeer): TracedPeer {
    return this.#trace.opened({
      name: link?.dra.name ?? originHost,
      side: link === undefined ? "app" : "dra",
      dialled: peer.options.role === "initiator",
      local: endOf(peer.connection.local),
      remote: endOf(peer.connection.remote),
    });
  }

  #now(): number {
    return Math.floor(this.#runtime.clock.now() * 1000) | 0;
  }
}

/**
 * The request at hand as the trace reads it: nothing is read of one that is not recorded but when
 * it came.
 */
class Arrival implements TracedArrival {
  request!: Incoming;
  readonly #connectionOf: (peer: RelayPeer) => TracedPeer;
  #session: AvpSlice | "none" | undefined;

  constructor(connectionOf: (peer: RelayPeer) => TracedPeer) {
    this.#connectionOf = connectionOf;
  }

  get now() {
    return this.request.receivedAt;
  }
  get connection() {
    return this.#connectionOf(this.request.from);
  }
  get block() {
    return this.request.block;
  }
  get at() {
    return this.request.at;
  }
  get end() {
    return this.request.end;
  }
  get application() {
    return this.request.application;
  }
  get command() {
    return this.request.command;
  }
  get hopByHop() {
    return this.request.hopByHop;
  }
  get endToEnd() {
    return this.request.block.view.getInt32(this.request.at + OFFSET.endToEnd);
  }
  get sessionStart() {
    const session = this.#found();
    return session === "none" ? -1 : session.dataStart;
  }
  get sessionEnd() {
    const session = this.#found();
    return session === "none" ? -1 : session.dataEnd;
  }

  /** Nothing is kept alive by it from here on. */
  clear(): void {
    this.request = undefined!;
    this.#session = undefined;
  }

  /** Its Session-Id. Of a refused request nobody else may have looked for it. */
  #found(): AvpSlice | "none" {
    if (this.#session !== undefined) return this.#session;
    const { block, at, end } = this.request;
    return this.#session = findAvp(block.bytes, AVP.sessionId, at + HEADER_LENGTH, end) ?? "none";
  }
}

/** The pool whose DRA got the request; the first one where Destination-Host named one outside. */
function poolOf(plan: Route<Member> | undefined, target: RelayPeer, { pools }: TransactionRoute): string {
  const name = target.link?.dra.name;
  const nth = plan?.groups.findIndex((group) => group.some((dra) => dra.name === name)) ?? -1;
  return plan?.pools?.[nth]?.name ?? pools[0]?.name ?? "";
}

function shown(leftOut: readonly LeftOut[]): TracedChoice["left_out"] {
  return leftOut.map(({ name, reason }) => ({ dra: name, reason }));
}

function endOf({ hostname, port }: Endpoint): TracedEnd {
  const address = parseIp(plainAddress(hostname).split("%")[0]!);
  return { address: address ?? new Uint8Array(4), port };
}
