/**
 * Reads a connection into one block, and lets its owner take from it what is whole.
 * @module
 */
import { type Block, type BlockPool, LARGE_BLOCK, SMALL_BLOCK } from "../net/block.ts";
import type { ByteReader } from "../net/tap.ts";
import type { Turns } from "../net/turns.ts";

/**
 * Bytes of a read that may be one of many in a turn of the event loop: calls of usual size and
 * number are less, and need not ask for the time.
 */
const BULK = LARGE_BLOCK / 4;

/** Who takes the bytes. */
export interface ReaderOwner {
  /**
   * Takes what it can of the bytes from `at` to `end`, which stay where they are during the call.
   * @returns up to where it has taken them; the rest comes again with more behind it, and must be
   * less than a large block
   */
  take(block: Block, at: number, end: number): number;
  /** To be waited for before more is read; undefined when nothing is in the way. */
  busy(): Promise<void> | undefined;
  /** The end, once: the other side closed, or `error` says what went wrong. */
  ended(error?: unknown): void;
}

/**
 * The lean counterpart of `net/intake.ts` for frames that are short and many: one read, one pass
 * over what it brought, no stream in between. A frame that spans reads is completed in the block in
 * which it began. The block is small while reads are small, so that an idle connection holds
 * little.
 */
export class BlockReader {
  /** Bytes read. */
  total = 0;
  readonly #reader: ByteReader;
  readonly #pool: BlockPool;
  readonly #turns: Turns;
  readonly #owner: ReaderOwner;
  #block: Block;
  /** Bytes in the block that are not taken yet; they lie at its beginning. */
  #filled = 0;
  #large = false;
  #stopped = false;

  constructor(reader: ByteReader, pool: BlockPool, turns: Turns, owner: ReaderOwner) {
    this.#reader = reader;
    this.#pool = pool;
    this.#turns = turns;
    this.#owner = owner;
    this.#block = pool.take(SMALL_BLOCK);
  }

  /** Begins to read; later, goes on. */
  read(): void {
    const { bytes } = this.#block;
    const filled = this.#filled;
    this.#reader.read(filled === 0 ? bytes : bytes.subarray(filled)).then(this.#arrived, this.#failed);
  }

  /** Tells the owner nothing more; what the read under way brings is dropped. */
  stop(): void {
    this.#stopped = true;
  }

  readonly #arrived = (count: number | null): void => {
    if (this.#stopped || count === null) return this.#end();
    this.total += count;
    const block = this.#block;
    const end = this.#filled + count;
    const taken = this.#owner.take(block, 0, end);
    if (this.#stopped) return this.#end();
    const left = this.#filled = end - taken;
    if (left > 0 && taken > 0) block.bytes.copyWithin(0, taken, end);
    if (end === block.size) this.#large = true;
    else if (end < SMALL_BLOCK) this.#large = false;
    this.#fit();
    const wait = this.#owner.busy();
    if (wait !== undefined) void wait.then(this.#goOn);
    else if (count >= BULK && this.#turns.isLong) this.#turns.next(this.#goOn);
    else this.read();
  };

  readonly #goOn = (): void => {
    if (this.#stopped) this.#end();
    else this.read();
  };

  readonly #failed = (error: unknown): void => {
    this.#end(error);
  };

  /** Takes a block of the size that suits, with what is left in this one. */
  #fit(): void {
    const block = this.#block;
    const large = this.#large || this.#filled === SMALL_BLOCK;
    if ((block.size === LARGE_BLOCK) === large || (!large && this.#filled >= SMALL_BLOCK)) return;
    const other = this.#pool.take(large ? LARGE_BLOCK : SMALL_BLOCK);
    if (this.#filled > 0) other.bytes.set(block.bytes.subarray(0, this.#filled));
    this.#pool.give(block);
    this.#block = other;
  }

  #end(error?: unknown): void {
    this.#pool.give(this.#block);
    const told = this.#stopped;
    this.#stopped = true;
    if (!told) this.#owner.ended(error);
  }
}
