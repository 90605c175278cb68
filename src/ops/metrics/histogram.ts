/**
 * How often something took how long, in typed arrays.
 * @module
 */

/** Bounds for what crosses a network, in seconds. */
export const DURATION_BOUNDS: readonly number[] = [
  ...[0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
];

/** Bounds for what happens inside this process, in seconds. */
export const OVERHEAD_BOUNDS: readonly number[] = [
  ...[0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1],
];

/** Each power of two is cut into so many fine buckets: a quantile is known to 1/32 of itself. */
const FINE = 16;
const FINE_BITS = 4;
/** What is larger counts as that: 2^31 microseconds are 36 minutes, 2^31 milliseconds 25 days. */
const LARGEST = 0x7fff_ffff;
const FINE_BUCKETS = fineOf(LARGEST) + 1;

/** The bounds that all histograms of a family share, and the table that finds them. */
export class Buckets {
  /** Upper bounds in seconds, rising, the last one infinity left out. */
  readonly bounds: readonly number[];
  /** Values that are given for a second: 1,000,000 when they are microseconds. */
  readonly unitsPerSecond: number;
  /** {@link bounds} in units. */
  readonly limits: Float64Array<ArrayBuffer>;
  /** The first bound that a value of each fine bucket may be within. */
  readonly first: Uint8Array<ArrayBuffer>;

  /** @throws RangeError when the bounds do not rise from above 0 */
  constructor(bounds: readonly number[], unitsPerSecond = 1_000_000) {
    if (bounds.length === 0 || bounds.length > 200 || !bounds.every((bound, i) => bound > (bounds[i - 1] ?? 0))) {
      throw new RangeError(`Cannot make a histogram: expected rising bounds above 0, got ${bounds.join(", ")}`);
    }
    this.bounds = bounds;
    this.unitsPerSecond = unitsPerSecond;
    this.limits = Float64Array.from(bounds, (bound) => Math.round(bound * unitsPerSecond));
    this.first = Uint8Array.from({ length: FINE_BUCKETS }, (_, fine) => {
      const found = this.limits.findIndex((limit) => limit >= lowEdgeOf(fine));
      return found < 0 ? bounds.length : found;
    });
  }
}

/** Counts by fixed bounds since the start, and finely for quantiles of the recent past. */
export class Histogram {
  readonly buckets: Buckets;
  readonly #counts: Float64Array<ArrayBuffer>;
  readonly #sum = new Float64Array(1);
  #recent = new Uint32Array(FINE_BUCKETS);
  #before = new Uint32Array(FINE_BUCKETS);
  /** The last value, and how often it came in a row: not in any bucket yet. */
  #value = 0;
  #times = 0;

  constructor(buckets: Buckets) {
    this.buckets = buckets;
    this.#counts = new Float64Array(buckets.bounds.length + 1);
  }

  /**
   * Adds a value. Makes no object, and next to no work of one that comes many times in a row, as
   * the times of a batch do.
   * @param value in whole units of the family, microseconds unless it says otherwise; below zero
   *   counts as zero
   * @param times how often it came
   */
  observe(value: number, times = 1): void {
    const units = value > LARGEST ? LARGEST : value > 0 ? value | 0 : 0;
    if (units !== this.#value) {
      this.#settle();
      this.#value = units;
    }
    this.#times += times;
  }

  /** Puts the last value into its buckets: whoever reads them asks for it first. */
  #settle(): void {
    const times = this.#times;
    if (times === 0) return;
    this.#times = 0;
    const units = this.#value;
    const { first, limits } = this.buckets;
    const fine = fineOf(units);
    let bucket = first[fine]!;
    while (bucket < limits.length && units > limits[bucket]!) bucket++;
    this.#counts[bucket]! += times;
    this.#recent[fine]! += times;
    this.#sum[0]! += units * times;
  }

  /** How many values were within each bound and above the one before it; the last: above all. */
  get counts(): Readonly<Float64Array<ArrayBuffer>> {
    this.#settle();
    return this.#counts;
  }

  /** All values together, in seconds. */
  get sum(): number {
    this.#settle();
    return this.#sum[0]! / this.buckets.unitsPerSecond;
  }

  /** How many values. */
  get count(): number {
    return this.counts.reduce((sum, count) => sum + count, 0);
  }

  /**
   * What this share of the recent values does not exceed: those since the last but one {@link
   * turn}.
   * @param share 0 to 1: 0.5 is the median
   * @returns seconds, within 1/32 of the truth; undefined when there was no value
   */
  quantile(share: number): number | undefined {
    this.#settle();
    let count = 0;
    for (let fine = 0; fine < FINE_BUCKETS; fine++) count += this.#recent[fine]! + this.#before[fine]!;
    if (count === 0) return undefined;
    const rank = Math.min(count, Math.max(1, Math.ceil(count * share)));
    let fine = -1;
    for (let seen = 0; seen < rank;) {
      fine++;
      seen += this.#recent[fine]! + this.#before[fine]!;
    }
    const low = lowEdgeOf(fine);
    return (low + (lowEdgeOf(fine + 1) - 1 - low) / 2) / this.buckets.unitsPerSecond;
  }

  /**
   * Lets quantiles forget what came before the last turn. Whoever shows them calls it at a steady
   * pace, such as each minute.
   */
  turn(): void {
    this.#settle();
    const old = this.#before.fill(0);
    this.#before = this.#recent;
    this.#recent = old;
  }
}

/** Values below 32 have a bucket each; above, the highest five bits decide. */
function fineOf(units: number): number {
  const exponent = 31 - FINE_BITS - Math.clz32(units | FINE);
  return (exponent << FINE_BITS) + (units >>> exponent);
}

function lowEdgeOf(fine: number): number {
  if (fine < 2 * FINE) return fine;
  const exponent = (fine >> FINE_BITS) - 1;
  return (fine - (exponent << FINE_BITS)) * 2 ** exponent;
}
