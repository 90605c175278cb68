/**
 * A limit on how often something may happen, which forgives bursts. PURE: the clock is an argument.
 * @module
 */

/** A bucket of tokens, one for each thing that happens. */
export class TokenBucket {
  #tokens: number;
  #at: number;

  /**
   * A full bucket.
   * @param perSecond tokens that come back each second
   * @param burst how many it holds
   * @param now milliseconds of a clock that never goes back
   */
  constructor(readonly perSecond: number, readonly burst: number, now: number) {
    this.#tokens = burst;
    this.#at = now;
  }

  /** Takes a token; false when there is none. @param now by the same clock */
  take(now: number): boolean {
    this.#tokens = Math.min(this.burst, this.#tokens + (now - this.#at) * this.perSecond / 1000);
    this.#at = now;
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }

  /**
   * Milliseconds until there is a token, as of the last call of {@link take}; 0 when there is one.
   */
  get wait(): number {
    return this.#tokens >= 1 ? 0 : Math.ceil((1 - this.#tokens) * 1000 / this.perSecond);
  }

  /** Whether it has all its tokens: one that is full may as well be made anew. */
  isFull(now: number): boolean {
    return this.#tokens + (now - this.#at) * this.perSecond / 1000 >= this.burst;
  }
}
