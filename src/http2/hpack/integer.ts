/**
 * Integers with a prefix (RFC 7541 section 5.1).
 * @module
 */

/**
 * Writes a value.
 * @param flags what stands above the prefix in the first octet
 * @param prefix bits of the prefix, 1 to 8
 * @returns the position behind it, at most 6 further on
 */
export function writeInteger(
  into: Uint8Array,
  at: number,
  flags: number,
  prefix: number,
  value: number,
): number {
  const most = (1 << prefix) - 1;
  if (value < most) {
    into[at] = flags | value;
    return at + 1;
  }
  into[at++] = flags | most;
  let rest = value - most;
  while (rest >= 0x80) {
    into[at++] = rest & 0x7f | 0x80;
    rest >>>= 7;
  }
  into[at] = rest;
  return at + 1;
}
