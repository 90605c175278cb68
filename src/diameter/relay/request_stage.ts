/**
 * What happens to a request, from either side.
 * @module
 */
import { SYSTEM_CLOCK } from "../../net/clock.ts";
import type { Block } from "../../net/block.ts";
import type { OutQueue } from "../../net/out_queue.ts";
import { asciiOf } from "../wire/avp.ts";
import { OFFSET } from "../wire/header.ts";
import { RESULT } from "../wire/result_codes.ts";
import { AppLimits } from "./app_limits.ts";
import type { Apps } from "./apps.ts";
import type { DraLink } from "./dra_link.ts";
import type { DraPool } from "./dra_pool.ts";
import { messageRecord } from "./message_record.ts";
import type { Refusals } from "./refusals.ts";
import type { RelayPeer } from "./relay_peer.ts";
import type { RelayRuntime } from "./relay_runtime.ts";
import { RequestChecks } from "./request_checks.ts";
import { relayedLength, writeRequest } from "./relay_writer.ts";
import { describeRejections } from "./router.ts";
import { SessionAffinity } from "./session_affinity.ts";
import { ticksFor, type TransactionTable } from "./transactions.ts";

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
    const refusal = this.#checks.check(block, at, end, word, application, refused || runtime.draining);
    if (refusal !== undefined) return this.#refusals.refuse(from, block, at, end, refusal);
    if (from.link === undefined) this.#toDra(from, block, at, length, application, now, tick);
    else this.#toApp(from, block, at, length, application, now, tick);
  }

  /** A defect of this program: the requester is told, others are not hurt, and somebody gets to read about it. */
  #failed(from: RelayPeer, block: Block, at: number, end: number, error: unknown): void {
    const reason = error instanceof Error ? error.stack ?? error.message : String(error);
    this.#runtime.emit({ kind: "internal_error", reason });
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
      const refusal = this.#limits.check(from, SYSTEM_CLOCK.now());
      if (refusal !== undefined) return this.#refusals.refuse(from, block, at, at + length, refusal);
    }
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
    const link = pool.pick(plan);
    if (link === undefined) return this.#noDra(from, block, at, at + length, plan.rejected);
    const { counters, observer } = this.#runtime;
    const relayPeer = link.relayPeer!;
    const { out } = relayPeer.peer;
    const total = relayedLength(from, length, this.#relay);
    const slot = writeRequest(from, out.reserve(total), link.table, block, at, length, this.#relay, now, 0);
    out.commit(total);
    if (out.full) this.congested = out;
    link.table.wheel.arm(slot, tick + this.#answerTicks);
    if (avps.sessionIdStart >= 0) this.#sessions.note(block, avps.sessionIdStart, avps.sessionIdEnd, from.key);
    from.inFlight++;
    relayPeer.messagesSent++;
    counters.created++;
    counters.toDra++;
    link.dra.counters.messagesSent++;
    link.dra.counters.requests++;
    if (observer !== undefined) this.#observe(from, link, block, at, length, slot);
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

  #noDra(
    from: RelayPeer,
    block: Block,
    at: number,
    end: number,
    rejected: Parameters<typeof describeRejections>[0],
  ): void {
    if (this.#pool.failure === "full") {
      return this.#refusals.refuse(from, block, at, end, {
        resultCode: RESULT.tooBusy,
        message: "every DRA that could take this request has as many unanswered ones as it may",
        reason: "dra_full",
      });
    }
    this.#runtime.counters.routingErrors++;
    this.#refusals.refuse(from, block, at, end, {
      resultCode: RESULT.unableToDeliver,
      message: describeRejections(rejected),
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
      (candidate) => candidate.owed,
    );
    if (typeof app === "string") {
      if (this.#apps.full) {
        return this.#refusals.refuse(from, block, at, end, {
          resultCode: RESULT.tooBusy,
          message: "the Logic App does not read fast enough what waits for it already",
          reason: "app_full",
        });
      }
      runtime.counters.routingErrors++;
      return this.#refusals.refuse(from, block, at, end, {
        resultCode: RESULT.unableToDeliver,
        message: app,
        reason: "no_app",
      });
    }
    if (this.#reverse.size >= runtime.options.draPool.maxInFlight || runtime.segments.exhausted) {
      return this.#refusals.refuse(from, block, at, end, {
        resultCode: RESULT.tooBusy,
        message: "too many requests to Logic Apps are unanswered",
        reason: "app_full",
      });
    }
    const { counters, observer } = runtime;
    const total = relayedLength(from, length, this.#relay);
    const segment = this.#reverse.room(total);
    const slot = writeRequest(from, segment, this.#reverse, block, at, length, this.#relay, now, app.key);
    const start = segment.head;
    segment.head += total;
    app.peer.out.push(segment.bytes.subarray(start, start + total));
    this.#reverse.wheel.arm(slot, tick + this.#requestTicks);
    from.inFlight++;
    app.owed++;
    app.messagesSent++;
    counters.created++;
    counters.toApp++;
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
  }
}
