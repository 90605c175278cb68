/**
 * What all HTTP/2 connections of one owner share: memory, a clock, one timer, and turns.
 * @module
 */
import { BlockPool } from "../net/block.ts";
import { type Alarm, type Clock, RunningClock, SYSTEM_CLOCK } from "../net/clock.ts";
import { SegmentPool } from "../net/segment.ts";
import { Turns } from "../net/turns.ts";

/** Milliseconds between two looks at every connection. */
const TICK = 100;
/** Ticks after which memory that nobody needed since is given back. */
const SPARE_TICKS = 100;

/** What is looked at; see {@link Http2Node}. */
export interface Ticking {
  /** @param now milliseconds of the node's clock */
  tick(now: number): void;
}

/** Parts that a node may be given. */
export interface Http2NodeParts {
  /**
   * Memory that is read into; its own unless given.
   * @internal
   */
  readonly blocks?: BlockPool;
  /**
   * Memory that is written from; its own unless given.
   * @internal
   */
  readonly segments?: SegmentPool;
  /** The clock of this process unless given. */
  readonly clock?: Clock;
}

/**
 * A connection has no timer of its own: deadlines are looked at ten times a second, for as long as
 * there is a connection.
 */
export class Http2Node {
  /**
   * Memory that connections read into.
   * @internal
   */
  readonly blocks: BlockPool;
  /**
   * Memory that connections write from.
   * @internal
   */
  readonly segments: SegmentPool;
  /** The clock of all of them. */
  readonly clock: Clock;
  /**
   * Lets what is bulk wait until others were looked at.
   * @internal
   */
  readonly turns: Turns = new Turns();
  readonly #ticking = new Set<Ticking>();
  #alarm: Alarm | undefined;
  #endBeat: (() => void) | undefined;
  #ticks = 0;

  /** A node with those parts, and its own for the others. */
  constructor(parts: Http2NodeParts = {}) {
    this.blocks = parts.blocks ?? new BlockPool();
    this.segments = parts.segments ?? new SegmentPool();
    this.clock = parts.clock ?? SYSTEM_CLOCK;
  }

  /** Connections that are looked at. */
  get size(): number {
    return this.#ticking.size;
  }

  /**
   * Looks at `one` from now on.
   * @internal
   */
  add(one: Ticking): void {
    this.#ticking.add(one);
    if (this.#alarm !== undefined) return;
    // A process that was stopped must not take its own sleep for the silence of its peers.
    if (this.clock instanceof RunningClock) this.#endBeat = this.clock.keepBeat();
    this.#alarm = this.clock.setTimeout(this.#tick, TICK);
  }

  /**
   * Looks at it no more.
   * @internal
   */
  remove(one: Ticking): void {
    this.#ticking.delete(one);
    if (this.#ticking.size > 0 || this.#alarm === undefined) return;
    this.clock.clearTimeout(this.#alarm);
    this.#alarm = undefined;
    this.#endBeat?.();
    this.#endBeat = undefined;
    this.turns.close();
  }

  readonly #tick = (): void => {
    this.#alarm = this.clock.setTimeout(this.#tick, TICK);
    const now = this.clock.now();
    this.#ticks++;
    for (const one of this.#ticking) one.tick(now);
    if (this.#ticks % SPARE_TICKS > 0) return;
    this.blocks.rest();
    this.segments.rest();
  };
}
