/**
 * Whether a figure that goes up and down has grown.
 * @module
 */

/** What the later samples may have more than the earlier ones: a share of those, and a number. */
export interface Allowance {
  readonly share: number;
  readonly more: number;
}

/** Of a series of samples. */
export interface Growth {
  /** Medians of the first third, without what comes with the start, and of the last. */
  readonly before: number;
  readonly after: number;
  readonly flat: boolean;
}

/** Samples with which the start ends at the latest. */
const START = 10;

/**
 * Compares the last third of `samples` with the first. Medians, because a garbage collection is due
 * at any time and moves single samples far.
 */
export function growthOf(samples: readonly number[], allowed: Allowance): Growth {
  const third = Math.floor(samples.length / 3);
  const before = median(samples.slice(Math.min(START, Math.floor(third / 4)), third));
  const after = median(samples.slice(samples.length - third));
  return { before, after, flat: after <= before * (1 + allowed.share) + allowed.more };
}

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? 0;
}
