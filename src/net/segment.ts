/**
 * The blocks that out-queues fill: written once, sent from where they lie, and kept as long as somebody may need to send their content again.
 * @module
 */
import { Block, LARGE_BLOCK } from "./block.ts";
import { Budget } from "./budget.ts";

/**
 * Offsets and segment numbers fit one 32 bit word together: 18 bits for the segment, 14 for the
 * word in it, where messages begin on whole words (`alignment` 4).
 */
export const MAX_SEGMENTS = 0x40000;

/** A block of an out-queue. Bytes from `sent` to `head` wait to be written. */
export class Segment extends Block {
  head = 0;
  sent = 0;
  /** How many retained messages in here may still be needed. */
  live = 0;
  /** How many messages were ever retained in here since it was taken. */
  retained = 0;
  /** Grows each time the segment is given back, so that a stale reference can be told. */
  generation = 0;
  /** True while an out-queue fills it or writes from it. */
  queued = false;
  /** Next segment of the same queue. */
  next: Segment | undefined = undefined;
  /** Who holds it. */
  budget: Budget | undefined = undefined;

  /** @param index the number it is found by */
  constructor(size: number, readonly index: number) {
    super(size);
  }
}

/** All segments of one gateway, found by number; unused ones are kept for reuse, up to a limit. */
export class SegmentPool {
  readonly #all: (Segment | undefined)[] = [undefined];
  readonly #freeNumbers: number[] = [];
  readonly #unused: Segment[] = [];
  /** Bytes of all segments in use. What others hold is a part of it. */
  readonly budget: Budget;

  /** Bytes of the segments in use. */
  get bytesInUse(): number {
    return this.budget.used;
  }

  /** Whether so much is in use that nothing should be added that can be refused. */
  get exhausted(): boolean {
    return this.budget.exhausted;
  }

  /** @param limit bytes, see {@link exhausted} @param keep how many unused segments are kept (64 KiB each) */
  constructor(limit = 512 * 1024 * 1024, readonly keep = 128) {
    this.budget = new Budget(limit);
  }

  /**
   * An empty segment for a message of at least `size` bytes.
   * @param budget whose it is until it comes back; the pool's own unless said otherwise
   * @throws RangeError when all numbers are given out (256 Ki segments, at least 16 GiB)
   */
  take(size: number, budget: Budget = this.budget): Segment {
    let segment: Segment | undefined;
    if (size <= LARGE_BLOCK) segment = this.#unused.pop();
    if (segment === undefined) {
      const number = this.#freeNumbers.pop() ?? this.#all.length;
      if (number >= MAX_SEGMENTS) {
        throw new RangeError(`Cannot queue ${size} bytes: ${MAX_SEGMENTS} segments are in use`);
      }
      segment = new Segment(size <= LARGE_BLOCK ? LARGE_BLOCK : (size + 3) & ~3, number);
      this.#all[number] = segment;
    }
    segment.queued = true;
    segment.budget = budget;
    budget.add(segment.size);
    return segment;
  }

  /** The segment with that number, which is in use. */
  get(index: number): Segment {
    return this.#all[index]!;
  }

  /** One retained message of `segment` is no longer needed. */
  release(segment: Segment): void {
    segment.live--;
    this.settle(segment);
  }

  /** Takes `segment` back when nobody needs it any more. */
  settle(segment: Segment): void {
    if (segment.queued || segment.live > 0) return;
    segment.generation++;
    segment.head = 0;
    segment.sent = 0;
    segment.retained = 0;
    segment.next = undefined;
    segment.budget!.add(-segment.size);
    segment.budget = undefined;
    if (segment.size === LARGE_BLOCK && this.#unused.length < this.keep) {
      this.#unused.push(segment);
    } else {
      this.#all[segment.index] = undefined;
      this.#freeNumbers.push(segment.index);
    }
  }
}
