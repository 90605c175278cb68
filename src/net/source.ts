/**
 * A connection as a stream of batches, reading into memory of its own.
 * @module
 */
import { Batch, type BatchOwner } from "./batch.ts";
import { type Block, type Blocks, LARGE_BLOCK, SMALL_BLOCK } from "./block.ts";
import { type ByteReader, Tap, type TapListener } from "./tap.ts";

/**
 * The bytes of `reader`, one batch per read, only when asked for. A small block is lent as long as
 * reads are small; after a read that filled it the next one gets a large block from the pool. The
 * next read waits until the batch before it was released, so a connection holds one block.
 *
 * Byte n of the stream lies at an offset that equals n modulo `alignment`: whatever the sizes of
 * the reads, frames whose lengths are multiples of it begin on multiples of it.
 *
 * @param alignment the `alignment` of the rule by which the frames are cut
 */
export function source(reader: ByteReader, pool: Blocks, alignment: number): ReadableStream<Batch> {
  return new ByteSource(new Tap(reader), pool, alignment).stream();
}

/** Methods, not closures: thousands of these may be idle. */
export class ByteSource implements UnderlyingDefaultSource<Batch>, BatchOwner, TapListener {
  readonly #tap: Tap;
  readonly #pool: Blocks;
  /** Which bits of {@link total} a read's offset shares. */
  readonly #phaseMask: number;
  #controller: ReadableStreamDefaultController<Batch> | undefined;
  /** Bytes that it has brought. */
  total = 0;
  /** It ended by {@link leave}. */
  left = false;
  #size = SMALL_BLOCK;
  #kept: Block | undefined;
  #lent = false;
  #ended = false;
  /** Ends the pull that waits for a read. */
  #pulled: (() => void) | undefined;

  /**
   * @param tap may have a read under way already, into a block of `pool` from its first byte on
   * @param alignment see {@link source}
   */
  constructor(tap: Tap, pool: Blocks, alignment: number) {
    this.#tap = tap;
    this.#pool = pool;
    this.#phaseMask = alignment - 1;
  }

  /** The stream, once. */
  stream(): ReadableStream<Batch> {
    return new ReadableStream<Batch>(this, { highWaterMark: 0 });
  }

  /**
   * Blocks of the pool that this source itself holds; whatever else is lent travels, or waits to be
   * completed.
   */
  get held(): number {
    return (this.#kept === undefined ? 0 : 1) + (this.#tap.block === undefined ? 0 : 1);
  }

  /**
   * Ends the stream in order while it waits for a read, which goes on: whoever comes next takes it
   * from the tap.
   * @returns false when this is no moment for it
   */
  leave(): boolean {
    if (this.#ended || this.#lent || this.#pulled === undefined || this.#tap.block === undefined) return false;
    this.left = true;
    this.#tap.forget();
    this.#end();
    this.#controller!.close();
    this.#settle();
    return true;
  }

  released(block: Block): void {
    this.#lent = false;
    if (block.size === SMALL_BLOCK && this.#kept === undefined && !this.#ended) this.#kept = block;
    else this.#pool.give(block);
    // Not at once: whoever releases a batch may be about to end the stream.
    if (this.#pulled !== undefined) queueMicrotask(this.#readOn);
  }

  pull(controller: ReadableStreamDefaultController<Batch>): Promise<void> {
    this.#controller = controller;
    return new Promise((resolve) => {
      this.#pulled = resolve;
      if (!this.#lent) this.#read();
    });
  }

  arrived(): void {
    const block = this.#tap.block!;
    const phase = this.total & this.#phaseMask;
    let count: number | null;
    try {
      count = this.#tap.take();
    } catch (error) {
      if (this.#end(block)) this.#controller!.error(error);
      return this.#settle();
    }
    if (count === null || this.#ended) {
      if (this.#end(block)) this.#controller!.close();
      return this.#settle();
    }
    this.total += count;
    if (count === block.size - phase) this.#size = LARGE_BLOCK;
    else if (count < SMALL_BLOCK / 2) this.#size = SMALL_BLOCK;
    this.#lent = true;
    this.#controller!.enqueue(new Batch(this, block, phase, phase + count));
    this.#settle();
  }

  cancel(): void {
    this.#end();
    this.#settle();
  }

  readonly #readOn = (): void => {
    if (this.#pulled !== undefined && !this.#lent) this.#read();
  };

  #read(): void {
    if (this.#ended) return this.#settle();
    if (this.#tap.block === undefined) this.#tap.read(this.#takeBlock(), this.total & this.#phaseMask);
    this.#tap.wait(this);
  }

  #takeBlock(): Block {
    const kept = this.#kept;
    if (this.#size !== SMALL_BLOCK || kept === undefined) return this.#pool.take(this.#size);
    this.#kept = undefined;
    return kept;
  }

  /** @returns whether it had not ended before */
  #end(block?: Block): boolean {
    const first = !this.#ended;
    this.#ended = true;
    if (block !== undefined) this.#pool.give(block);
    if (this.#kept !== undefined) this.#pool.give(this.#kept);
    this.#kept = undefined;
    return first;
  }

  #settle(): void {
    const pulled = this.#pulled;
    this.#pulled = undefined;
    pulled?.();
  }
}
