/**
 * Blocks of memory that travel: lent by a source, filled by an out-queue, kept for a
 * retransmission; pooled, never garbage in between.
 * @module
 */

import { Spares } from "./spares.ts";

/** Bytes of a block that an idle connection reads into. */
export const SMALL_BLOCK = 1024;
/** Bytes of a block for bulk. */
export const LARGE_BLOCK = 64 * 1024;

/** One piece of memory with the three views that the message path needs, made once. */
export class Block {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly view: DataView<ArrayBuffer>;
  /**
   * The same memory as 32 bit words in the machine's byte order: for copying, never for reading
   * values.
   */
  readonly words: Int32Array<ArrayBuffer>;

  /** @param size bytes, a multiple of 4 */
  constructor(readonly size: number) {
    const buffer = new ArrayBuffer(size);
    this.bytes = new Uint8Array(buffer);
    this.view = new DataView(buffer);
    this.words = new Int32Array(buffer);
  }
}

/** Copies shorter than this go word by word: a call to `set` with its `subarray` costs more. */
const WORD_COPY_LIMIT = 256;

/**
 * Copies `length` bytes; both offsets are multiples of 4, and up to 3 bytes behind the end may be
 * copied with them. For frames whose rule has `alignment` 4; any others are copied with
 * `bytes.set`.
 * @param at byte offset in `from` @param to byte offset in `target`
 */
export function copyWords(from: Block, at: number, length: number, target: Block, to: number): void {
  if (length > WORD_COPY_LIMIT) {
    target.bytes.set(from.bytes.subarray(at, at + length), to);
    return;
  }
  const source = from.words;
  const destination = target.words;
  const shift = (to - at) >> 2;
  const stop = (at + length + 3) >> 2;
  for (let i = at >> 2; i < stop; i++) destination[i + shift] = source[i]!;
}

/** Where blocks come from and go back to. */
export interface Blocks {
  /** A block of at least `size` bytes; its content is whatever it was. */
  take(size: number): Block;
  /** Gives a block back. The caller must not touch it again. */
  give(block: Block): void;
}

/** Blocks for reuse, in two sizes; larger ones are made to measure and left to the collector. */
export class BlockPool implements Blocks {
  readonly #small: Spares<Block>;
  readonly #large: Spares<Block>;
  /** Blocks that are out of the pool now, all sizes. */
  lent = 0;

  /** @param keepSmall, keepLarge how many unused blocks of each size are kept */
  constructor(keepSmall = 1024, keepLarge = 256) {
    this.#small = new Spares(keepSmall);
    this.#large = new Spares(keepLarge);
  }

  take(size: number): Block {
    this.lent++;
    if (size <= SMALL_BLOCK) return this.#small.take() ?? new Block(SMALL_BLOCK);
    if (size <= LARGE_BLOCK) return this.#large.take() ?? new Block(LARGE_BLOCK);
    return new Block((size + 3) & ~3);
  }

  give(block: Block): void {
    this.lent--;
    if (block.size === SMALL_BLOCK) this.#small.give(block);
    else if (block.size === LARGE_BLOCK) this.#large.give(block);
  }

  /** To be called every ten seconds or so: unused blocks that were not needed since go. */
  rest(): void {
    this.#small.rest();
    this.#large.rest();
  }
}

/**
 * What one chain of streams borrows. A chain that is torn down drops the batches in its queues and
 * tells nobody: {@link end} writes their blocks off. They are left to the collector and never used
 * again, so that it does not matter whether someone still looks at one.
 */
export class BlockLease implements Blocks {
  /** Blocks of this lease that are out of the pool now. */
  lent = 0;
  #ended = false;
  readonly #pool: BlockPool;

  constructor(pool: BlockPool) {
    this.#pool = pool;
  }

  take(size: number): Block {
    if (this.#ended) return new Block((size + 3) & ~3);
    this.lent++;
    return this.#pool.take(size);
  }

  give(block: Block): void {
    if (this.#ended) return;
    this.lent--;
    this.#pool.give(block);
  }

  /** The chain has ended: nothing of it counts as lent any more. */
  end(): void {
    this.#ended = true;
    this.#pool.lent -= this.lent;
    this.lent = 0;
  }
}
