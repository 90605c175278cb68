/**
 * The blocks that out-queues fill: written once, sent from where they lie, and kept as long as
 * somebody may need to send their content again.
 * @module
 */
import { Block, LARGE_BLOCK } from "./block.ts";
import { Budget } from "./budget.ts";
import { Spares } from "./spares.ts";

/** Bytes of the segment that suffices a queue of little traffic. */
export const SMALL_SEGMENT = 4096;

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

/** Small segments that are kept for each large one: so that they are as many bytes. */
const SMALL_PER_LARGE = LARGE_BLOCK / SMALL_SEGMENT;

/**
 * All segments of one gateway, found by number. Unused ones are kept for reuse, up to a limit,
 * until {@link SegmentPool.rest} finds that they are not needed.
 */
export class SegmentPool {
  readonly #all: (Segment | undefined)[] = [undefined];
  readonly #freeNumbers: number[] = [];
  readonly #unused: Spares<Segment>;
  readonly #unusedSmall: Spares<Segment>;
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

  /**
   * @param limit bytes, see {@link exhausted}
   * @param keep how many unused segments are kept (64 KiB each, and as many bytes of small ones)
   */
  constructor(limit = 512 * 1024 * 1024, keep = 128) {
    this.budget = new Budget(limit);
    this.#unused = new Spares(keep);
    this.#unusedSmall = new Spares(keep * SMALL_PER_LARGE);
  }

  /**
   * An empty segment for a message of at least `size` bytes.
   * @param budget whose it is until it comes back; the pool's own unless said otherwise
   * @param small a small one will do, if the message fits
   * @throws RangeError when all numbers are given out (256 Ki segments, of which a queue has at
   * most one small one: 16 GiB, and one for each connection)
   */
  take(size: number, budget: Budget = this.budget, small = false): Segment {
    const usual = small && size <= SMALL_SEGMENT ? SMALL_SEGMENT : LARGE_BLOCK;
    let segment: Segment | undefined;
    if (size <= usual) segment = (usual === SMALL_SEGMENT ? this.#unusedSmall : this.#unused).take();
    if (segment === undefined) {
      const number = this.#freeNumbers.pop() ?? this.#all.length;
      if (number >= MAX_SEGMENTS) {
        throw new RangeError(`Cannot queue ${size} bytes: ${MAX_SEGMENTS} segments are in use`);
      }
      segment = new Segment(size <= usual ? usual : (size + 3) & ~3, number);
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
    if (!this.#isKept(segment)) this.#forget(segment);
  }

  /** To be called every ten seconds or so: unused segments that were not needed since go. */
  rest(): void {
    for (const spares of [this.#unused, this.#unusedSmall]) {
      for (const segment of spares.rest()) this.#forget(segment);
    }
  }

  #isKept(segment: Segment): boolean {
    if (segment.size === LARGE_BLOCK) return this.#unused.give(segment);
    return segment.size === SMALL_SEGMENT && this.#unusedSmall.give(segment);
  }

  #forget({ index }: Segment): void {
    this.#all[index] = undefined;
    this.#freeNumbers.push(index);
  }
}
