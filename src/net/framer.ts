/**
 * Cuts a stream of bytes into whole frames, and nothing else.
 * @module
 */
import { Batch, type BatchOwner, type FrameFault } from "./batch.ts";
import { type Block, type Blocks, LARGE_BLOCK } from "./block.ts";

/** How a protocol says where a frame ends. */
export interface FrameRule {
  /** Bytes from which the length can be told. */
  readonly lengthBytes: number;
  /**
   * Judges the frame that begins at `at`, of which `available` bytes (at least {@link lengthBytes}) are there.
   * @returns its length in bytes, a positive multiple of 4; 0 when more bytes are needed to tell; a {@link FrameFault} kind when it can never be a frame
   */
  measure(view: DataView, at: number, available: number): number | string;
}

/** A carry never asks for more than this ahead of the bytes that did arrive. */
const FIRST_CARRY = 1024;

/**
 * Batches of bytes in, batches of whole frames out. Frames stay where they were read; only one that spans reads is completed in a block of its own,
 * which grows with what has arrived and not with what was announced. A fault ends the stream: the last batch carries it.
 */
export function framer(rule: FrameRule, pool: Blocks): TransformStream<Batch, Batch> {
  let carry: Block | undefined;
  let carried = 0;
  let broken = false;
  const carryOwner: BatchOwner = { released: (block) => pool.give(block) };

  /** Makes room for `size` bytes in the carry, keeping what is in it. */
  function reserve(size: number): Block {
    if (carry === undefined) return carry = pool.take(Math.max(size, FIRST_CARRY));
    if (size <= carry.size) return carry;
    const larger = pool.take(size <= LARGE_BLOCK ? LARGE_BLOCK : Math.max(size, carry.size * 2));
    larger.bytes.set(carry.bytes.subarray(0, carried));
    pool.give(carry);
    return carry = larger;
  }

  /** Moves up to `wanted` bytes from the front of `batch` to the carry. */
  function carryOver(batch: Batch, wanted: number): void {
    const count = Math.min(wanted, batch.end - batch.start);
    if (count === 0) return;
    const block = reserve(carried + count);
    block.bytes.set(batch.block.bytes.subarray(batch.start, batch.start + count), carried);
    carried += count;
    batch.start += count;
  }

  function dropCarry(): void {
    if (carry !== undefined) pool.give(carry);
    carry = undefined;
    carried = 0;
  }

  function fault(kind: string, block: Block, at: number, end: number): FrameFault {
    broken = true;
    return { kind, bytes: block.bytes.slice(at, end) };
  }

  /**
   * Completes the carried frame from the front of `batch`.
   * @returns a batch when it is whole, or the fault found in it; undefined when bytes are still missing
   */
  function completeCarry(batch: Batch): Batch | undefined {
    for (;;) {
      const length = carried < rule.lengthBytes ? 0 : rule.measure(carry!.view, 0, carried);
      if (typeof length === "string" || length === carried) {
        const out = new Batch(carryOwner, carry!, 0, 0);
        if (typeof length === "string") out.fault = fault(length, carry!, 0, carried);
        else out.end = length;
        carry = undefined;
        carried = 0;
        return out;
      }
      // Judged before more is asked for: the last byte that shows a fault may be the last one that ever comes.
      if (batch.start === batch.end) return undefined;
      // When not even the length can be told: word by word is rare and short.
      const untold = carried < rule.lengthBytes ? rule.lengthBytes - carried : 4 - (carried & 3);
      carryOver(batch, length > 0 ? length - carried : untold);
    }
  }

  return new TransformStream<Batch, Batch>({
    transform(batch, controller) {
      if (broken) return batch.release();
      if (carried > 0) {
        const whole = completeCarry(batch);
        if (whole !== undefined) controller.enqueue(whole);
        if (broken || batch.start === batch.end) {
          batch.release();
          if (broken) controller.terminate();
          return;
        }
      }
      const { block, end } = batch;
      const view = block.view;
      let at = batch.start;
      let found: string | undefined;
      while (end - at >= rule.lengthBytes) {
        const length = rule.measure(view, at, end - at);
        if (typeof length === "string") {
          found = length;
          break;
        }
        if (length === 0 || length > end - at) break;
        at += length;
      }
      if (found !== undefined) {
        batch.fault = fault(found, block, at, end);
      } else if (at < end) {
        const whole = batch.start;
        batch.start = at;
        carryOver(batch, end - at);
        batch.start = whole;
      }
      batch.end = at;
      if (at > batch.start || broken) controller.enqueue(batch);
      else batch.release();
      if (broken) controller.terminate();
    },
    flush() {
      dropCarry();
    },
    cancel() {
      dropCarry();
    },
  });
}
