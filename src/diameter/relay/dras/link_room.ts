/**
 * What one connection to a DRA may still be given.
 * @module
 */
import type { Budget } from "../../../net/budget.ts";
import type { OutQueue } from "../../../net/out_queue.ts";
import type { DraOptions } from "../core/options.ts";
import { BURST, FEW_BYTES, sizeText } from "../core/budgets.ts";
import type { RelayRuntime } from "../core/runtime.ts";
import { TransactionTable } from "../core/transactions.ts";

/** What may be used up when a connection to a DRA is given no more. */
export const BOUNDS = ["requests", "queue", "memory", "memory of one app", "probes", "rate"] as const;
/** One of {@link BOUNDS}. */
export type Bound = typeof BOUNDS[number];

/** {@link BURST} as a constant of this module: the engine loads what is imported anew each time. */
const BURSTS = BURST;

/** The bounds of one slot. Who asks has its open connection in hand, and gives its queue. */
export class LinkRoom {
  /** Requests that may be unanswered. */
  #credit = 0;
  readonly #runtime: RelayRuntime;
  readonly #table: TransactionTable;
  readonly #budget: Budget;

  /** @param budget bytes of requests that are queued, or kept for a failover */
  constructor(runtime: RelayRuntime, table: TransactionTable, budget: Budget) {
    this.#runtime = runtime;
    this.#table = table;
    this.#budget = budget;
    this.configure();
  }

  /** Takes what may change while it runs. */
  configure(): void {
    this.#credit = Math.min(this.#runtime.options.draPool.maxInFlight, TransactionTable.capacity);
  }

  /**
   * It may be given no more of what `requester` asks: its queue, its credit or the memory for
   * retained requests is used up; or the latter is tight, and the requester is one of those who
   * hold a good part of it.
   */
  isFullFor(requester: number, out: OutQueue): boolean {
    if (out.queuedBytes > out.limit * BURSTS || out.stuck || this.#table.size >= this.#credit) return true;
    const budget = this.#budget;
    return budget.used > budget.ease && this.#isScarceFor(requester);
  }

  #isScarceFor(requester: number): boolean {
    const budget = this.#budget;
    return budget.exhausted || budget.tight && this.#sharesNow().bytesOf(requester) > FEW_BYTES;
  }

  /**
   * The same for requests that were taken on already: a burst of them, which another DRA's end
   * brings, may overshoot the queue's limit. They are as many as the credit of that DRA.
   */
  isFullForRetries(out: OutQueue): boolean {
    return this.#table.size >= this.#credit || out.stuck || this.#budget.exhausted;
  }

  /**
   * {@link isFullFor} only for the credit in requests, of which `requester` holds less than its
   * share: it need not wait long.
   * @param more requests that count as held by it too
   */
  isTakenByOthers(requester: number, more: number, out: OutQueue): boolean {
    const { maxInFlight } = this.#runtime.options.draPool;
    return this.#table.size >= maxInFlight && !out.stuck && !this.#budget.exhausted &&
      this.#sharesNow().isBelow(requester, maxInFlight, more);
  }

  /** Which bound {@link isFullFor} met. */
  boundMet(out: OutQueue): Bound {
    if (this.#table.size >= this.#credit) return "requests";
    if (out.stuck || out.queuedBytes > out.limit * BURSTS) return "queue";
    return this.#budget.exhausted ? "memory" : "memory of one app";
  }

  /** A bound for a person, with its key. @param options of the DRA */
  describe(bound: Bound, { name, maxRequestsPerSecond }: DraOptions): string {
    const { maxInFlight, sendQueueLimit, circuitBreaker } = this.#runtime.options.draPool;
    switch (bound) {
      case "rate":
        return `${name} gets at most ${maxRequestsPerSecond} in a second (dra_pool.dras[].max_requests_per_second)`;
      case "probes":
        return `${name} is tried again with ${circuitBreaker.halfOpenProbes} requests at a time ` +
          "(dra_pool.circuit_breaker.half_open_probes)";
      case "requests":
        return `${name} has ${maxInFlight} unanswered (dra_pool.max_in_flight)`;
      case "queue":
        return `${name} does not read what waits for it (dra_pool.send_queue_limit ${sizeText(sendQueueLimit)})`;
      case "memory":
        return `the unanswered ones of ${name} take all the memory that it may (gateway.memory_limit)`;
      case "memory of one app":
        return `this Logic App's unanswered ones at ${name} take all the memory that one may (gateway.memory_limit)`;
    }
  }

  #sharesNow() {
    return this.#table.sharesAt(this.#runtime.tick());
  }
}
