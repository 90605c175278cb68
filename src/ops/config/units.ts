/**
 * Durations and sizes as people write them: `250ms`, `30s`, `5m`, `1h`; `65536`, `64KiB`, `1MiB`.
 * @module
 */

const DURATION_UNITS = [["h", 3_600_000], ["m", 60_000], ["s", 1_000], ["ms", 1]] as const;
const SIZE_UNITS = [["GiB", 2 ** 30], ["MiB", 2 ** 20], ["KiB", 2 ** 10], ["B", 1]] as const;

/**
 * The longest duration in ms: a timer of the platform holds 2^31 ms, and fires at once above that.
 */
export const LONGEST_DURATION = 24 * 24 * 3_600_000;

/**
 * The duration in ms, rounded to a whole one, or undefined when `text` is none. `1m30s` and `1.5s`
 * are durations; a bare number is not, except 0.
 */
export function parseDuration(text: string): number | undefined {
  if (/^0+$/.test(text)) return 0;
  if (!/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(text)) return undefined;
  let sum = 0;
  for (const [, number, unit] of text.matchAll(/([\d.]+)(ms|s|m|h)/g)) {
    sum += Number(number) * factor(DURATION_UNITS, unit);
  }
  return Math.round(sum);
}

/** The exact form of a duration in ms with one unit: 90000 is `90s`, 300000 is `5m`. */
export function formatDuration(ms: number): string {
  // A minute is customarily written 60s where seconds are the measure of everything around it.
  return ms === 0 ? "0s" : ms === 60_000 ? "60s" : format(DURATION_UNITS, ms);
}

/** A duration in a sentence: what is longer than two days also in days, `24 days (576h)`. */
export function longDuration(ms: number): string {
  const days = ms / (24 * 3_600_000);
  return days > 2 && Number.isInteger(days) ? `${days} days (${formatDuration(ms)})` : formatDuration(ms);
}

/** The size in bytes, or undefined when `text` is none. A bare number is bytes. */
export function parseSize(text: string): number | undefined {
  const match = /^(\d+)(B|KiB|MiB|GiB)?$/.exec(text);
  return match === null ? undefined : Number(match[1]) * factor(SIZE_UNITS, match[2] ?? "B");
}

/** The shortest exact form of a size in bytes: 65536 is `64KiB`, 1000 is `1000`. */
export function formatSize(bytes: number): string {
  return bytes === 0 ? "0" : format(SIZE_UNITS, bytes).replace(/(?<=\d)B$/, "");
}

type Units = readonly (readonly [name: string, factor: number])[];

function factor(units: Units, name: string | undefined): number {
  return units.find(([unit]) => unit === name)?.[1] ?? NaN;
}

function format(units: Units, value: number): string {
  const [name, factor] = units.find(([, factor]) => value % factor === 0) ?? ["", 1];
  return `${value / factor}${name}`;
}
