// @ts-check
/**
 * Numbers and times as people read them.
 *
 * PURE.
 * @module
 */

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

/** `1,234`, or nothing known. @param {number | null | undefined} value */
export function count(value) {
  return value === null || value === undefined || Number.isNaN(value) ? "–" : whole.format(value);
}

/** `950`, `12.3k`, `4.56M`: three digits that matter. @param {number | null | undefined} value */
export function short(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  if (Math.abs(value) < 10 && !Number.isInteger(value)) return value.toFixed(1);
  for (const [unit, size] of /** @type {const} */ ([["G", 1e9], ["M", 1e6], ["k", 1e4]])) {
    if (Math.abs(value) < size) continue;
    const scaled = value / (unit === "k" ? 1e3 : size);
    return `${scaled.toFixed(scaled < 10 ? 2 : scaled < 100 ? 1 : 0)}${unit}`;
  }
  return whole.format(value);
}

/** `12.3 MiB` @param {number} value */
export function bytes(value) {
  for (const [unit, size] of /** @type {const} */ ([["GiB", 2 ** 30], ["MiB", 2 ** 20], ["KiB", 2 ** 10]])) {
    if (value >= size) return `${(value / size).toFixed(value < size * 10 ? 1 : 0)} ${unit}`;
  }
  return `${whole.format(value)} B`;
}

/** `0.43 ms`, `12.1 ms`, `1.20 s` @param {number | null | undefined} value */
export function milliseconds(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  if (value >= 1000) return `${(value / 1000).toFixed(2)} s`;
  return `${value < 10 ? value.toFixed(2) : value < 100 ? value.toFixed(1) : value.toFixed(0)} ms`;
}

/** `12 s`, `3 min 5 s`, `2 h 4 min`, `3 d 2 h`. @param {number} seconds */
export function duration(seconds) {
  const s = Math.max(0, Math.round(seconds));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  if (s < 86_400) return `${Math.floor(s / 3600)} h ${Math.floor(s % 3600 / 60)} min`;
  return `${Math.floor(s / 86_400)} d ${Math.floor(s % 86_400 / 3600)} h`;
}

/** `12 s`, `3 min`, `2 h`, `3 d`: one word, for a table. @param {number} seconds */
export function age(seconds) {
  const s = Math.max(0, seconds);
  if (s < 100) return `${Math.floor(s)} s`;
  if (s < 6000) return `${Math.floor(s / 60)} min`;
  return s < 172_800 ? `${Math.floor(s / 3600)} h` : `${count(Math.floor(s / 86_400))} d`;
}

/** `14:03:07`, in the time zone of whoever looks. @param {string | number | Date} at */
export function clock(at) {
  const date = new Date(at);
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map((part) => String(part).padStart(2, "0")).join(":");
}

/** `14:03:07.042` @param {string | number | Date} at */
export function clockMs(at) {
  return `${clock(at)}.${String(new Date(at).getMilliseconds()).padStart(3, "0")}`;
}

/**
 * An identifier of a message as it is on the wire: `0x0000abcd`.
 * @param {number | null | undefined} value
 */
export function hex32(value) {
  return value === null || value === undefined ? "–" : `0x${(value >>> 0).toString(16).padStart(8, "0")}`;
}

/** `one DRA`, `3 DRAs` @param {number} number @param {string} one @param {string} [many] */
export function plural(number, one, many = `${one}s`) {
  return `${count(number)} ${number === 1 ? one : many}`;
}
