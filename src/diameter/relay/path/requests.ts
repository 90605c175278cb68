/**
 * What happens to a request, from either side.
 * @module
 */
import type { Block } from "../../../net/block.ts";
import type { OutQueue } from "../../../net/out_queue.ts";
import { asciiOf } from "../../wire/avp.ts";
import { OFFSET } from "../../wire/header.ts";
import { RESULT } from "../../wire/result_codes.ts";
import { AppLimits } from "../apps/limits.ts";
import type { Apps } from "../apps/directory.ts";
import { FEW_BYTES, FEW_OWED, owedFree } from "../core/budgets.ts";
import type { Dra } from "../dras/dra.ts";
import type { DraLink } from "../dras/link.ts";
import type { DraPool } from "../dras/pool.ts";
import { messageRecord } from "./record.ts";
import type { Refusals } from "./refusals.ts";
import type { RelayPeer } from "../core/relay_peer.ts";
import type { RelayRuntime } from "../core/runtime.ts";
import { type Refusal, RequestChecks } from "./checks.ts";
import { LONGEST_MESSAGE, relayedLength, writeRequest } from "./writer.ts";
import { describeRejections, type Route } from "../dras/router.ts";
import { SessionAffinity } from "../apps/session_affinity.ts";
import { ticksFor, TransactionTable } from "../core/transactions.ts";
import { type Waiting, WaitingRoom } from "./waiting_room.ts";

/** Takes requests one by one, straight from the batch they lie in. */
export class RequestStage {
  readonly #runtime: RelayRuntime;
  readonly #pool: DraPool;
  readonly #apps: Apps;
  readonly #reverse: TransactionTable;
  readonly #refusals: Refusals;
  readonly #checks: RequestChecks;
  readonly #sessions = new SessionAffinity();
  readonly #limits: AppLimits;
  readonly #limited: boolean;
  readonly #relay: boolean;
  readonly #waiting: WaitingRoom;
  /** The queue that the last requests overfilled: whoever sent them is to wait for it. The sink takes it from here. */
  congested: OutQueue | undefined;
  readonly #answerTicks: number;
  readonly #requestTicks: number;

  constructor(
    runtime: RelayRuntime,
    pool: DraPool,
    apps: Apps,
    reverse: TransactionTable,
    refusals: Refusals,
  ) {
    this.#runtime = runtime;
    this.#pool = pool;
    this.#apps = apps;
    this.#reverse = reverse;
    this.#refusals = refusals;
    this.#limits = new AppLimits(runtime, apps);
    this.#limited = this.#limits.active;
    const { options } = runtime;
    this.#relay = options.mode === "relay";
    this.#checks = new RequestChecks({
      originHost: options.originHost,
      relay: this.#relay,
      strictPBit: options.strictPBit,
    });
    this.#waiting = new WaitingRoom(runtime.budgets.waiting, runtime.blocks);
    this.#answerTicks = ticksFor(Math.min(options.answerTimeout, options.requestTimeout));
    this.#requestTicks = ticksFor(options.requestTimeout);
  }

  /**
   * Takes the request from `at`, `length` bytes long.
   * @param word its second header word: flags and command
   * @param now microseconds modulo 2^32 @param tick the current tick
   * @param refused it came after a DPR
   */
  take(
    from: RelayPeer,
    block: Block,
    at: number,
    length: number,
    word: number,
    now: number,
    tick: number,
    refused: boolean,
  ): void {
    try {
      this.#take(from, block, at, length, word, now, tick, refused);
    } catch (error) {
      this.#failed(from, block, at, at + length, error);
    }
  }

  #take(
    from: RelayPeer,
    block: Block,
    at: number,
    length: number,
    word: number,
    now: number,
    tick: number,
    refused: boolean,
  ): void {
    const end = at + length;
    const application = block.view.getUint32(at + OFFSET.application);
    const runtime = this.#runtime;
    const refusal = this.#check(from, block, at, end, word, application, refused || runtime.draining);
    if (refusal !== undefined) return this.#refusals.refuse(from, block, at, end, refusal);
    if (from.link === undefined) this.#toDra(from, block, at, length, application, now, tick);
    else this.#toApp(from, block, at, length, application, now, tick);
  }

  #check(
    from: RelayPeer,
    block: Block,
    at: number,
    end: number,
    word: number,
    application: number,
    refused: boolean,
  ): Refusal | undefined {
    const refusal = this.#checks.check(block, at, end, word, application, refused);
    if (refusal !== undefined) return refusal;
    return relayedLength(from, end - at, this.#relay) > LONGEST_MESSAGE ? TOO_LONG : undefined;
  }

  /**
   * A defect of this program before the request was sent: the requester is told, others are not
   * hurt, and somebody gets to read about it.
   */
  #failed(from: RelayPeer, block: Block, at: number, end: number, error: unknown): void {
    this.#runtime.defect(error, "answered");
    this.#refusals.refuse(from, block, at, end, {
      resultCode: RESULT.unableToComply,
      message: "internal error of this node",
      reason: "internal",
    });
  }

  #toDra(
    from: RelayPeer,
    block: Block,
    at: number,
    length: number,
    application: number,
    now: number,
    tick: number,
  ): void {
    if (this.#limited) {
      const refusal = this.#limits.check(from, this.#runtime.clock.now(), this.#waiting.countOf(from.key));
      if (refusal !== undefined) return this.#refusals.refuse(from, block, at, at + length, refusal);
    }
    const plan = this.#send(from, block, at, length, application, now, tick);
    if (plan === undefined) return;
    const full = this.#pool.failure === "full";
    if (full && this.#mayWait(from, plan) && this.#waiting.admit(from.key, block, at, length, now, tick)) return;
    this.#noDra(from, block, at, at + length, plan, full);
  }

  /**
   * Sends the request that was checked last to a DRA; when none can take it, returns the plan that
   * says why, and the pool knows whether it is for lack of room.
   */
  #send(
    from: RelayPeer,
    block: Block,
    at: number,
    length: number,
    application: number,
    now: number,
    tick: number,
  ): Route<Dra> | undefined {
    const { avps } = this.#checks;
    const pool = this.#pool;
    let plan;
    if (avps.destinationHostStart < 0 && avps.firstRouteRecord < 0) plan = pool.planFor(application);
    else {
      plan = pool.routeFor({
        application,
        destinationHost: this.#checks.destinationHost(block),
        routeRecords: this.#checks.routeRecords(block, at + length),
        tried: [],
      });
    }
    const link = pool.pick(plan, false, from.key);
    if (link === undefined) return plan;
    const { counters, observer } = this.#runtime;
    const relayPeer = link.relayPeer!;
    const { out } = relayPeer.peer;
    const total = relayedLength(from, length, this.#relay);
    const { table } = link;
    const deadline = tick + this.#requestTicks;
    const slot = writeRequest(from, out.reserve(total), table, block, at, length, this.#relay, now, 0, deadline);
    out.commit(total);
    // From here on it is on its way: this node must not answer it as well, whatever goes wrong.
    table.wheel.arm(slot, tick + this.#answerTicks);
    from.inFlight++;
    relayPeer.messagesSent++;
    counters.created++;
    counters.toDra++;
    link.dra.counters.messagesSent++;
    link.dra.counters.requests++;
    if (out.full) this.congested = out;
    try {
      if (avps.sessionIdStart >= 0) this.#sessions.note(block, avps.sessionIdStart, avps.sessionIdEnd, from.key);
      if (observer !== undefined) this.#observe(from, link, block, at, length, slot);
    } catch (error) {
      this.#runtime.defect(error, "lives_on");
    }
    return undefined;
  }

  /**
   * Whether some DRA has no credit left because of others, while `from` holds less than its share
   * of it.
   */
  #mayWait(from: RelayPeer, plan: Route<Dra>): boolean {
    const more = this.#waiting.countOf(from.key);
    return this.#pool.candidates(plan).some((link) => link.isTakenByOthers(from.key, more));
  }

  /** Requests that wait for their turn at a DRA. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /**
   * A DRA may have got room: those that wait go first.
   * @param misses how many of them may have to wait on before the others are not asked
   */
  callWaiting(tick: number, misses: number): void {
    this.#waiting.call((waiting) => this.#callOne(waiting, tick), misses);
  }

  /** @returns whether it waits no more */
  #callOne({ from: key, block, length, now, until }: Waiting, tick: number): boolean {
    const runtime = this.#runtime;
    const from = runtime.connections.get(key);
    if (from === undefined) {
      runtime.counters.created++;
      runtime.counters.abandoned++;
      return true;
    }
    try {
      const application = block.view.getUint32(OFFSET.application);
      const word = block.view.getUint32(4);
      const refusal = this.#check(from, block, 0, length, word, application, runtime.draining || !from.peer.open);
      if (refusal !== undefined) {
        this.#refusals.refuse(from, block, 0, length, refusal);
        return true;
      }
      const plan = this.#send(from, block, 0, length, application, now, tick);
      if (plan === undefined) return true;
      const full = this.#pool.failure === "full";
      if (full && ((until - tick) | 0) > 0) return false;
      this.#noDra(from, block, 0, length, plan, full);
    } catch (error) {
      this.#failed(from, block, 0, length, error);
    }
    return true;
  }

  #observe(from: RelayPeer, link: DraLink, block: Block, at: number, length: number, slot: number): void {
    this.#runtime.observer?.(
      messageRecord(
        "request",
        block.bytes,
        at,
        at + length,
        from.originHost,
        link.relayPeer?.originHost ?? link.dra.name,
        block.view.getUint32(at + OFFSET.hopByHop),
        link.table.idOf(slot),
      ),
    );
  }

  #noDra(from: RelayPeer, block: Block, at: number, end: number, plan: Route<Dra>, full: boolean): void {
    if (full) return this.#refusals.refuse(from, block, at, end, this.#pool.refusalOf(plan));
    this.#runtime.counters.routingErrors++;
    this.#refusals.refuse(from, block, at, end, {
      resultCode: RESULT.unableToDeliver,
      message: describeRejections(plan.rejected),
      reason: "no_route",
    });
  }

  #toApp(
    from: RelayPeer,
    block: Block,
    at: number,
    length: number,
    application: number,
    now: number,
    tick: number,
  ): void {
    const end = at + length;
    const checks = this.#checks;
    const { avps } = checks;
    const runtime = this.#runtime;
    let preferred: RelayPeer | undefined;
    let sessionHost = "";
    if (avps.sessionIdStart >= 0) {
      preferred = runtime.connections.get(this.#sessions.find(block, avps.sessionIdStart, avps.sessionIdEnd));
      if (preferred?.link !== undefined) preferred = undefined;
      const session = asciiOf(block.bytes, { dataStart: avps.sessionIdStart, dataEnd: avps.sessionIdEnd });
      const separator = session.indexOf(";");
      if (separator > 0) sessionHost = session.slice(0, separator);
    }
    const app = this.#apps.pick(
      application,
      checks.destinationHost(block),
      sessionHost,
      checks.routeRecords(block, end),
      preferred,
      this.#owesTooMuch,
    );
    if (typeof app === "string") {
      const { full } = this.#apps;
      if (full !== undefined) return this.#refusals.refuse(from, block, at, end, APP_FULL[full]);
      runtime.counters.routingErrors++;
      return this.#refusals.refuse(from, block, at, end, {
        resultCode: RESULT.unableToDeliver,
        message: app,
        reason: "no_app",
      });
    }
    const refusal = this.#noRoomForReverse();
    if (refusal !== undefined) return this.#refusals.refuse(from, block, at, end, refusal);
    const { counters, observer } = runtime;
    const total = relayedLength(from, length, this.#relay);
    const reverse = this.#reverse;
    const segment = reverse.room(total);
    const deadline = tick + this.#requestTicks;
    // Before anything is booked: that there is room in the queue too.
    app.peer.out.reserve(total);
    const slot = writeRequest(from, segment, reverse, block, at, length, this.#relay, now, app.key, deadline);
    const start = segment.head;
    segment.head += total;
    app.peer.out.push(segment.bytes.subarray(start, start + total));
    // From here on it is on its way: see above.
    reverse.wheel.arm(slot, deadline);
    from.inFlight++;
    app.owed++;
    app.messagesSent++;
    counters.created++;
    counters.toApp++;
    try {
      observer?.(
        messageRecord(
          "request",
          block.bytes,
          at,
          end,
          from.originHost,
          app.originHost,
          block.view.getUint32(at + OFFSET.hopByHop),
          this.#reverse.idOf(slot),
        ),
      );
    } catch (error) {
      runtime.defect(error, "lives_on");
    }
  }

  /**
   * A Logic App that leaves many requests of DRAs unanswered gets no more of them: more than others
   * leave it.
   */
  readonly #owesTooMuch = (app: RelayPeer): boolean => {
    const { size } = this.#reverse;
    return (app.owed >= FEW_OWED && app.owed > owedFree(this.#runtime.options.draPool.maxInFlight, size)) ||
      (this.#runtime.budgets.reverse.tight &&
        this.#reverse.sharesAt(this.#runtime.tick()).bytesOf(app.key) > FEW_BYTES);
  };

  #noRoomForReverse(): Refusal | undefined {
    const { maxInFlight } = this.#runtime.options.draPool;
    if (this.#reverse.size >= Math.min(maxInFlight, TransactionTable.capacity)) {
      return {
        resultCode: RESULT.tooBusy,
        message: `${maxInFlight} requests to Logic Apps are unanswered (dra_pool.max_in_flight)`,
        reason: "app_full",
      };
    }
    return this.#runtime.budgets.reverse.exhausted ? REVERSE_MEMORY : undefined;
  }
}

const TOO_LONG: Refusal = {
  resultCode: RESULT.unableToComply,
  message: `with its Route-Record this request would be longer than a message can be (${LONGEST_MESSAGE} bytes)`,
  reason: "too_long",
};
const REVERSE_MEMORY: Refusal = {
  resultCode: RESULT.tooBusy,
  message: "unanswered requests to Logic Apps take all the memory that they may (gateway.memory_limit)",
  reason: "app_full",
};
const APP_FULL: Record<NonNullable<Apps["full"]>, Refusal> = {
  queue: {
    resultCode: RESULT.tooBusy,
    message: "the Logic App does not read fast enough what waits for it already (server.send_queue_limit)",
    reason: "app_full",
  },
  owed: {
    resultCode: RESULT.tooBusy,
    message: "the Logic App leaves more requests unanswered than others can still be sent " +
      "(dra_pool.max_in_flight, gateway.memory_limit)",
    reason: "app_full",
  },
};
