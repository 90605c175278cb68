/**
 * How much of its weight a DRA has that came back a moment ago. PURE.
 * @module
 */
import type { SlowStartOptions } from "../core/options.ts";

/** Steps in which the weight grows, so that decisions are made anew a few times only. */
const STEPS = 20;

/**
 * The share of its weight, from min_weight_percent at `since` to 1 when `duration` has passed.
 * @param since -Infinity for one that did not come back
 */
export function grownShare(since: number, now: number, { duration, minWeightPercent }: SlowStartOptions): number {
  const passed = now - since;
  if (passed >= duration) return 1;
  const least = minWeightPercent / 100;
  return least + (1 - least) * Math.max(0, passed) / duration;
}

/** When to look again; Infinity when it has all of its weight. */
export function nextGrowth(since: number, now: number, { duration }: SlowStartOptions): number {
  return now - since >= duration ? Infinity : Math.min(since + duration, now + duration / STEPS);
}
