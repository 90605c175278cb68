/**
 * DiameterIdentity: ASCII, compared without regard to case (RFC 6733 sections 4.3.1 and 5.6.4).
 * @module
 */

/** An identity ready for comparison against bytes of a message. */
export interface Identity {
  readonly text: string;
  /** Lower case octets. */
  readonly lower: Uint8Array;
}

/** @param text a DiameterIdentity */
export function identity(text: string): Identity {
  const lower = new TextEncoder().encode(text);
  // ASCII only: toLowerCase would also change letters that the comparison below takes octet by octet.
  lower.forEach((octet, i) => lower[i] = lowerCase(octet));
  return { text, lower };
}

/** Whether the octets from `start` to `end` spell `id`, in any case. */
export function identityEquals(bytes: Uint8Array, start: number, end: number, id: Identity): boolean {
  const lower = id.lower;
  const length = lower.length;
  if (end - start !== length) return false;
  for (let i = 0; i < length; i++) {
    if (lowerCase(bytes[start + i]!) !== lower[i]) return false;
  }
  return true;
}

function lowerCase(octet: number): number {
  return octet >= 0x41 && octet <= 0x5a ? octet + 0x20 : octet;
}
