// @ts-check
/**
 * How fast counters grow.
 *
 * PURE.
 * @module
 */

/**
 * A rate from two looks at a counter; unknown when it went back.
 * @param {number} now
 * @param {number | undefined} before
 * @param {number} seconds
 */
export function rateOf(now, before, seconds) {
  return before === undefined || now < before || seconds <= 0 ? null : (now - before) / seconds;
}
