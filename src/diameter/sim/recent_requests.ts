/**
 * Which requests came before, remembered in a fixed amount of memory.
 * @module
 */
import type { Block } from "../../net/block.ts";

const PLACES = 0x20000;

/**
 * Requests by end-to-end id and Session-Id, the latest of those that share a place: what is
 * forgotten is not seen to come again.
 */
export class RecentRequests {
  readonly #entries = new Int32Array(PLACES * 2);

  /**
   * Remembers the request with that end-to-end id, whose Session-Id lies from `start` (a multiple
   * of 4) to `end`; both -1 when it has none.
   * @returns whether it was remembered already
   */
  note(block: Block, endToEnd: number, start: number, end: number): boolean {
    const { words } = block;
    let hash = 0x811c9dc5 ^ endToEnd;
    for (let i = start >> 2; i < (end + 3) >> 2; i++) {
      hash = Math.imul(hash ^ words[i]!, 0x01000193) ^ (hash >>> 15);
    }
    hash = Math.imul(hash ^ (hash >>> 16), 0x45d9f3b);
    hash ^= hash >>> 16;
    const at = (hash & (PLACES - 1)) << 1;
    const entries = this.#entries;
    // An untouched place holds zeros: a hash of 0 counts as 1.
    if (hash === 0) hash = 1;
    if (entries[at] === hash && entries[at + 1] === (endToEnd | 0)) return true;
    entries[at] = hash;
    entries[at + 1] = endToEnd;
    return false;
  }
}
