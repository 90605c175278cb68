/**
 * Times of captures as text.
 * @module
 */

/**
 * ISO 8601, in UTC, to the microsecond or, where that says more, to the nanosecond; undefined for a
 * time beyond the calendar.
 */
export function formatTime(time: bigint | undefined): string | undefined {
  if (time === undefined) return undefined;
  const second = 1_000_000_000n;
  const fraction = String(((time % second) + second) % second).padStart(9, "0");
  const date = new Date(Number((time - BigInt(fraction)) / 1_000_000n));
  if (Number.isNaN(date.getTime())) return undefined;
  const whole = date.toISOString().slice(0, -5);
  return `${whole}.${fraction.endsWith("000") ? fraction.slice(0, 6) : fraction}Z`;
}
