/**
 * Comparing the value of an AVP, where it lies, with what is configured. PURE.
 * @module
 */

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The number in 4 or 8 bytes, read as `signed` says; undefined when there are others. */
export function numberAt(view: DataView, start: number, end: number, signed: boolean): number | undefined {
  switch (end - start) {
    case 4:
      return signed ? view.getInt32(start) : view.getUint32(start);
    case 8: {
      const high = signed ? view.getInt32(start) : view.getUint32(start);
      return high * 0x1_0000_0000 + view.getUint32(start + 4);
    }
    default:
      return undefined;
  }
}

/** Whether the value is that number, or those octets. */
export function equalsValue(
  view: DataView,
  bytes: Uint8Array,
  start: number,
  end: number,
  value: string | number,
): boolean {
  if (typeof value === "number") return numberAt(view, start, end, value < 0) === value;
  return equalsOctets(bytes, start, end, encoder.encode(value));
}

/** Whether the octets from `start` to `end` are these. */
export function equalsOctets(bytes: Uint8Array, start: number, end: number, octets: Uint8Array): boolean {
  return end - start === octets.length && startsWith(bytes, start, end, octets);
}

/** Whether the octets from `start` to `end` begin with these. */
export function startsWith(bytes: Uint8Array, start: number, end: number, octets: Uint8Array): boolean {
  const { length } = octets;
  if (end - start < length) return false;
  for (let i = 0; i < length; i++) if (bytes[start + i] !== octets[i]) return false;
  return true;
}

/**
 * Whether as many leading octets as `low` and `high` have are digits, and lie between these, which
 * are equally long.
 */
export function leadsWithin(bytes: Uint8Array, start: number, end: number, low: Uint8Array, high: Uint8Array): boolean {
  const { length } = low;
  if (end - start < length) return false;
  let [above, below] = [false, false];
  for (let i = 0; i < length; i++) {
    const digit = bytes[start + i]!;
    if (digit < 0x30 || digit > 0x39) return false;
    if (!above && digit < low[i]!) return false;
    if (!below && digit > high[i]!) return false;
    above ||= digit > low[i]!;
    below ||= digit < high[i]!;
  }
  return true;
}

/** The octets of a text. */
export function octetsOf(text: string): Uint8Array {
  return encoder.encode(text);
}

/** The octets from `start` to `end` as text. */
export function textAt(bytes: Uint8Array, start: number, end: number): string {
  return decoder.decode(bytes.subarray(start, end));
}

/** An identity with `*` for any characters, against octets in any case. */
export class Glob {
  readonly #parts: readonly Uint8Array[];

  /** @param text ASCII */
  constructor(text: string) {
    this.#parts = text.toLowerCase().split("*").map(octetsOf);
  }

  matches(bytes: Uint8Array, start: number, end: number): boolean {
    const parts = this.#parts;
    const last = parts.length - 1;
    const head = parts[0]!;
    if (last === 0) return end - start === head.length && spells(bytes, start, head);
    const tail = parts[last]!;
    if (end - start < head.length + tail.length) return false;
    if (!spells(bytes, start, head) || !spells(bytes, end - tail.length, tail)) return false;
    let at = start + head.length;
    const until = end - tail.length;
    for (let i = 1; i < last; i++) {
      const part = parts[i]!;
      while (at + part.length <= until && !spells(bytes, at, part)) at++;
      if (at + part.length > until) return false;
      at += part.length;
    }
    return true;
  }
}

function spells(bytes: Uint8Array, at: number, lower: Uint8Array): boolean {
  for (let i = 0; i < lower.length; i++) {
    const octet = bytes[at + i]!;
    if ((octet >= 0x41 && octet <= 0x5a ? octet + 0x20 : octet) !== lower[i]) return false;
  }
  return true;
}
