/**
 * The way of Logic Apps' requests to DRAs (RFC 6733 sections 6.1.5 to 6.1.8).
 * @module
 */
import { RESULT } from "../../wire/result_codes.ts";
import type { AppLimits } from "../apps/limits.ts";
import type { SessionAffinity } from "../apps/session_affinity.ts";
import { Incoming } from "../core/incoming.ts";
import type { Refusal } from "../core/refusal.ts";
import type { Place, RelayPeer } from "../core/relay_peer.ts";
import type { RelayRuntime } from "../core/runtime.ts";
import { ENDED, ticksFor } from "../core/transactions.ts";
import type { Dra } from "../dras/dra.ts";
import type { DraLink } from "../dras/link.ts";
import { type DraPool, DrasFull } from "../dras/pool.ts";
import { describeRejections, type Route } from "../dras/router.ts";
import { advance } from "./deadlines.ts";
import type { Direction } from "./direction.ts";
import { relayedRecord } from "./record.ts";
import type { Refusals } from "./refusals.ts";
import type { Retries } from "./retries.ts";
import type { Tracing } from "./tracing.ts";
import { type Waiting, WaitingRoom } from "./waiting_room.ts";
import { relayedLength, writeRequest } from "./writer.ts";

/** What {@link ToDras} works with. */
export interface ToDrasParts {
  readonly runtime: RelayRuntime;
  readonly pool: DraPool;
  readonly limits: AppLimits;
  readonly sessions: SessionAffinity;
  readonly refusals: Refusals;
  readonly retries: Retries;
  readonly tracing?: Tracing | undefined;
}

/**
 * Sends requests to DRAs. What follows when a DRA is silent, lost or busy is the retries' business.
 */
export class ToDras implements Direction<DraLink> {
  readonly #parts: ToDrasParts;
  readonly #waiting: WaitingRoom;
  /** The request whose turn it is, of those that wait. */
  readonly #called = new Incoming();
  #limited = false;
  #relay = false;
  #answerTicks = 0;
  #requestTicks = 0;

  constructor(parts: ToDrasParts) {
    this.#parts = parts;
    this.#waiting = new WaitingRoom(parts.runtime.budgets.waiting, parts.runtime.blocks);
    this.configure();
  }

  /** Takes what may change while it runs. */
  configure(): void {
    const { runtime: { options }, limits } = this.#parts;
    this.#limited = limits.active;
    this.#relay = options.mode === "relay";
    this.#answerTicks = ticksFor(Math.min(options.answerTimeout, options.requestTimeout));
    this.#requestTicks = ticksFor(options.requestTimeout);
  }

  forward(request: Incoming): Refusal | undefined {
    const { from } = request;
    if (this.#limited) {
      const refusal = this.#parts.limits.check(from, this.#parts.runtime.clock.now(), this.#waiting.countOf(from.key));
      if (refusal !== undefined) return refusal;
    }
    const refusal = this.send(request);
    return refusal instanceof DrasFull && this.#mayWait(from, refusal) && this.#waiting.admit(request)
      ? undefined
      : refusal;
  }

  /** Routes and sends a request that stands; or why there is no DRA for it. */
  send(request: Incoming): Refusal | undefined {
    const { pool } = this.#parts;
    const plan = this.#route(request);
    const link = pool.pick(plan, "first", request.from.key);
    if (link === "full") return pool.refusalOf(plan);
    if (link === "none") return this.#noRoute(plan);
    const { out } = link.relayPeer!.peer;
    const total = relayedLength(request, this.#relay);
    const deadline = request.tick + this.#requestTicks;
    const slot = writeRequest(request, out.reserve(total), link.table, this.#relay, 0, deadline);
    out.commit(total);
    // From here on it is on its way: this node must not answer it as well, whatever goes wrong.
    link.table.wheel.arm(slot, request.tick + this.#answerTicks);
    this.#book(request, link);
    if (out.full) request.congested = out;
    try {
      const { sessionIdStart, sessionIdEnd } = request.avps;
      if (sessionIdStart >= 0) {
        this.#parts.sessions.note(request.block, sessionIdStart, sessionIdEnd, request.from.key);
      }
      this.#parts.tracing?.forwarded(request, link.relayPeer!, link.table, slot, plan);
      this.#observe(request, link, slot);
    } catch (error) {
      this.#parts.runtime.defect(error, "lives_on");
    }
    return undefined;
  }

  /** Whether only the lack of room is why {@link send} refused. */
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

  advance(tick: number): void {
    const { runtime, pool, retries } = this.#parts;
    for (const link of pool.links()) advance(runtime, link.table, tick, (slot) => retries.expired(link, slot));
  }

  lost(link: DraLink): void {
    this.#parts.retries.lost(link);
  }

  refuseAll(refusal: Refusal): void {
    const { runtime, pool, refusals, retries } = this.#parts;
    for (const link of pool.links()) {
      for (const slot of link.table.pending()) {
        // Another attempt of the same transaction may have ended it a moment ago.
        if (link.table.requesterOf(slot) === 0) continue;
        const requester = runtime.connections.get(link.table.requesterOf(slot));
        if (requester === undefined) {
          retries.abandon(link, slot);
          continue;
        }
        refusals.end(requester, link.table, slot, refusal, "rejected");
        retries.forget(link, slot, ENDED.expired);
      }
    }
  }

  dispose(): void {
    for (const link of this.#parts.pool.links()) link.table.dispose();
  }

  #route(request: Incoming): Route<Dra> {
    const { pool } = this.#parts;
    const { avps, application } = request;
    if (avps.destinationHostStart < 0 && avps.firstRouteRecord < 0) return pool.planFor(application);
    const { destinationHost, routeRecords } = request;
    return pool.routeFor({ application, destinationHost, routeRecords, tried: [] });
  }

  #noRoute(plan: Route<Dra>): Refusal {
    this.#parts.runtime.meters.routingErrors++;
    const { rejected } = plan;
    const message = describeRejections(rejected);
    return { resultCode: RESULT.unableToDeliver, message, reason: "no_route", leftOut: rejected };
  }

  #book({ from }: Incoming, link: Place): void {
    const { ledger, meters } = this.#parts.runtime;
    ledger.begun(from);
    link.relayPeer!.messagesSent++;
    meters.toDra++;
    const ofDra = link.dra.meters;
    ofDra.messagesSent++;
    ofDra.requests.value++;
  }

  /**
   * Whether some DRA has no credit left because of others, while `from` holds less than its share
   * of it.
   */
  #mayWait(from: RelayPeer, { candidates }: DrasFull): boolean {
    const more = this.#waiting.countOf(from.key);
    return candidates.some((link) => link.isTakenByOthers(from.key, more));
  }

  /** @returns whether it waits no more */
  #call(waiting: Waiting, tick: number, take: (request: Incoming, mayWait: boolean) => boolean): boolean {
    const { runtime } = this.#parts;
    const from = runtime.connections.get(waiting.from);
    if (from === undefined) {
      runtime.ledger.vanished();
      return true;
    }
    const request = this.#called;
    request.begin(from, waiting.block, { receivedAt: waiting.receivedAt, tick, refused: false });
    request.moveTo(0);
    const taken = take(request, ((waiting.until - tick) | 0) > 0);
    request.clear();
    return taken;
  }

  #observe(request: Incoming, link: Place, slot: number): void {
    this.#parts.runtime.observer?.(
      relayedRecord(
        "request",
        request,
        link.relayPeer?.originHost ?? link.dra.name,
        request.hopByHop >>> 0,
        link.table.idOf(slot),
      ),
    );
  }
}
