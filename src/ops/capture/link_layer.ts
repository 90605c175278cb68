/**
 * From a captured frame to the IP packet in it.
 * @module
 */

/** Link types that are understood (numbers of the tcpdump.org registry). */
export const LINK_TYPE = {
  /** BSD loopback: protocol family in the byte order of the machine that captured. */
  null: 0,
  ethernet: 1,
  /** Raw IP, as some systems number it. */
  rawBsd: 12,
  rawOpenBsd: 14,
  /** Raw IP. */
  raw: 101,
  /** OpenBSD loopback: protocol family in network byte order. */
  loop: 108,
  /** Linux "cooked" capture, version 1: what tcpdump -i any wrote for long. */
  linuxSll: 113,
  ipv4: 228,
  ipv6: 229,
  /** Linux "cooked" capture, version 2. */
  linuxSll2: 276,
} as const;

/** EtherType values. */
const ETHERTYPE = { ipv4: 0x0800, ipv6: 0x86dd, vlan: 0x8100, provider: 0x88a8, oldProvider: 0x9100 } as const;

/** Protocol families of loopback headers; IPv6 has another number on each BSD and on macOS. */
const FAMILIES: ReadonlySet<number> = new Set([2, 10, 24, 28, 30]);

/**
 * The IP packet that a frame carries, as a view of the same memory; undefined when it carries something else, is cut off, or has a
 * link type that is not known.
 */
export function ipPacketOf(linkType: number, frame: Uint8Array): Uint8Array | undefined {
  switch (linkType) {
    case LINK_TYPE.ethernet:
      return behindEtherType(frame, 12);
    case LINK_TYPE.linuxSll:
      return behindEtherType(frame, 14);
    case LINK_TYPE.linuxSll2:
      // The protocol stands first, the other fields of the 20 bytes behind it.
      return frame.length >= 20 && isIp(word(frame, 0)) ? frame.subarray(20) : undefined;
    case LINK_TYPE.null:
    case LINK_TYPE.loop: {
      if (frame.length < 4) return undefined;
      const view = new DataView(frame.buffer, frame.byteOffset, 4);
      const known = FAMILIES.has(view.getUint32(0, true)) || FAMILIES.has(view.getUint32(0));
      return known ? frame.subarray(4) : undefined;
    }
    case LINK_TYPE.raw:
    case LINK_TYPE.rawBsd:
    case LINK_TYPE.rawOpenBsd:
    case LINK_TYPE.ipv4:
    case LINK_TYPE.ipv6:
      return frame;
    default:
      return undefined;
  }
}

/** Whether {@link ipPacketOf} understands frames of that link type. */
export function isKnownLinkType(linkType: number): boolean {
  return (Object.values(LINK_TYPE) as number[]).includes(linkType);
}

/** What follows the EtherType at `at`, VLAN tags passed over. */
function behindEtherType(frame: Uint8Array, at: number): Uint8Array | undefined {
  while (frame.length >= at + 2) {
    const type = word(frame, at);
    if (isIp(type)) return frame.subarray(at + 2);
    if (type !== ETHERTYPE.vlan && type !== ETHERTYPE.provider && type !== ETHERTYPE.oldProvider) return undefined;
    at += 4;
  }
  return undefined;
}

function isIp(etherType: number): boolean {
  return etherType === ETHERTYPE.ipv4 || etherType === ETHERTYPE.ipv6;
}

function word(bytes: Uint8Array, at: number): number {
  return bytes[at]! << 8 | bytes[at + 1]!;
}
