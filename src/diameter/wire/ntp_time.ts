/**
 * Time: seconds since 1900, in 32 bits (RFC 6733 section 4.3.1).
 * @module
 */

/** Seconds from 1900-01-01 to 1970-01-01. */
const UNIX_EPOCH = 2208988800;
/** Seconds until the 32 bits start again at zero: 2036-02-07T06:28:16Z. */
const ERA = 2 ** 32;
const DAY = 86400;
/** Days from 0000-03-01 to 1970-01-01; years that begin in March have their leap day at the end. */
const DAYS_TO_1970 = 719468;
/** Days of 400 years, after which the calendar repeats. */
const DAYS_PER_CYCLE = 146097;

/**
 * The moment that `seconds` stands for, as text: `2024-05-01T12:00:00Z`. Values with the highest
 * bit clear lie after 2036-02-07 (RFC 5905 section 6, as RFC 6733 asks), so that the range is
 * 1968-01-20 to 2104-02-26.
 */
export function formatNtpTime(seconds: number): string {
  const unix = seconds - UNIX_EPOCH + (seconds < ERA / 2 ? ERA : 0);
  const days = Math.floor(unix / DAY);
  const rest = unix - days * DAY;
  const { year, month, day } = dateOf(days);
  const clock = [Math.floor(rest / 3600), Math.floor(rest / 60) % 60, rest % 60];
  return `${[year, month, day].map(two).join("-")}T${clock.map(two).join(":")}Z`;
}

/**
 * The 32 bits for a moment written as `2024-05-01T12:00:00Z` or with an offset such as `+02:00`;
 * fractions of a second are dropped.
 * @returns undefined when `text` is no such moment, or one outside 1968-01-20 to 2104-02-26
 */
export function parseNtpTime(text: string): number | undefined {
  const match = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.\d+)?(Z|[+-]\d\d:\d\d)$/.exec(text);
  if (match === null) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const days = daysTo(year, month, day);
  const real = dateOf(days);
  if (real.month !== month || real.day !== day || hour > 23 || minute > 59 || second > 59) return undefined;
  const zone = match[7]!;
  const offset = zone === "Z"
    ? 0
    : (Number(zone.slice(1, 3)) * 60 + Number(zone.slice(4))) * (zone[0] === "-" ? -60 : 60);
  const ntp = days * DAY + hour * 3600 + minute * 60 + second - offset + UNIX_EPOCH;
  return ntp < ERA / 2 || ntp >= ERA + ERA / 2 ? undefined : ntp % ERA;
}

function two(n: number): string {
  return String(n).padStart(2, "0");
}

/** The date that is `days` days after 1970-01-01 (proleptic Gregorian calendar). */
function dateOf(days: number): { year: number; month: number; day: number } {
  const shifted = days + DAYS_TO_1970;
  const cycle = Math.floor(shifted / DAYS_PER_CYCLE);
  const dayOfCycle = shifted - cycle * DAYS_PER_CYCLE;
  const yearOfCycle = Math.floor(
    (dayOfCycle - Math.floor(dayOfCycle / 1460) + Math.floor(dayOfCycle / 36524) - Math.floor(dayOfCycle / 146096)) /
      365,
  );
  const dayOfYear = dayOfCycle - (365 * yearOfCycle + Math.floor(yearOfCycle / 4) - Math.floor(yearOfCycle / 100));
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1;
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
  return { year: yearOfCycle + cycle * 400 + (month <= 2 ? 1 : 0), month, day };
}

/** The reverse of {@link dateOf}; a day that the month does not have gives another date. */
function daysTo(year: number, month: number, day: number): number {
  const fromMarch = year - (month <= 2 ? 1 : 0);
  const cycle = Math.floor(fromMarch / 400);
  const yearOfCycle = fromMarch - cycle * 400;
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1;
  const dayOfCycle = yearOfCycle * 365 + Math.floor(yearOfCycle / 4) - Math.floor(yearOfCycle / 100) + dayOfYear;
  return cycle * DAYS_PER_CYCLE + dayOfCycle - DAYS_TO_1970;
}
