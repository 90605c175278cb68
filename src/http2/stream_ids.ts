/**
 * What is remembered of the ids of streams that are not open (RFC 9113 section 5.1.1). PURE.
 * @module
 */

/** Streams reset by this side whose frames may still be on their way. */
const MOST_RESET = 1024;
/** Ranges of ids that the peer left out. */
const MOST_GAPS = 16;

/** The ids that the peer of a server has used, and those that this side has reset. */
export class StreamIds {
  /** The highest id that the peer opened; 0 before the first. */
  last = 0;
  /** Oldest first. */
  readonly #reset = new Set<number>();
  /** Pairs: first and last id that was left out. */
  readonly #gaps: number[] = [];

  /** The peer opens `id`, which is above {@link last}. */
  opened(id: number): void {
    const next = this.last === 0 ? 1 : this.last + 2;
    if (id > next) {
      this.#gaps.push(next, id - 2);
      if (this.#gaps.length > 2 * MOST_GAPS) this.#gaps.splice(0, 2);
    }
    this.last = id;
  }

  /**
   * Whether `id`, below {@link last}, was left out, and is closed without ever having been open.
   */
  wasLeftOut(id: number): boolean {
    for (let i = 0; i < this.#gaps.length; i += 2) {
      if (id >= this.#gaps[i]! && id <= this.#gaps[i + 1]!) return true;
    }
    return false;
  }

  /** This side has reset `id`, whose half the peer had not ended. */
  reset(id: number): void {
    this.#reset.add(id);
    if (this.#reset.size <= MOST_RESET) return;
    for (const oldest of this.#reset) {
      this.#reset.delete(oldest);
      break;
    }
  }

  /** Whether frames of `id` are to be ignored because this side has reset it. */
  wasReset(id: number): boolean {
    return this.#reset.size > 0 && this.#reset.has(id);
  }

  /** The peer has ended `id` as well: nothing more may come. */
  settled(id: number): void {
    this.#reset.delete(id);
  }
}
