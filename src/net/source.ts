/**
 * A connection as a stream of batches, reading into memory of its own.
 * @module
 */
import { Batch, type BatchOwner } from "./batch.ts";
import { type Block, type Blocks, LARGE_BLOCK, SMALL_BLOCK } from "./block.ts";

/** What a source reads from: `Deno.Conn`, or a TLS connection behind the same call. */
export interface ByteReader {
  /** Reads at least one byte into `into`; resolves with how many, or null at the end. */
  read(into: Uint8Array): Promise<number | null>;
}

/**
 * The bytes of `reader`, one batch per read, only when asked for. A small block is lent as long as reads are small; after a read that filled it
 * the next one gets a large block from the pool. The next read waits until the batch before it was released, so a connection holds one block.
 *
 * Byte n of the stream lies at an offset that equals n modulo 4: whatever the sizes of the reads, frames whose lengths are multiples of 4 begin
 * on multiples of 4.
 */
export function source(reader: ByteReader, pool: Blocks): ReadableStream<Batch> {
  return new ReadableStream<Batch>(new ByteSource(reader, pool), { highWaterMark: 0 });
}

/** Methods, not closures: thousands of these may be idle. */
class ByteSource implements UnderlyingDefaultSource<Batch>, BatchOwner {
  readonly #reader: ByteReader;
  readonly #pool: Blocks;
  #total = 0;
  #size = SMALL_BLOCK;
  #kept: Block | undefined;
  #lent = false;
  #ended = false;
  #wake: (() => void) | undefined;

  constructor(reader: ByteReader, pool: Blocks) {
    this.#reader = reader;
    this.#pool = pool;
    this.#kept = pool.take(SMALL_BLOCK);
  }

  released(block: Block): void {
    this.#lent = false;
    if (block.size === SMALL_BLOCK && this.#kept === undefined && !this.#ended) this.#kept = block;
    else this.#pool.give(block);
    this.#goOn();
  }

  async pull(controller: ReadableStreamDefaultController<Batch>): Promise<void> {
    if (this.#lent) await new Promise<void>((resolve) => this.#wake = resolve);
    if (this.#ended) return;
    const block = this.#takeBlock();
    const phase = this.#total & 3;
    let count: number | null;
    try {
      count = await this.#reader.read(phase === 0 ? block.bytes : block.bytes.subarray(phase));
    } catch (error) {
      if (this.#end(block)) controller.error(error);
      return;
    }
    if (count === null || this.#ended) {
      if (this.#end(block)) controller.close();
      return;
    }
    this.#total += count;
    if (count === block.size - phase) this.#size = LARGE_BLOCK;
    else if (count < SMALL_BLOCK / 2) this.#size = SMALL_BLOCK;
    this.#lent = true;
    controller.enqueue(new Batch(this, block, phase, phase + count));
  }

  cancel(): void {
    this.#end();
    this.#goOn();
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

  #goOn(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }
}
