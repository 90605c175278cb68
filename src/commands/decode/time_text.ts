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

const TIME = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(:\d\d)?(?:\.(\d{1,9}))?)?(Z|[+-]\d\d:\d\d)?$/i;

/**
 * Nanoseconds since 1970 of `2024-05-01T12:00:00.123Z`; seconds, time of day and zone may be left
 * out, and without a zone it is UTC. Undefined for anything else.
 */
export function parseTime(text: string): bigint | undefined {
  const match = TIME.exec(text);
  if (match === null) return undefined;
  const [, day = "", minute = "00:00", second = ":00", fraction = "", zone = "Z"] = match;
  const midnight = new Date(`${day}T00:00:00Z`);
  // Some days roll over into the next month instead of being refused.
  if (Number.isNaN(midnight.getTime()) || !midnight.toISOString().startsWith(day)) return undefined;
  const time = Date.parse(`${day}T${minute}${second}${zone.toUpperCase()}`);
  if (Number.isNaN(time)) return undefined;
  return BigInt(time) * 1_000_000n + BigInt(fraction.padEnd(9, "0"));
}
