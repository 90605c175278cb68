/**
 * `grpc-timeout`: how long a call may take (PROTOCOL-HTTP2, "Timeout"). PURE.
 * @module
 */

/** Milliseconds of each unit. */
const UNITS: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1_000, m: 1, u: 1e-3, n: 1e-6 };

const [ZERO, NINE] = [48, 57];
/** 8 digits. */
const MOST = 99_999_999;

/**
 * The time in ms, with a fraction where the unit is below; undefined when `text` is malformed: it
 * is 1 to 8 digits and one of `HMSmun`.
 */
export function parseTimeout(text: string): number | undefined {
  const digits = text.length - 1;
  const unit = UNITS[text.charAt(digits)];
  if (unit === undefined || digits < 1 || digits > 8) return undefined;
  let value = 0;
  for (let i = 0; i < digits; i++) {
    const code = text.charCodeAt(i);
    if (code < ZERO || code > NINE) return undefined;
    value = value * 10 + code - ZERO;
  }
  return value * unit;
}

/** Coarsest last. A value takes the first unit that is fine enough to lose no more than 1 %. */
const FORMS = [["n", 1e6, 0.1], ["u", 1e3, 100], ["m", 1, MOST], ["S", 1e-3, MOST * 1e3]] as const;

/**
 * The header for `ms` that are left, never for more. Whole ms above 100 of them: the same few
 * values come again and again then, which is cheap for the header compression.
 */
export function formatTimeout(ms: number): string {
  if (!(ms > 0)) return "0n";
  for (const [unit, perMs, most] of FORMS) {
    if (ms <= most) return `${Math.floor(ms * perMs)}${unit}`;
  }
  return `${Math.min(MOST, Math.floor(ms / 3_600_000))}H`;
}
