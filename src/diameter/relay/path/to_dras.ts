/**
 * The way of Logic Apps' requests to DRAs (RFC 6733 sections 6.1.5 to 6.1.8).
 * @module
 */
import { RESULT } from "../../wire/result_codes.ts";
import type { AppLimits } from "../apps/limits.ts";
import type { SessionAffinity } from "../apps/session_affinity.ts";
import type { MessageObserver } from "../core/events.ts";
import { Incoming } from "../core/incoming.ts";
import { LastingRefusal, type LeftOut, type Refusal } from "../core/refusal.ts";
import type { Place, RelayPeer } from "../core/relay_peer.ts";
import type { RelayRuntime } from "../core/runtime.ts";
import { ENDED, TICK, ticksFor } from "../core/transactions.ts";
import type { TransactionRoute } from "../core/transaction_route.ts";
import type { CompiledRoute } from "../policy/routing_table.ts";
import type { Policy, PolicyHolder } from "../policy/policy.ts";
import { Rewriter } from "../policy/rewrite.ts";
import type { Member } from "../dras/member.ts";
import type { DraLink } from "../dras/link.ts";
import { type DraPool, DrasFull } from "../dras/pool.ts";
import { describeRejections, type Route } from "../dras/router.ts";
import type { RequestChecks } from "./checks.ts";
import { advance } from "./deadlines.ts";
import type { Direction } from "./direction.ts";
import { relayedRecord } from "./record.ts";
import type { Duplicates } from "./duplicates.ts";
import type { Refusals } from "./refusals.ts";
import { type Queued, RequestQueue } from "./request_queue.ts";
import type { Retries } from "./retries.ts";
import type { Tracing } from "./tracing.ts";
import { type Waiting, WaitingRoom } from "./waiting_room.ts";
import { relayedLength, writeRequest } from "./writer.ts";

/** What {@link ToDras} works with. */
export interface ToDrasParts {
  readonly runtime: RelayRuntime;
  readonly pool: DraPool;
  readonly limits: AppLimits;
  readonly policies: PolicyHolder;
  readonly duplicates: Duplicates;
  readonly checks: RequestChecks;
  readonly sessions: SessionAffinity;
  readonly refusals: Refusals;
  readonly retries: Retries;
  readonly tracing?: Tracing | undefined;
}

/**
 * Sends requests to DRAs. What follows when a DRA is silent, lost or busy is the retries' business.
 */
export class ToDras implements Direction<DraLink> {
  readonly #runtime: RelayRuntime;
  readonly #pool: DraPool;
  readonly #limits: AppLimits;
  readonly #sessions: SessionAffinity;
  readonly #refusals: Refusals;
  readonly #retries: Retries;
  readonly #tracing: Tracing | undefined;
  readonly #waiting: WaitingRoom;
  /** The request whose turn it is, of those that wait. */
  readonly #called = new Incoming();
  readonly #policies: PolicyHolder;
  readonly #duplicates: Duplicates;
  readonly #checks: RequestChecks;
  readonly #rewriter = new Rewriter();
  #queue: RequestQueue | undefined;
  /** Whether more may wait in it. */
  #queues = false;
  /** What became of those that waited since the last of them had gone. */
  #waited = { sent: 0, answered: 0 };
  #abandonedThen = -1;
  #limited = false;
  #relay = false;
  #answerTicks = 0;
  #requestTicks = 0;

  constructor(
    { runtime, pool, limits, policies, duplicates, checks, sessions, refusals, retries, tracing }: ToDrasParts,
  ) {
    this.#runtime = runtime;
    this.#policies = policies;
    this.#duplicates = duplicates;
    this.#checks = checks;
    this.#pool = pool;
    this.#limits = limits;
    this.#sessions = sessions;
    this.#refusals = refusals;
    this.#retries = retries;
    this.#tracing = tracing;
    this.#waiting = new WaitingRoom(runtime.budgets.waiting, runtime.blocks);
    this.configure();
  }

  /** Takes what may change while it runs. */
  configure(): void {
    const { options } = this.#runtime;
    this.#limited = this.#limits.active;
    const { queue } = options.routing;
    this.#queues = queue.maxMessages > 0;
    if (this.#queue !== undefined) {
      this.#queue.configure(queue);
      if (!this.#queues && this.#queue.size === 0) this.#queue = undefined;
    } else if (this.#queues) this.#queue = new RequestQueue(queue, this.#runtime.blocks);
    this.#relay = options.mode === "relay";
    this.#answerTicks = ticksFor(Math.min(options.answerTimeout, options.requestTimeout));
    this.#requestTicks = ticksFor(options.requestTimeout);
  }

  /** @param policy what is in force, and has read the request */
  forward(request: Incoming, policy?: Policy): Refusal | undefined {
    if (this.#limited) {
      const { from } = request;
      const refusal = this.#limits.check(from, this.#runtime.clock.now(), this.#waiting.countOf(from.key));
      if (refusal !== undefined) return refusal;
    }
    const refusal = policy === undefined ? this.#send(request) : this.#byPolicy(policy, request);
    if (refusal instanceof NobodyUsable) return this.#queued(request, refusal);
    return refusal === undefined || this.#waits(request, refusal) ? undefined : refusal;
  }

  /** Sends a request that has waited for its turn; or why there is no DRA for it. */
  resume(request: Incoming): Refusal | undefined {
    const { current } = this.#policies;
    if (current?.routing === undefined) return this.#send(request);
    current.reading.begin(request);
    return this.#byRoute(current.routing.find(current.reading), request);
  }

  #byPolicy({ reading, limits, routing }: Policy, request: Incoming): Refusal | undefined {
    const refusal = limits?.check(reading, this.#runtime.clock.now());
    if (refusal !== undefined) return refusal;
    if (routing === undefined) return this.#send(request);
    const route = routing.find(reading);
    route.requests.value++;
    return this.#byRoute(route, request);
  }

  #byRoute(route: CompiledRoute, request: Incoming): Refusal | undefined {
    if (route.reject !== undefined) return route.reject;
    let changed: Incoming | undefined = request;
    if (route.rewrite !== undefined) {
      changed = this.#rewriter.apply(request, route.rewrite);
      if (changed === undefined) return TOO_LONG;
    }
    const refusal = this.#checks.checkDestination(changed) ?? this.#send(request, changed, route);
    if (refusal === undefined && route.rewrites !== undefined) route.rewrites.value++;
    return refusal;
  }

  /**
   * Sends a request that stands; or why there is no DRA for it.
   * @param changed the request as it goes on
   * @param route the one that it takes, where any are configured
   */
  #send(request: Incoming, changed: Incoming = request, route?: CompiledRoute): Refusal | undefined {
    const pool = this.#pool;
    const plan = this.#planFor(changed, route);
    const queue = this.#queue;
    if (
      queue !== undefined && this.#queues && !request.isBooked && plan.pinned === undefined && queue.holds(route?.pools)
    ) {
      return new NobodyUsable(plan.rejected, route);
    }
    const { keys } = this.#policies;
    const link = keys === undefined
      ? pool.pick(plan, "first", request.from.key)
      : pool.pick(plan, "first", request.from.key, keys.begin(changed));
    if (link === "full") return pool.refusalOf(plan);
    if (link === "none") {
      if (queue !== undefined && this.#queues && !pool.isServing(route)) return new NobodyUsable(plan.rejected, route);
      return this.#noRoute(plan, route);
    }
    const { table } = link;
    const relayPeer = link.relayPeer!;
    const { out } = relayPeer.peer;
    const total = relayedLength(changed, this.#relay);
    const deadline = request.tick - request.waited + (route === undefined ? this.#requestTicks : route.requestTicks);
    const slot = writeRequest(changed, out.reserve(total), table, this.#relay, 0, deadline);
    out.commit(total);
    // From here on it is on its way: this node must not answer it as well, whatever goes wrong.
    table.wheel.arm(slot, request.tick + (route === undefined ? this.#answerTicks : route.answerTicks));
    table.setRoute(slot, route);
    if (this.#duplicates.isOn) this.#duplicates.sent(request, table, slot);
    this.#book(request, link, relayPeer);
    if (link.dra.breaker !== undefined) link.dra.breaker.sent(table, slot);
    if (out.full) request.congested = out;
    try {
      const { sessionIdStart, sessionIdEnd } = request.avps;
      if (sessionIdStart >= 0) {
        this.#sessions.note(request.block, sessionIdStart, sessionIdEnd, request.from.key);
      }
      this.#tracing?.forwarded(request, relayPeer, table, slot, plan, route);
      const { observer } = this.#runtime;
      if (observer !== undefined) this.#observe(observer, request, relayPeer, table.idOf(slot));
    } catch (error) {
      this.#runtime.defect(error, "lives_on");
    }
    return undefined;
  }

  /** Whether only the lack of room is why a request was refused. */
  isForRoom(refusal: Refusal): boolean {
    return refusal instanceof DrasFull;
  }

  /**
   * Calls those that wait for their turn at a DRA, the oldest first.
   * @param misses how many of them may have to wait on before the others are not asked
   * @param take returns false when the request has to wait on, which it may only if it is told so
   */
  callWaiting(tick: number, misses: number, take: (request: Incoming, mayWait: boolean) => boolean): void {
    if (this.#waiting.size > 0) this.#waiting.call((waiting) => this.#call(waiting, tick, take), misses);
  }

  /** Requests and bytes that wait until a DRA is usable again. */
  get queued(): { readonly requests: number; readonly bytes: number } {
    return { requests: this.#queue?.size ?? 0, bytes: this.#queue?.bytes ?? 0 };
  }

  /**
   * Lets those go that waited for a DRA, and answers those whose time is up.
   * @param take returns false when the request has to wait on
   */
  releaseQueued(tick: number, take: (request: Incoming) => boolean): void {
    const queue = this.#queue;
    if (queue === undefined || queue.size === 0) return;
    queue.release(tick, (queued) => {
      const request = this.#recalled(queued, tick);
      if (request === undefined) return "gone";
      const taken = take(request);
      request.clear();
      if (!taken) return "waits";
      this.#waited.sent++;
      this.#runtime.meters.wait.of({}).observe((tick - queued.tick) * TICK * 1000);
      return "done";
    }, (queued) => this.#endQueued(queued, tick, QUEUE_TIMEOUT));
    this.#noteQueueEnd();
  }

  /** Whether a request that was refused so may wait on for a DRA. */
  isForDra(refusal: Refusal): boolean {
    return refusal instanceof DrasFull || refusal instanceof NobodyUsable;
  }

  /** The connection of a Logic App is gone, and so are its requests that wait. */
  left(key: number): void {
    this.#queue?.forget(key);
    this.#noteQueueEnd();
  }

  #queued(request: Incoming, { by: route, leftOut }: NobodyUsable): Refusal | undefined {
    const queue = this.#queue!;
    const isFirst = queue.size === 0;
    if (!this.#queues || !queue.admit(request, route?.pools, route?.requestTicks ?? this.#requestTicks)) {
      return QUEUE_FULL;
    }
    const { ledger } = this.#runtime;
    ledger.begun(request.from);
    if (!isFirst) return undefined;
    this.#waited = { sent: 0, answered: 0 };
    this.#abandonedThen = ledger.abandoned;
    this.#runtime.emit({
      kind: "queue_begin",
      reason: leftOut.map(({ name, reason }) => `${name} ${reason}`).join("; "),
    });
    return undefined;
  }

  #recalled(queued: Queued, tick: number): Incoming | undefined {
    const from = this.#runtime.connections.get(queued.from);
    if (from === undefined) return undefined;
    const request = this.#called;
    request.begin(from, queued.block, { receivedAt: queued.receivedAt, tick, refused: false });
    request.moveTo(0);
    request.isBooked = true;
    request.waited = tick - queued.tick;
    return request;
  }

  #endQueued(queued: Queued, tick: number, refusal: Refusal): void {
    const request = this.#recalled(queued, tick);
    if (request === undefined) return;
    this.#refusals.refuse(request, refusal);
    this.#waited.answered++;
    request.clear();
  }

  #noteQueueEnd(): void {
    if (this.#queue === undefined || this.#queue.size > 0 || this.#abandonedThen < 0) return;
    const abandoned = this.#runtime.ledger.abandoned - this.#abandonedThen;
    this.#abandonedThen = -1;
    this.#runtime.emit({ kind: "queue_end", ...this.#waited, abandoned });
    if (!this.#queues) this.#queue = undefined;
  }

  advance(tick: number): void {
    for (const link of this.#pool.links()) {
      advance(this.#runtime, link.table, tick, (slot) => this.#retries.expired(link, slot));
    }
  }

  lost(link: DraLink): void {
    this.#retries.lost(link);
  }

  refuseAll(refusal: Refusal): void {
    this.#queue?.clear((queued) => this.#endQueued(queued, this.#runtime.tick(), refusal));
    this.#noteQueueEnd();
    for (const link of this.#pool.links()) {
      for (const slot of link.table.pending()) {
        // Another attempt of the same transaction may have ended it a moment ago.
        if (link.table.requesterOf(slot) === 0) continue;
        const requester = this.#runtime.connections.get(link.table.requesterOf(slot)) ??
          this.#duplicates.heir(link.table, slot);
        if (requester === undefined) {
          this.#retries.abandon(link, slot);
          continue;
        }
        this.#refusals.end(requester, link.table, slot, refusal, "rejected");
        this.#retries.forget(link, slot, ENDED.expired);
      }
    }
  }

  dispose(): void {
    for (const link of this.#pool.links()) link.table.dispose();
  }

  #planFor(request: Incoming, route: TransactionRoute | undefined): Route<Member> {
    const { avps, application } = request;
    const isAnyHost = avps.destinationHostStart < 0 || route?.ignoreDestinationHost === true;
    if (isAnyHost && avps.firstRouteRecord < 0) return this.#pool.planFor(application, route);
    const { routeRecords } = request;
    const destinationHost = isAnyHost ? "" : request.destinationHost;
    return this.#pool.routeFor({ application, destinationHost, routeRecords, tried: [] }, route);
  }

  #noRoute(plan: Route<Member>, route: TransactionRoute | undefined): Refusal {
    this.#runtime.meters.routingErrors++;
    const { rejected } = plan;
    const message = describeRejections(rejected);
    return { resultCode: RESULT.unableToDeliver, message, reason: "no_route", leftOut: rejected, route: route?.name };
  }

  #book({ from, isBooked }: Incoming, link: Place, relayPeer: RelayPeer): void {
    const { ledger, meters } = this.#runtime;
    if (!isBooked) ledger.begun(from);
    relayPeer.messagesSent++;
    meters.toDra++;
    const ofDra = link.dra.meters;
    ofDra.messagesSent++;
    ofDra.requests.value++;
  }

  /**
   * Lets a refused request wait for its turn instead, if some DRA has no credit left because of
   * others while the one who asks holds less than its share of it.
   */
  #waits(request: Incoming, refusal: Refusal): boolean {
    if (!(refusal instanceof DrasFull)) return false;
    const { key } = request.from;
    const more = this.#waiting.countOf(key);
    for (const link of refusal.candidates) {
      if (link.room.isTakenByOthers(key, more, link.relayPeer!.peer.out)) return this.#waiting.admit(request);
    }
    return false;
  }

  /** @returns whether it waits no more */
  #call(waiting: Waiting, tick: number, take: (request: Incoming, mayWait: boolean) => boolean): boolean {
    const from = this.#runtime.connections.get(waiting.from);
    if (from === undefined) {
      this.#runtime.ledger.vanished();
      return true;
    }
    const request = this.#called;
    request.begin(from, waiting.block, { receivedAt: waiting.receivedAt, tick, refused: false });
    request.moveTo(0);
    const taken = take(request, ((waiting.until - tick) | 0) > 0);
    request.clear();
    return taken;
  }

  #observe(observer: MessageObserver, request: Incoming, { originHost }: RelayPeer, id: number): void {
    observer(relayedRecord("request", request, originHost, request.hopByHop >>> 0, id));
  }
}

/** No DRA that might have been asked is usable, and the request may wait for one. */
class NobodyUsable implements Refusal {
  readonly resultCode = RESULT.unableToDeliver;
  readonly message: string;
  readonly reason = "no_route";

  constructor(readonly leftOut: readonly LeftOut[], readonly by: CompiledRoute | undefined) {
    this.message = describeRejections(leftOut);
  }
}

const QUEUE_FULL = new LastingRefusal(
  RESULT.tooBusy,
  "no DRA is usable, and as many requests as may wait for one (routing.queue)",
  "queue_full",
);

const QUEUE_TIMEOUT = new LastingRefusal(
  RESULT.unableToDeliver,
  "no DRA was usable for as long as a request waits for one (routing.queue.max_wait)",
  "queue_timeout",
);

const TOO_LONG: Refusal = {
  resultCode: RESULT.unableToComply,
  message: "with the destination that its route gives it this request would be longer than a message can be",
  reason: "too_long",
};
