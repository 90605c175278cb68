/**
 * Which Logic App used a Session-Id last, remembered in a fixed amount of memory.
 * @module
 */
import type { Block } from "../../../net/block.ts";

const ENTRIES = 0x10000;

/**
 * Session-Ids by hash, the latest of those that share a place: what is forgotten is only a
 * preference. RFC 6733 section 8.8 lets the session's creator put its own identity in front of the
 * Session-Id; that is what is used when nothing is remembered.
 */
export class SessionAffinity {
  readonly #entries = new Int32Array(ENTRIES * 2);

  /**
   * Remembers that the connection `key` used the session whose id lies from `start` to `end`;
   * `start` is a multiple of 4.
   */
  note(block: Block, start: number, end: number, key: number): void {
    const hash = hashOf(block, start, end);
    const at = (hash & (ENTRIES - 1)) << 1;
    this.#entries[at] = hash;
    this.#entries[at + 1] = key;
  }

  /** The key of the connection that used it last; 0 when that is not known. */
  find(block: Block, start: number, end: number): number {
    const hash = hashOf(block, start, end);
    const at = (hash & (ENTRIES - 1)) << 1;
    return this.#entries[at] === hash ? this.#entries[at + 1]! : 0;
  }
}

/** The padding behind the id is zero in every well-formed AVP, so whole words are hashed. */
function hashOf(block: Block, start: number, end: number): number {
  const words = block.words;
  let hash = 0x811c9dc5 | 0;
  const stop = (end + 3) >> 2;
  for (let i = start >> 2; i < stop; i++) hash = Math.imul(hash ^ words[i]!, 0x01000193) ^ (hash >>> 15);
  hash = Math.imul(hash ^ (hash >>> 16), 0x45d9f3b);
  return hash ^ (hash >>> 16);
}
