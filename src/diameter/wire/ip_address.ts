/**
 * IP addresses as text and as octets.
 * @module
 */

/** Octets of an IPv4 address. */
export const IPV4_LENGTH = 4;
/** Octets of an IPv6 address. */
export const IPV6_LENGTH = 16;

/**
 * The text of 4 or 16 octets; IPv6 in the one form of RFC 5952.
 *
 * @example
 * ```ts
 * import { formatIp } from "./ip_address.ts";
 * console.log(formatIp(new Uint8Array([10, 0, 1, 100]))); // 10.0.1.100
 * ```
 * @throws RangeError when there are neither 4 nor 16 octets
 */
export function formatIp(octets: Uint8Array): string {
  if (octets.length === IPV4_LENGTH) return octets.join(".");
  if (octets.length !== IPV6_LENGTH) {
    throw new RangeError(`Cannot read an IP address: 4 or 16 bytes expected, got ${octets.length}`);
  }
  const groups = Array.from({ length: 8 }, (_, i) => octets[2 * i]! << 8 | octets[2 * i + 1]!);
  // The mapped addresses of RFC 4291 section 2.5.5.2 keep the dotted form of the IPv4 address.
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff) {
    return `::ffff:${octets.subarray(12).join(".")}`;
  }
  const run = longestZeroRun(groups);
  const text = (part: number[]) => part.map((group) => group.toString(16)).join(":");
  if (run.length < 2) return text(groups);
  return `${text(groups.slice(0, run.start))}::${text(groups.slice(run.start + run.length))}`;
}

/**
 * The octets of an IPv4 or IPv6 address; undefined when `text` is neither. Zones and prefix lengths
 * are not part of an address.
 */
export function parseIp(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (!text.includes(":")) return parseIpv4(text);
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const before = parseGroups(halves[0]!, halves.length === 1);
  const after = halves.length === 2 ? parseGroups(halves[1]!, true) : [];
  if (before === undefined || after === undefined) return undefined;
  const missing = IPV6_LENGTH - before.length - after.length;
  if (halves.length === 1 ? missing !== 0 : missing < 2) return undefined;
  return new Uint8Array([...before, ...new Array<number>(missing).fill(0), ...after]);
}

function parseIpv4(text: string): Uint8Array<ArrayBuffer> | undefined {
  const parts = text.split(".");
  if (parts.length !== IPV4_LENGTH) return undefined;
  if (!parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255)) return undefined;
  return new Uint8Array(parts.map(Number));
}

/**
 * Octets of groups joined by ":"; the last may be a dotted IPv4 address where `last` says that
 * nothing follows.
 */
function parseGroups(text: string, last: boolean): number[] | undefined {
  if (text === "") return [];
  const octets: number[] = [];
  const groups = text.split(":");
  for (const [i, group] of groups.entries()) {
    if (/^[0-9a-fA-F]{1,4}$/.test(group)) {
      const value = parseInt(group, 16);
      octets.push(value >> 8, value & 0xff);
      continue;
    }
    const dotted = last && i === groups.length - 1 ? parseIpv4(group) : undefined;
    if (dotted === undefined) return undefined;
    octets.push(...dotted);
  }
  return octets;
}

function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  for (let start = 0; start < groups.length; start++) {
    let end = start;
    while (end < groups.length && groups[end] === 0) end++;
    if (end - start > best.length) best = { start, length: end - start };
    start = Math.max(start, end - 1);
  }
  return best;
}
