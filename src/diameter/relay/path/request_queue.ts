/**
 * Requests that wait until a DRA is usable again.
 * @module
 */
import { type Block, type Blocks, copyWords } from "../../../net/block.ts";
import { findAvp, unsigned32Of } from "../../wire/avp.ts";
import { AVP } from "../../wire/avp_codes.ts";
import { HEADER_LENGTH } from "../../wire/header.ts";
import type { Incoming } from "../core/incoming.ts";
import type { QueueOptions } from "../core/policy_options.ts";
import { TICK, ticksFor } from "../core/transactions.ts";

/** Priorities of RFC 7944: 0 goes first, 15 last, and 10 is who says none. */
const PRIORITIES = 16;
const USUAL = 10;

/** One request, copied out of the batch that it came in. */
export interface Queued {
  /** Key of the connection it came from. */
  readonly from: number;
  readonly block: Block;
  readonly length: number;
  /** When it came, in microseconds modulo 2^32. */
  readonly receivedAt: number;
  readonly tick: number;
  /** Tick from which on it waits no more. */
  readonly until: number;
  /** What it waits for: requests of one lane go to the same pools. */
  readonly lane: unknown;
}

/** What becomes of one: it is sent or answered, it waits on, or its sender has gone. */
export type Fate = "done" | "waits" | "gone";

/** First come, first served among those of one DRMP (RFC 7944). */
export class RequestQueue {
  bytes = 0;
  size = 0;
  #options: QueueOptions;
  readonly #blocks: Blocks;
  readonly #lists: Queued[][] = Array.from({ length: PRIORITIES }, () => []);
  readonly #lanes = new Map<unknown, number>();
  /** How many may be let go now, and when that was counted. */
  #allowance = 0;
  #countedAt = 0;

  constructor(options: QueueOptions, blocks: Blocks) {
    this.#options = options;
    this.#blocks = blocks;
  }

  /** Takes what may change while it runs. */
  configure(options: QueueOptions): void {
    this.#options = options;
  }

  /** Whether anybody waits for the same pools: who comes later goes later. */
  holds(lane: unknown): boolean {
    return this.size > 0 && this.#lanes.has(lane);
  }

  /** Lets a request wait; false when there is no room for it. @param requestTicks of its life */
  admit(
    { from: { key: from }, block, at, end, length, receivedAt, tick }: Incoming,
    lane: unknown,
    requestTicks: number,
  ) {
    const { maxMessages, maxBytes, maxWait } = this.#options;
    if (this.size >= maxMessages || this.bytes + length > maxBytes) return false;
    const copy = this.#blocks.take(length);
    copyWords(block, at, length, copy, 0);
    const until = tick + Math.min(ticksFor(maxWait), requestTicks);
    this.#lists[drmpOf(block, at, end)]!.push({ from, block: copy, length, receivedAt, tick, until, lane });
    this.bytes += length;
    this.size++;
    this.#lanes.set(lane, (this.#lanes.get(lane) ?? 0) + 1);
    return true;
  }

  /**
   * Lets those go whose turn it is, the first first, at the rate that is configured, and those
   * whose time is up.
   * @param serve sends one; that it waits on says the same of all of its lane
   * @param expire answers one
   */
  release(tick: number, serve: (queued: Queued) => Fate, expire: (queued: Queued) => void): void {
    const perTick = this.#options.releasePerSecond * TICK / 1000;
    const ticks = Math.min(2, Math.max(0, tick - this.#countedAt));
    this.#countedAt = tick;
    this.#allowance = Math.min(Math.max(1, 2 * perTick), this.#allowance + perTick * ticks);
    const blocked = new Set<unknown>();
    this.#sift((queued) => {
      if (((queued.until - tick) | 0) <= 0) {
        expire(queued);
        return "done";
      }
      if (this.#allowance < 1 || blocked.has(queued.lane)) return "waits";
      const fate = serve(queued);
      if (fate === "done") this.#allowance--;
      else if (fate === "waits") blocked.add(queued.lane);
      return fate;
    });
  }

  /** Forgets those of a connection that is gone. */
  forget(from: number): void {
    if (this.size > 0) this.#sift((queued) => queued.from === from ? "gone" : "waits");
  }

  /** Ends all of them. */
  clear(end: (queued: Queued) => void): void {
    this.#sift((queued) => {
      end(queued);
      return "done";
    });
  }

  #sift(judge: (queued: Queued) => Fate): void {
    for (const [priority, list] of this.#lists.entries()) {
      if (list.length === 0) continue;
      // Whoever is judged may bring another one, as by its answer: that one comes behind.
      this.#lists[priority] = [];
      const kept: Queued[] = [];
      for (const queued of list) {
        if (judge(queued) === "waits") kept.push(queued);
        else this.#left(queued);
      }
      this.#lists[priority] = this.#lists[priority]!.length === 0 ? kept : [...kept, ...this.#lists[priority]!];
    }
  }

  #left({ block, length, lane }: Queued): void {
    this.bytes -= length;
    this.size--;
    this.#blocks.give(block);
    const count = this.#lanes.get(lane)! - 1;
    if (count === 0) this.#lanes.delete(lane);
    else this.#lanes.set(lane, count);
  }
}

function drmpOf({ bytes, view }: Block, at: number, end: number): number {
  const avp = findAvp(bytes, AVP.drmp, at + HEADER_LENGTH, end);
  if (avp === undefined || unsigned32Of(bytes, avp) === undefined) return USUAL;
  return Math.min(PRIORITIES - 1, view.getUint32(avp.dataStart));
}
