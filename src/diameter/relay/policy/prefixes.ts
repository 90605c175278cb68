/**
 * Ranges of digits as what numbers in them begin with. PURE.
 * @module
 */

/** So many at most; of a range that needs more, shorter ones that take in a little more. */
const MOST = 64;

/**
 * What every number between two of equally many digits begins with.
 *
 * @example
 * ```ts
 * import { prefixesOf } from "./prefixes.ts";
 * console.log(prefixesOf("26200", "26219").join()); // 2620,2621
 * ```
 */
export function prefixesOf(low: string, high: string): string[] {
  let prefixes = cover(low, high);
  for (let digits = low.length - 1; prefixes.length > MOST && digits > 0; digits--) {
    prefixes = [...new Set(prefixes.map((prefix) => prefix.slice(0, digits)))];
  }
  return prefixes;
}

function cover(low: string, high: string): string[] {
  if (/^0*$/.test(low) && /^9*$/.test(high)) return [""];
  const [first, last] = [Number(low[0]), Number(high[0])];
  const rest = low.length - 1;
  return Array.from({ length: last - first + 1 }, (_, i) => first + i).flatMap((digit) => {
    const from = digit === first ? low.slice(1) : "0".repeat(rest);
    const to = digit === last ? high.slice(1) : "9".repeat(rest);
    return cover(from, to).map((prefix) => `${digit}${prefix}`);
  });
}
