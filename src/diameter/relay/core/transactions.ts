/**
 * The slab of pending transactions towards one peer.
 * @module
 */
import type { Budget } from "../../../net/budget.ts";
import { type Segment, type SegmentPool } from "../../../net/segment.ts";
import { TimerWheel } from "../../../net/timer_wheel.ts";
import { OFFSET } from "../../wire/header.ts";
import { OWN_REQUEST_SLOT } from "../../peer/peer.ts";
import { Shares } from "./shares.ts";
import type { TransactionRoute } from "./transaction_route.ts";

/** 32 bit words of one slot. */
const STRIDE = 8;
/** Key of the connection the request came from; 0: the slot is free. */
const REQUESTER = 0;
/** Its hop-by-hop id. */
const HOP_BY_HOP = 1;
/** When it was received: microseconds, modulo 2^32. */
const STARTED = 2;
/** Hop-by-hop id towards the peer: 16 bits of generation, 16 of slot. */
const ID = 3;
/** Where the retained copy lies: 18 bits of segment, 14 of word offset. */
const PLACE = 4;
/** Key of the connection the request went to, where the slab serves several. */
const TARGET = 5;
/**
 * Bytes of the retained copy, a multiple of 4; in its two lowest bits
 * {@link TransactionTable.setRetried}, or, of a free slot, how its last transaction ended.
 */
const LENGTH = 6;
const RETRIED = 3;
/** Tick at which its life ends. */
const DEADLINE = 7;

/** Slots of a slab. The highest stands for the node's own requests and is never given out. */
export const SLOTS = 0x10000;
/**
 * Slots in circulation at first: a small circle stays in the processor's cache; it grows when half
 * of it is in use.
 */
const FIRST_CIRCLE = 4096;

/** Ticks of the wheel are this long, in milliseconds. */
export const TICK = 50;

/**
 * Ticks after which `milliseconds` have certainly passed, whenever in its tick the count begins.
 */
export function ticksFor(milliseconds: number): number {
  return Math.ceil(Math.max(0, milliseconds) / TICK) + 1;
}

/** Sealed segments above which mostly answered ones are emptied. */
const TIDY_ABOVE = 32;

// Constants of this module alone: the engine loads what others may import anew each time.
const SLOT_MASK = SLOTS - 1;

/** A full segment, while it is the one it was. */
interface Sealed {
  readonly segment: Segment;
  readonly generation: number;
}

/** How a transaction ended: what an answer that comes after it is called. */
export const ENDED = { answered: 2, expired: 3 } as const;
const ANSWERED = ENDED.answered;

/**
 * Pending transactions in typed arrays. A hop-by-hop id names slot and generation, and a slot is
 * reused only after all others of the circle were: an id comes again after 2^16 rounds, and an
 * answer that arrives after its transaction ended matches nothing.
 */
export class TransactionTable {
  /** Deadlines in ticks, one for each slot in use. */
  readonly wheel: TimerWheel;
  /** Slots in use. */
  size = 0;
  readonly #slots = new Int32Array(SLOTS * STRIDE);
  readonly #free = new Uint16Array(SLOTS);
  #head = 0;
  #tail = 0;
  #freeCount = 0;
  #circle = 0;
  readonly #firstGeneration: number;
  #shares: Shares | undefined;
  #sharesOf = -1;
  readonly #segments: SegmentPool;
  readonly #budget: Budget;
  readonly #byTarget: boolean;
  /** Handles of the trace; taken when there is one. */
  #traces: Int32Array | undefined;
  /** Routes; there when one was configured. */
  #routes: (TransactionRoute | undefined)[] | undefined;
  #sealed: Sealed[] = [];
  #tidyAt = TIDY_ABOVE;
  /** What survives of segments that were emptied. */
  #survivors: Segment | undefined;

  /**
   * @param firstGeneration random, so that ids of an earlier process mean nothing
   * @param now the current tick
   * @param budget who holds the segments of the table's own
   * @param byTarget {@link sharesAt} counts by target
   */
  constructor(
    segments: SegmentPool,
    firstGeneration: number,
    now: number,
    budget: Budget = segments.budget,
    byTarget = false,
  ) {
    this.#segments = segments;
    this.#budget = budget;
    this.#byTarget = byTarget;
    this.wheel = new TimerWheel(SLOTS, 1024, now);
    this.#firstGeneration = (firstGeneration & 0xffff) << 16;
    this.#widen();
  }

  /** The most that can be pending at once. */
  static readonly capacity = SLOTS - 1;

  /**
   * Takes a slot; {@link size} must be below {@link capacity}. The retained copy is about to be
   * written at the head of `segment`.
   * @param target key of the connection it goes to, where the table serves several
   * @param length bytes of the copy, a multiple of 4
   * @param deadline tick at which the transaction's life ends
   * @returns the slot; its {@link idOf} goes into the message
   */
  open(
    requester: number,
    hopByHop: number,
    started: number,
    segment: Segment,
    target = 0,
    length = 0,
    deadline = 0,
  ): number {
    if (this.#freeCount <= this.#circle >> 1 && this.#circle < SLOTS) this.#widen();
    const slot = this.#free[this.#head]!;
    this.#head = (this.#head + 1) & SLOT_MASK;
    this.#freeCount--;
    this.size++;
    const slots = this.#slots;
    const at = slot * STRIDE;
    slots[at + REQUESTER] = requester;
    slots[at + HOP_BY_HOP] = hopByHop;
    slots[at + STARTED] = started;
    slots[at + ID] = slots[at + ID]! + 0x10000;
    slots[at + PLACE] = (segment.index << 14) | (segment.head >> 2);
    slots[at + TARGET] = target;
    slots[at + LENGTH] = length;
    slots[at + DEADLINE] = deadline;
    segment.live++;
    segment.retained++;
    return slot;
  }

  /** The slot that a hop-by-hop id of an answer names, or -1 when no transaction has it. */
  find(id: number): number {
    const slot = id & 0xffff;
    const at = slot * STRIDE;
    return this.#slots[at + ID] === (id | 0) && this.#slots[at + REQUESTER] !== 0 ? slot : -1;
  }

  /**
   * What to call an answer for which {@link find} found nothing: the transaction is over, or never
   * was.
   */
  nameUnmatched(id: number): "duplicate" | "late" | "unknown" {
    const at = (id & 0xffff) * STRIDE;
    if (this.#slots[at + ID] !== (id | 0)) return "unknown";
    const ended = this.#slots[at + LENGTH]! & RETRIED;
    return ended === ENDED.answered ? "duplicate" : ended === ENDED.expired ? "late" : "unknown";
  }

  /** Frees a slot in use: its deadline, its retained copy and its id are gone. */
  close(slot: number, ended: number = ANSWERED): void {
    const at = slot * STRIDE;
    const slots = this.#slots;
    slots[at + REQUESTER] = 0;
    slots[at + LENGTH] = ended;
    if (this.wheel.isArmed(slot)) this.wheel.cancel(slot);
    const segment = this.#segments.get(slots[at + PLACE]! >>> 14);
    if (--segment.live === 0 && !segment.queued) this.#segments.settle(segment);
    this.#free[this.#tail] = slot;
    this.#tail = (this.#tail + 1) & SLOT_MASK;
    this.#freeCount++;
    this.size--;
  }

  /** Hop-by-hop id towards the peer. */
  idOf(slot: number): number {
    return this.#slots[slot * STRIDE + ID]! >>> 0;
  }
  /** Key of the connection the request came from; 0 when the slot is free. */
  requesterOf(slot: number): number {
    return this.#slots[slot * STRIDE + REQUESTER]!;
  }
  /** Hop-by-hop id of the request as it came. */
  hopByHopOf(slot: number): number {
    return this.#slots[slot * STRIDE + HOP_BY_HOP]! >>> 0;
  }
  /** When the request came, in microseconds modulo 2^32. */
  startedOf(slot: number): number {
    return this.#slots[slot * STRIDE + STARTED]!;
  }
  /** Key of the connection the request went to. */
  targetOf(slot: number): number {
    return this.#slots[slot * STRIDE + TARGET]!;
  }
  /** What the trace calls the transaction, until the slot is used again; 0: it is not recorded. */
  traceOf(slot: number): number {
    return this.#traces === undefined ? 0 : this.#traces[slot]!;
  }
  /** Says what the trace calls it: of each that is opened, or of none. */
  setTrace(slot: number, handle: number): void {
    this.#traces ??= new Int32Array(SLOTS);
    this.#traces[slot] = handle;
  }
  /** The route that it took; undefined where none is configured. */
  routeOf(slot: number): TransactionRoute | undefined {
    return this.#routes === undefined ? undefined : this.#routes[slot];
  }
  /** Says which route it took: of each that is opened. */
  setRoute(slot: number, route: TransactionRoute | undefined): void {
    if (this.#routes !== undefined) this.#routes[slot] = route;
    else if (route !== undefined) {
      this.#routes = new Array(SLOTS);
      this.#routes[slot] = route;
    }
  }
  /** Gives it to another requester, who asked the same. */
  adopt(slot: number, requester: number, hopByHop: number, started: number): void {
    const at = slot * STRIDE;
    this.#slots[at + REQUESTER] = requester;
    this.#slots[at + HOP_BY_HOP] = hopByHop;
    this.#slots[at + STARTED] = started;
  }
  /** Whether the transaction has, or had, other attempts. */
  isRetried(slot: number): boolean {
    return (this.#slots[slot * STRIDE + LENGTH]! & RETRIED) !== 0;
  }
  /** Marks it as one of several attempts. */
  setRetried(slot: number): void {
    this.#slots[slot * STRIDE + LENGTH]! |= 1;
  }
  /** Tick at which the transaction's life ends, modulo 2^32. */
  deadlineOf(slot: number): number {
    return this.#slots[slot * STRIDE + DEADLINE]!;
  }
  /** The segment that holds the request as it was sent. */
  segmentOf(slot: number): Segment {
    return this.#segments.get(this.#slots[slot * STRIDE + PLACE]! >>> 14);
  }
  /** Byte offset of the request in {@link segmentOf}. */
  offsetOf(slot: number): number {
    return (this.#slots[slot * STRIDE + PLACE]! & 0x3fff) << 2;
  }

  /**
   * Who holds how much of it: those that requests came from, or those that they went to where the
   * table serves several. Counted once in a tick at most, so that it costs nothing to those who do
   * not ask, and next to nothing to those who always do.
   */
  sharesAt(tick: number): Shares {
    const shares = this.#shares ??= new Shares();
    if (tick === this.#sharesOf) return shares;
    this.#sharesOf = tick;
    shares.clear();
    const slots = this.#slots;
    const holder = this.#byTarget ? TARGET : REQUESTER;
    for (let at = 0, end = this.#circle * STRIDE; at < end; at += STRIDE) {
      if (slots[at + REQUESTER] !== 0) shares.take(slots[at + holder]!, slots[at + LENGTH]! & ~RETRIED);
    }
    return shares;
  }

  /** The slots in use for which `wanted` says yes, oldest request first. */
  pending(wanted: (slot: number) => boolean = () => true): number[] {
    const found: number[] = [];
    if (this.size === 0) return found;
    for (let slot = 0; slot < this.#circle; slot++) {
      if (this.#slots[slot * STRIDE + REQUESTER] !== 0 && wanted(slot)) found.push(slot);
    }
    // The difference of two times modulo 2^32 orders them as long as they are less than half an
    // hour apart; older ones are only less well ordered.
    return found.sort((a, b) => (this.startedOf(a) - this.startedOf(b)) | 0);
  }

  /**
   * A segment of this peer's out-queue is full. When many are kept because a few of their requests
   * are unanswered, the oldest of those are emptied: what is still pending moves together, so that
   * memory follows what is pending and not what once was.
   */
  sealed(segment: Segment): void {
    this.#sealed.push({ segment, generation: segment.generation });
    this.#tidy();
  }

  /**
   * A segment of the slab's own with `length` bytes free at its head, for a request that is kept
   * apart from the queue it leaves from: {@link open} it there, write it, move the head. A queue to
   * a Logic App holds answers above all; a few requests among them must not keep all of them.
   */
  room(length: number): Segment {
    this.#tidy();
    return this.#survivorsWithRoom(length);
  }

  #tidy(): void {
    if (this.#sealed.length <= this.#tidyAt) return;
    const kept: Sealed[] = [];
    for (const entry of this.#sealed) {
      if (entry.segment.generation !== entry.generation) continue;
      if (entry.segment.queued || entry.segment.live * 4 > entry.segment.retained) kept.push(entry);
      else this.#empty(entry.segment);
    }
    this.#sealed = kept;
    this.#tidyAt = Math.max(TIDY_ABOVE, kept.length * 2);
  }

  /** Gives back what the slab holds beyond its slots: the peer's connection is gone for good. */
  dispose(): void {
    for (const slot of this.pending()) this.close(slot);
    this.#letSurvivorsGo();
  }

  /** Moves the pending requests of `segment` to the survivors. */
  #empty(segment: Segment): void {
    for (let at = 0; at < segment.head;) {
      const length = segment.view.getUint32(at) & 0xffffff;
      const id = segment.view.getUint32(at + OFFSET.hopByHop);
      const slot = (id & 0xffff) === OWN_REQUEST_SLOT ? -1 : this.find(id);
      const place = (segment.index << 14) | (at >> 2);
      if (slot >= 0 && this.#slots[slot * STRIDE + PLACE] === place) {
        const to = this.#survivorsWithRoom(length);
        to.bytes.set(segment.bytes.subarray(at, at + length), to.head);
        this.#slots[slot * STRIDE + PLACE] = (to.index << 14) | (to.head >> 2);
        to.head += length;
        to.live++;
        to.retained++;
        segment.live--;
      }
      at += length;
    }
    this.#segments.settle(segment);
  }

  #survivorsWithRoom(length: number): Segment {
    const current = this.#survivors;
    if (current !== undefined && current.head + length <= current.size) return current;
    this.#letSurvivorsGo();
    return this.#survivors = this.#segments.take(length, this.#budget);
  }

  #letSurvivorsGo(): void {
    const survivors = this.#survivors;
    this.#survivors = undefined;
    if (survivors === undefined) return;
    survivors.queued = false;
    this.#sealed.push({ segment: survivors, generation: survivors.generation });
    this.#segments.settle(survivors);
  }

  #widen(): void {
    const until = Math.min(this.#circle === 0 ? FIRST_CIRCLE : this.#circle * 2, SLOTS);
    for (let slot = this.#circle; slot < until; slot++) {
      if (slot === OWN_REQUEST_SLOT) continue;
      // Memory that no slot in circulation needs is never touched, and so never taken from the
      // system.
      this.#slots[slot * STRIDE + ID] = this.#firstGeneration | slot;
      this.#free[this.#tail] = slot;
      this.#tail = (this.#tail + 1) & SLOT_MASK;
      this.#freeCount++;
    }
    this.#circle = until;
  }
}
