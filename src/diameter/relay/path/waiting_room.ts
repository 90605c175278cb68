/**
 * Requests that wait for their turn at a DRA whose credit others have used up.
 * @module
 */
import { type Block, type Blocks, copyWords } from "../../../net/block.ts";
import type { Budget } from "../../../net/budget.ts";
import type { Incoming } from "../core/incoming.ts";
import { ticksFor } from "../core/transactions.ts";

/**
 * Milliseconds that one waits at most. Long enough for a DRA that answers to give credit back many
 * times over; short beside the patience of whoever asked, who may ask elsewhere then.
 */
const PATIENCE = 1_000;

/**
 * So many are asked now and then although one before them has to wait on: for another DRA, perhaps.
 */
export const MISSES = 100;

/** Bytes that one costs beyond its block: its object, roughly. */
const OVERHEAD = 128;

/** One request, copied out of the batch that it came in. */
export interface Waiting {
  /** Key of the connection it came from. */
  readonly from: number;
  readonly block: Block;
  /** Bytes of the request, which begins the block. */
  readonly length: number;
  /** When it came, in microseconds modulo 2^32. */
  readonly receivedAt: number;
  /** Tick from which on it waits no more. */
  readonly until: number;
}

/**
 * First come, first served. Everybody in here holds less than a fair share, so that nobody need be
 * preferred.
 */
export class WaitingRoom {
  readonly #budget: Budget;
  readonly #blocks: Blocks;
  readonly #counts = new Map<number, number>();
  readonly #queue: Waiting[] = [];

  /** @param budget the bytes of all that wait @param blocks what they are kept in */
  constructor(budget: Budget, blocks: Blocks) {
    this.#budget = budget;
    this.#blocks = blocks;
  }

  get size(): number {
    return this.#queue.length;
  }

  /** How many of that connection wait. */
  countOf(from: number): number {
    return this.#counts.get(from) ?? 0;
  }

  /** Lets a request wait; false when there is no room for it. */
  admit({ from: { key: from }, block, at, length, receivedAt, tick }: Incoming): boolean {
    const { used, limit } = this.#budget;
    const copy = this.#blocks.take(length);
    if (used + copy.size + OVERHEAD > limit) {
      this.#blocks.give(copy);
      return false;
    }
    this.#budget.add(copy.size + OVERHEAD);
    copyWords(block, at, length, copy, 0);
    this.#counts.set(from, this.countOf(from) + 1);
    this.#queue.push({ from, block: copy, length, receivedAt, until: tick + ticksFor(PATIENCE) });
    return true;
  }

  /**
   * Calls each whose turn it is, the oldest first.
   * @param serve returns whether the one it is given waits no more
   * @param misses how many may have to wait on before it is no use to ask the ones behind them
   */
  call(serve: (waiting: Waiting) => boolean, misses: number): void {
    const queue = this.#queue;
    const kept: Waiting[] = [];
    let called = 0;
    while (called < queue.length) {
      const waiting = queue[called]!;
      if (serve(waiting)) this.#left(waiting);
      else if (misses-- > 0) kept.push(waiting);
      else break;
      called++;
    }
    if (called > 0) queue.splice(0, called, ...kept);
  }

  #left({ from, block }: Waiting): void {
    this.#budget.add(-block.size - OVERHEAD);
    this.#blocks.give(block);
    const count = this.countOf(from) - 1;
    if (count === 0) this.#counts.delete(from);
    else this.#counts.set(from, count);
  }
}
