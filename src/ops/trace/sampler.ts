/**
 * Which requests are recorded, when there are more than can be.
 * @module
 */

/** Requests a second up to which `auto` records all. */
export const AUTO_LIMIT = 10_000;

/**
 * About so many a second are recorded when there are more: under load the processor is for what is
 * relayed, and this is enough to see what goes on.
 */
export const THINNED = 1_000;

/** Microseconds after which the pace is measured anew. */
const WINDOW = 100_000;
const LIMIT = AUTO_LIMIT * WINDOW / 1_000_000;
const LIMIT_THINNED = THINNED * WINDOW / 1_000_000;

/** Takes every Nth request, and says what N is. */
export class Sampler {
  /** One of so many is taken now. */
  oneIn = 1;
  /** Undefined for `auto`. */
  #share: number | undefined;
  #credit = 0;
  #began = 0;
  #seen = 0;
  #taken = 0;
  #skip = 0;

  /** @throws RangeError when a share is not above 0 and at most 1 */
  constructor(sample: "auto" | number) {
    if (sample === "auto") return;
    if (!(sample > 0 && sample <= 1)) {
      throw new RangeError(`Cannot record a share of ${sample}: expected above 0, to 1`);
    }
    this.#share = sample;
    this.oneIn = 1 / sample;
  }

  /** Takes none any more. */
  stop(): void {
    this.#share = this.#credit = 0;
  }

  /**
   * Requests behind the last one that are not recorded: whoever has many need not ask for each of
   * them, but ask at least every {@link WINDOW}, because the pace may change.
   */
  get idle(): number {
    if (this.#share === undefined) return this.#skip;
    if (this.#share === 0) return Number.MAX_SAFE_INTEGER;
    return Math.max(0, Math.ceil((1 - this.#credit) / this.#share) - 1);
  }

  /**
   * Whether this request is recorded.
   * @param now microseconds, modulo 2^32
   * @param passed requests since the last one that were not asked for, at most {@link idle}
   */
  take(now: number, passed = 0): boolean {
    if (this.#share !== undefined) {
      this.#credit += this.#share * (passed + 1);
      if (this.#credit < 1) return false;
      this.#credit -= 1;
      return true;
    }
    this.#seen += passed;
    this.#skip -= passed;
    const elapsed = (now - this.#began) >>> 0;
    if (elapsed >= WINDOW) this.#measure(now, elapsed);
    this.#seen++;
    if (this.#skip > 0) {
      this.#skip--;
      return false;
    }
    if (++this.#taken > LIMIT) {
      // As if half of them had been left out from the beginning of the window.
      this.oneIn *= 2;
      this.#taken = LIMIT / 2;
    }
    this.#skip = this.oneIn - 1;
    return true;
  }

  #measure(now: number, elapsed: number): void {
    const pace = this.#seen * WINDOW / elapsed;
    this.oneIn = pace <= LIMIT ? 1 : Math.ceil(pace / LIMIT_THINNED);
    this.#skip = Math.min(this.#skip, this.oneIn - 1);
    this.#began = now;
    this.#seen = this.#taken = 0;
  }
}
