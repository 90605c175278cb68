/**
 * Cuts a stream of bytes into whole frames, and nothing else.
 * @module
 */
import { Batch, type BatchOwner, type FrameFault } from "./batch.ts";
import { type Block, type Blocks, LARGE_BLOCK } from "./block.ts";

/** How a protocol says where a frame ends. */
export interface FrameRule {
  /**
   * A power of two that every frame's length is a multiple of, 4 at most: 4 where frames are to
   * begin on whole words, so that `copyWords` may take them; 1 where lengths are any, and bytes are
   * copied.
   */
  readonly alignment: number;
  /** Bytes from which the length can be told. */
  readonly lengthBytes: number;
  /**
   * Bytes of the longest frame that is taken. Asked once for what a read brought: it may change
   * while the stream is read.
   */
  longest(): number;
  /**
   * Judges the frame that begins at `at`, of which `available` bytes (at least {@link lengthBytes})
   * are there.
   * @param longest what {@link longest} said
   * @returns its length in bytes, a positive multiple of {@link alignment}; 0 when more bytes are
   * needed to tell; a {@link FrameFault} kind when it can never be a frame
   */
  measure(view: DataView, at: number, available: number, longest: number): number | string;
}

/** A carry never asks for more than this ahead of the bytes that did arrive. */
const FIRST_CARRY = 1024;

/**
 * Batches of bytes in, batches of whole frames out. Frames stay where they were read, on the
 * offsets that the source gave them; only one that spans reads is completed at the front of a block
 * of its own, which grows with what has arrived and not with what was announced. A fault ends the
 * stream: the last batch carries it.
 */
export function framer(rule: FrameRule, pool: Blocks): TransformStream<Batch, Batch> {
  return new TransformStream<Batch, Batch>(new Framer(rule, pool));
}

/** Methods, not closures: thousands of these may be idle. */
class Framer implements Transformer<Batch, Batch>, BatchOwner {
  readonly #rule: FrameRule;
  readonly #pool: Blocks;
  #carry: Block | undefined;
  #carried = 0;
  #broken = false;

  constructor(rule: FrameRule, pool: Blocks) {
    this.#rule = rule;
    this.#pool = pool;
  }

  /** A carry that was handed on comes back. */
  released(block: Block): void {
    this.#pool.give(block);
  }

  transform(batch: Batch, controller: TransformStreamDefaultController<Batch>): void {
    if (this.#broken) return batch.release();
    if (this.#carried > 0) {
      const whole = this.#completeCarry(batch);
      if (whole !== undefined) controller.enqueue(whole);
      if (this.#broken || batch.start === batch.end) {
        batch.release();
        if (this.#broken) controller.terminate();
        return;
      }
    }
    this.#cut(batch);
    if (batch.end > batch.start || this.#broken) controller.enqueue(batch);
    else batch.release();
    if (this.#broken) controller.terminate();
  }

  flush(): void {
    this.#dropCarry();
  }

  cancel(): void {
    this.#dropCarry();
  }

  /** Leaves the whole frames in `batch`; what is behind them goes to the carry, or is the fault. */
  #cut(batch: Batch): void {
    const rule = this.#rule;
    const { block, end } = batch;
    const view = block.view;
    const longest = rule.longest();
    let at = batch.start;
    while (end - at >= rule.lengthBytes) {
      const length = rule.measure(view, at, end - at, longest);
      if (typeof length === "string") {
        batch.fault = this.#fault(length, block, at, end);
        batch.end = at;
        return;
      }
      if (length === 0 || length > end - at) break;
      at += length;
    }
    if (at < end) this.#carryOver(block, at, end - at);
    batch.end = at;
  }

  /**
   * Completes the carried frame from the front of `batch`.
   * @returns a batch when it is whole, or the fault found in it; undefined when bytes are still
   * missing
   */
  #completeCarry(batch: Batch): Batch | undefined {
    const rule = this.#rule;
    for (;;) {
      const carry = this.#carry!;
      const carried = this.#carried;
      const length = carried < rule.lengthBytes ? 0 : rule.measure(carry.view, 0, carried, rule.longest());
      if (typeof length === "string" || length === carried) {
        const out = new Batch(this, carry, 0, 0);
        if (typeof length === "string") out.fault = this.#fault(length, carry, 0, carried);
        else out.end = length;
        this.#carry = undefined;
        this.#carried = 0;
        return out;
      }
      // Judged before more is asked for: the last byte that shows a fault may be the last one that
      // ever comes.
      if (batch.start === batch.end) return undefined;
      // When not even the length can be told: step by step is rare and short.
      const { lengthBytes, alignment } = rule;
      const untold = carried < lengthBytes ? lengthBytes - carried : alignment - (carried & (alignment - 1));
      const count = Math.min(length > 0 ? length - carried : untold, batch.end - batch.start);
      this.#carryOver(batch.block, batch.start, count);
      batch.start += count;
    }
  }

  /** Adds `count` bytes from `at` to the carry. */
  #carryOver(block: Block, at: number, count: number): void {
    const carry = this.#reserve(this.#carried + count);
    carry.bytes.set(block.bytes.subarray(at, at + count), this.#carried);
    this.#carried += count;
  }

  /** Makes room for `size` bytes in the carry, keeping what is in it. */
  #reserve(size: number): Block {
    const carry = this.#carry;
    if (carry === undefined) return this.#carry = this.#pool.take(Math.max(size, FIRST_CARRY));
    if (size <= carry.size) return carry;
    const larger = this.#pool.take(size <= LARGE_BLOCK ? LARGE_BLOCK : Math.max(size, carry.size * 2));
    larger.bytes.set(carry.bytes.subarray(0, this.#carried));
    this.#pool.give(carry);
    return this.#carry = larger;
  }

  #dropCarry(): void {
    if (this.#carry !== undefined) this.#pool.give(this.#carry);
    this.#carry = undefined;
    this.#carried = 0;
  }

  #fault(kind: string, block: Block, at: number, end: number): FrameFault {
    this.#broken = true;
    return { kind, bytes: block.bytes.slice(at, end) };
  }
}
