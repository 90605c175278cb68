/**
 * A connection as a stream of batches, reading into memory of its own.
 * @module
 */
import { Batch } from "./batch.ts";
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
  let total = 0;
  let size = SMALL_BLOCK;
  let kept: Block | undefined = pool.take(SMALL_BLOCK);
  let lent: Block | undefined;
  let ended = false;
  let wake: (() => void) | undefined;

  const owner = {
    released(block: Block): void {
      lent = undefined;
      if (block.size === SMALL_BLOCK && kept === undefined && !ended) kept = block;
      else pool.give(block);
      wake?.();
      wake = undefined;
    },
  };
  const end = () => {
    ended = true;
    if (kept !== undefined) pool.give(kept);
    kept = undefined;
  };

  return new ReadableStream<Batch>({
    async pull(controller) {
      if (lent !== undefined) await new Promise<void>((resolve) => wake = resolve);
      if (ended) return;
      let block: Block;
      if (size === SMALL_BLOCK && kept !== undefined) {
        block = kept;
        kept = undefined;
      } else {
        block = pool.take(size);
      }
      const phase = total & 3;
      let count: number | null;
      try {
        count = await reader.read(phase === 0 ? block.bytes : block.bytes.subarray(phase));
      } catch (error) {
        pool.give(block);
        const cancelled = ended;
        end();
        if (!cancelled) controller.error(error);
        return;
      }
      if (count === null || ended) {
        pool.give(block);
        const cancelled = ended;
        end();
        if (!cancelled) controller.close();
        return;
      }
      total += count;
      const room = block.size - phase;
      if (count === room) size = LARGE_BLOCK;
      else if (count < SMALL_BLOCK / 2) size = SMALL_BLOCK;
      lent = block;
      controller.enqueue(new Batch(owner, block, phase, phase + count));
    },
    cancel() {
      end();
      wake?.();
    },
  }, { highWaterMark: 0 });
}
