/**
 * What all HTTP/2 connections of one owner share: memory, a clock, and one timer for all of them.
 * @module
 */
import { BlockPool } from "../net/block.ts";
import { type Alarm, type Clock, SYSTEM_CLOCK } from "../net/clock.ts";
import { SegmentPool } from "../net/segment.ts";

/** Milliseconds between two looks at every connection. */
const TICK = 100;
/** Ticks after which memory that nobody needed since is given back. */
const SPARE_TICKS = 100;
/** Ticks after which a connection that brought nothing is at rest. */
const REST_TICKS = 20;

/** What is looked at; see {@link Http2Node}. */
export interface Ticking {
  /** @param now milliseconds of the node's clock @param rest time to let go what idles */
  tick(now: number, rest: boolean): void;
}

/** Parts that a node may be given. */
export interface Http2NodeParts {
  readonly blocks?: BlockPool;
  readonly segments?: SegmentPool;
  readonly clock?: Clock;
}

/**
 * A connection has no timer of its own: deadlines are looked at ten times a second, for as long as
 * there is a connection.
 */
export class Http2Node {
  readonly blocks: BlockPool;
  readonly segments: SegmentPool;
  readonly clock: Clock;
  readonly #ticking = new Set<Ticking>();
  #alarm: Alarm | undefined;
  #ticks = 0;

  constructor(parts: Http2NodeParts = {}) {
    this.blocks = parts.blocks ?? new BlockPool();
    this.segments = parts.segments ?? new SegmentPool();
    this.clock = parts.clock ?? SYSTEM_CLOCK;
  }

  /** Connections that are looked at. */
  get size(): number {
    return this.#ticking.size;
  }

  /** Looks at `one` from now on. */
  add(one: Ticking): void {
    this.#ticking.add(one);
    this.#alarm ??= this.clock.setTimeout(this.#tick, TICK);
  }

  /** Looks at it no more. */
  remove(one: Ticking): void {
    this.#ticking.delete(one);
    if (this.#ticking.size > 0 || this.#alarm === undefined) return;
    this.clock.clearTimeout(this.#alarm);
    this.#alarm = undefined;
  }

  readonly #tick = (): void => {
    this.#alarm = this.clock.setTimeout(this.#tick, TICK);
    const now = this.clock.now();
    this.#ticks++;
    const rest = this.#ticks % REST_TICKS === 0;
    for (const one of this.#ticking) one.tick(now, rest);
    if (this.#ticks % SPARE_TICKS > 0) return;
    this.blocks.rest();
    this.segments.rest();
  };
}
