/**
 * Latencies in a fixed amount of memory.
 * @module
 */

/** Units of 100 ns in a millisecond: what is counted. */
const UNITS = 10_000;
/** Each power of two is cut into so many buckets: a value is known to 1/128 of itself. */
const SUB_BUCKETS = 128;
const SUB_BITS = 7;
/** 2^31 units are 214 s: what takes longer counts as that. */
const LARGEST = 0x7fff_ffff;
const BUCKETS = 24 * SUB_BUCKETS + 2 * SUB_BUCKETS;

/**
 * Counts of values in buckets that grow with the value; percentiles are within 1 % of the truth.
 * Values are milliseconds.
 */
export class LatencyHistogram {
  /** How many values. */
  count = 0;
  /** The largest value. */
  max = 0;
  #sum = 0;
  readonly #buckets = new Float64Array(BUCKETS);

  /** Adds one value; below zero counts as zero. */
  record(milliseconds: number): void {
    const units = milliseconds * UNITS;
    const value = units > LARGEST ? LARGEST : units > 0 ? units | 0 : 0;
    this.#buckets[bucketOf(value)]!++;
    this.count++;
    this.#sum += milliseconds;
    if (milliseconds > this.max) this.max = milliseconds;
  }

  /** Adds all values of `other`. */
  add(other: LatencyHistogram): void {
    other.#buckets.forEach((count, bucket) => this.#buckets[bucket]! += count);
    this.count += other.count;
    this.#sum += other.#sum;
    this.max = Math.max(this.max, other.max);
  }

  /** Forgets all values. */
  clear(): void {
    this.#buckets.fill(0);
    this.count = this.max = this.#sum = 0;
  }

  /** The mean; 0 without values. */
  get mean(): number {
    return this.count === 0 ? 0 : this.#sum / this.count;
  }

  /**
   * The value that so many percent of all values do not exceed.
   * @param percent 0 to 100, fractions too
   * @returns 0 without values
   */
  percentile(percent: number): number {
    if (this.count === 0) return 0;
    const rank = Math.max(1, Math.ceil(this.count * percent / 100));
    let seen = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      seen += this.#buckets[bucket]!;
      // The middle of a bucket may lie above the largest value in it.
      if (seen >= rank) return Math.min(this.max, middleOf(bucket) / UNITS);
    }
    return this.max;
  }

  /** The percentiles that people ask for. */
  summary(): LatencySummary {
    const [p50, p90, p99, p999] = [50, 90, 99, 99.9].map((percent) => this.percentile(percent)) as [
      number,
      number,
      number,
      number,
    ];
    return { count: this.count, mean: this.mean, p50, p90, p99, p999, max: this.max };
  }
}

/** Milliseconds. Zeros where {@link count} is 0: whoever shows them looks there first. */
export interface LatencySummary {
  readonly count: number;
  readonly mean: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

function bucketOf(value: number): number {
  if (value < 2 * SUB_BUCKETS) return value;
  const shift = 31 - SUB_BITS - Math.clz32(value);
  return shift * SUB_BUCKETS + (value >>> shift);
}

function middleOf(bucket: number): number {
  if (bucket < 2 * SUB_BUCKETS) return bucket + 0.5;
  const shift = (bucket >> SUB_BITS) - 1;
  return (bucket - shift * SUB_BUCKETS + 0.5) * 2 ** shift;
}
