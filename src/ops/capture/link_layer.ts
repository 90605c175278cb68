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
export const ETHERTYPE = {
  ipv4: 0x0800,
  ethernet: 0x6558,
  vlan: 0x8100,
  ipv6: 0x86dd,
  mpls: 0x8847,
  mplsUpstream: 0x8848,
  pppoe: 0x8864,
  provider: 0x88a8,
  oldProvider: 0x9100,
  macsec: 0x88e5,
} as const;

/** Protocols of PPP that are IP. */
const PPP = { ipv4: 0x0021, ipv6: 0x0057 } as const;

/**
 * Headers of one frame, at most: nobody nests as many, and a hostile capture must not exhaust the
 * stack.
 */
const MAX_HEADERS = 32;

/**
 * What is behind a header: the IP packet as a view of the same memory; what it is called that
 * cannot be read; undefined where there is nothing that might have been one.
 */
export type Found = Uint8Array | string | undefined;

/** Protocol families of loopback headers; IPv6 has another number on each BSD and on macOS. */
const FAMILIES: ReadonlySet<number> = new Set([2, 10, 24, 28, 30]);

/**
 * The IP packet that a frame carries; undefined when it carries something else, is cut off, or has
 * a link type that is not known.
 */
export function ipPacketOf(linkType: number, frame: Uint8Array): Found {
  switch (linkType) {
    case LINK_TYPE.ethernet:
      return inEthernet(frame);
    case LINK_TYPE.linuxSll:
      return frame.length < 16 ? undefined : behindEtherType(word(frame, 14), frame.subarray(16));
    case LINK_TYPE.linuxSll2:
      // The protocol stands first, the other fields of the 20 bytes behind it.
      return frame.length < 20 ? undefined : behindEtherType(word(frame, 0), frame.subarray(20));
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

/** The IP packet in an Ethernet frame. @param headers how many there were before */
export function inEthernet(frame: Uint8Array, headers = 0): Found {
  return frame.length < 14 ? undefined : behindEtherType(word(frame, 12), frame.subarray(14), headers);
}

/**
 * The IP packet behind an EtherType; VLAN tags, MPLS labels and PPPoE are passed over.
 * @param headers how many there were before
 */
export function behindEtherType(type: number, data: Uint8Array, headers = 0): Found {
  if (headers === MAX_HEADERS) return `packets with more than ${MAX_HEADERS} headers within each other`;
  switch (type) {
    case ETHERTYPE.ipv4:
    case ETHERTYPE.ipv6:
      return data;
    case ETHERTYPE.vlan:
    case ETHERTYPE.provider:
    case ETHERTYPE.oldProvider:
      return data.length < 4 ? undefined : behindEtherType(word(data, 2), data.subarray(4), headers + 1);
    case ETHERTYPE.mpls:
    case ETHERTYPE.mplsUpstream:
      return inMpls(data, headers + 1);
    case ETHERTYPE.pppoe: {
      if (data.length < 8) return undefined;
      const protocol = word(data, 6);
      return protocol === PPP.ipv4 || protocol === PPP.ipv6 ? data.subarray(8) : undefined;
    }
    case ETHERTYPE.macsec:
      return "MACsec frames";
    default:
      return undefined;
  }
}

/**
 * The IP packet behind MPLS labels (RFC 3032): plain, or in the Ethernet of a pseudowire with a
 * control word (RFC 4448).
 */
export function inMpls(data: Uint8Array, headers = 0): Found {
  let at = 0;
  // The lowest bit of the third octet marks the last label.
  do {
    at += 4;
    if (data.length <= at) return undefined;
  } while ((data[at - 2]! & 1) === 0);
  const inner = data.subarray(at);
  switch (inner[0]! >> 4) {
    case 4:
    case 6:
      return inner;
    case 0:
      return inEthernet(inner.subarray(4), headers) ?? "MPLS pseudowires that carry no IP in Ethernet";
    default:
      return "MPLS packets that carry no IP";
  }
}

function word(bytes: Uint8Array, at: number): number {
  return bytes[at]! << 8 | bytes[at + 1]!;
}
