/**
 * The way of DRAs' own requests to Logic Apps (RFC 6733 sections 6.1.5 to 6.1.8).
 * @module
 */
import { RESULT } from "../../wire/result_codes.ts";
import type { AppDirectory } from "../apps/directory.ts";
import type { SessionAffinity } from "../apps/session_affinity.ts";
import { FEW_BYTES, FEW_OWED, owedFree } from "../core/budgets.ts";
import type { Incoming } from "../core/incoming.ts";
import type { Ending } from "../core/ledger.ts";
import type { Refusal } from "../core/refusal.ts";
import type { RelayPeer } from "../core/relay_peer.ts";
import type { RelayRuntime } from "../core/runtime.ts";
import { ENDED, ticksFor, TransactionTable } from "../core/transactions.ts";
import { advance } from "./deadlines.ts";
import type { Direction } from "./direction.ts";
import { relayedRecord } from "./record.ts";
import type { Refusals } from "./refusals.ts";
import type { Tracing } from "./tracing.ts";
import { relayedLength, writeRequest } from "./writer.ts";

/** What {@link ToApps} works with. */
export interface ToAppsParts {
  readonly runtime: RelayRuntime;
  readonly apps: AppDirectory;
  readonly sessions: SessionAffinity;
  readonly refusals: Refusals;
  /** One for all Logic Apps. */
  readonly table: TransactionTable;
  readonly tracing?: Tracing | undefined;
}

/** Sends requests to Logic Apps: to one connection each, and to no other afterwards. */
export class ToApps implements Direction<RelayPeer> {
  readonly #parts: ToAppsParts;
  #relay = false;
  #requestTicks = 0;

  constructor(parts: ToAppsParts) {
    this.#parts = parts;
    this.configure();
  }

  /** Takes what may change while it runs. */
  configure(): void {
    const { options } = this.#parts.runtime;
    this.#relay = options.mode === "relay";
    this.#requestTicks = ticksFor(options.requestTimeout);
  }

  forward(request: Incoming): Refusal | undefined {
    const app = this.#route(request);
    if ("resultCode" in app) return app;
    const refusal = this.#noRoom();
    if (refusal !== undefined) return refusal;
    const { table } = this.#parts;
    const total = relayedLength(request, this.#relay);
    const segment = table.room(total);
    const deadline = request.tick + this.#requestTicks;
    // Before anything is booked: that there is room in the queue too.
    app.peer.out.reserve(total);
    const slot = writeRequest(request, segment, table, this.#relay, app.key, deadline);
    const start = segment.head;
    segment.head += total;
    app.peer.out.push(segment.bytes.subarray(start, start + total));
    // From here on it is on its way: this node must not answer it as well, whatever goes wrong.
    table.wheel.arm(slot, deadline);
    this.#book(request, app);
    try {
      this.#parts.tracing?.forwarded(request, app, table, slot);
      this.#observe(request, app, slot);
    } catch (error) {
      this.#parts.runtime.defect(error, "lives_on");
    }
    return undefined;
  }

  advance(tick: number): void {
    const { runtime, table } = this.#parts;
    if (table.size === 0) return void table.wheel.advance(tick, () => {});
    const { requestTimeout, timeoutResultCode } = runtime.options;
    const refusal: Refusal = {
      resultCode: timeoutResultCode,
      message: `no answer of the Logic App within ${requestTimeout} ms`,
      reason: "timeout",
    };
    advance(runtime, table, tick, (slot) => this.#end(slot, refusal, "expired"));
  }

  lost(app: RelayPeer): void {
    if (app.owed === 0) return;
    const { table } = this.#parts;
    const refusal: Refusal = {
      resultCode: RESULT.unableToDeliver,
      message: `the connection to ${app.originHost} was lost`,
      reason: "connection_lost",
    };
    for (const slot of table.pending((candidate) => table.targetOf(candidate) === app.key)) {
      this.#end(slot, refusal, "rejected");
    }
  }

  refuseAll(refusal: Refusal): void {
    for (const slot of this.#parts.table.pending()) this.#end(slot, refusal, "rejected");
  }

  dispose(): void {
    this.#parts.table.dispose();
  }

  #route(request: Incoming): RelayPeer | Refusal {
    const { runtime, apps, sessions } = this.#parts;
    const { avps } = request;
    let preferred: RelayPeer | undefined;
    let sessionHost = "";
    if (avps.sessionIdStart >= 0) {
      preferred = runtime.connections.get(sessions.find(request.block, avps.sessionIdStart, avps.sessionIdEnd));
      if (preferred?.link !== undefined) preferred = undefined;
      const { sessionId } = request;
      const separator = sessionId.indexOf(";");
      if (separator > 0) sessionHost = sessionId.slice(0, separator);
    }
    const { application, destinationHost, routeRecords } = request;
    const found = apps.pick(
      { application, destinationHost, sessionHost, routeRecords, preferred },
      this.#owesTooMuch,
    );
    if ("resultCode" in found && found.reason === "no_app") runtime.meters.routingErrors++;
    return found;
  }

  #book({ from }: Incoming, app: RelayPeer): void {
    const { ledger, meters } = this.#parts.runtime;
    ledger.begun(from);
    app.owed++;
    app.messagesSent++;
    meters.toApp++;
    if (from.link !== undefined) from.link.dra.meters.reverseRequests.value++;
  }

  #end(slot: number, refusal: Refusal, how: Ending): void {
    const { runtime, refusals, table, tracing } = this.#parts;
    const app = runtime.connections.get(table.targetOf(slot));
    if (app !== undefined) app.owed--;
    const requester = runtime.connections.get(table.requesterOf(slot));
    if (requester === undefined) tracing?.abandoned(table, slot);
    else refusals.end(requester, table, slot, refusal, how);
    table.close(slot, ENDED.expired);
  }

  /**
   * A Logic App that leaves many requests of DRAs unanswered gets no more of them: more than others
   * leave it.
   */
  readonly #owesTooMuch = (app: RelayPeer): boolean => {
    const { runtime, table } = this.#parts;
    return (app.owed >= FEW_OWED && app.owed > owedFree(runtime.options.draPool.maxInFlight, table.size)) ||
      (runtime.budgets.reverse.tight && table.sharesAt(runtime.tick()).bytesOf(app.key) > FEW_BYTES);
  };

  #noRoom(): Refusal | undefined {
    const { runtime, table } = this.#parts;
    const { maxInFlight } = runtime.options.draPool;
    if (table.size >= Math.min(maxInFlight, TransactionTable.capacity)) {
      return {
        resultCode: RESULT.tooBusy,
        message: `${maxInFlight} requests to Logic Apps are unanswered (dra_pool.max_in_flight)`,
        reason: "app_full",
      };
    }
    return runtime.budgets.reverse.exhausted ? REVERSE_MEMORY : undefined;
  }

  #observe(request: Incoming, app: RelayPeer, slot: number): void {
    this.#parts.runtime.observer?.(
      relayedRecord("request", request, app.originHost, request.hopByHop >>> 0, this.#parts.table.idOf(slot)),
    );
  }
}

const REVERSE_MEMORY: Refusal = {
  resultCode: RESULT.tooBusy,
  message: "unanswered requests to Logic Apps take all the memory that they may (gateway.memory_limit)",
  reason: "app_full",
};
