/**
 * A connection that gives what a test lays out for it.
 * @module
 */
import type { ByteReader } from "../../src/net/tap.ts";

/**
 * Gives its chunks one read after the other (a chunk larger than the room is given in parts), then
 * the end or an error.
 */
export class ChunkReader implements ByteReader {
  /** Room that each read offered, in bytes. */
  readonly rooms: number[] = [];
  #left: Uint8Array[];
  readonly #error: Error | undefined;

  /** @param error what the read after the last chunk fails with; the end when absent */
  constructor(chunks: readonly Uint8Array[], error?: Error) {
    this.#left = chunks.filter((chunk) => chunk.length > 0);
    this.#error = error;
  }

  async read(into: Uint8Array): Promise<number | null> {
    await Promise.resolve();
    this.rooms.push(into.length);
    const chunk = this.#left[0];
    if (chunk === undefined) {
      if (this.#error !== undefined) throw this.#error;
      return null;
    }
    const count = Math.min(into.length, chunk.length);
    into.set(chunk.subarray(0, count));
    if (count === chunk.length) this.#left.shift();
    else this.#left[0] = chunk.subarray(count);
    return count;
  }
}

/** Cuts `bytes` behind each of these offsets. */
export function cut(bytes: Uint8Array, offsets: readonly number[]): Uint8Array[] {
  const sorted = [...new Set(offsets.map((offset) => offset % (bytes.length + 1)))].sort((a, b) => a - b);
  const chunks: Uint8Array[] = [];
  let from = 0;
  for (const offset of [...sorted, bytes.length]) {
    if (offset > from) chunks.push(bytes.subarray(from, offset));
    from = Math.max(from, offset);
  }
  return chunks;
}
