/**
 * Internet Protocol, versions 4 and 6.
 * @module
 */

/** Protocol numbers of what an IP packet may carry. */
export const IP_PROTOCOL = {
  ipv4: 4,
  tcp: 6,
  udp: 17,
  ipv6: 41,
  gre: 47,
  esp: 50,
  etherIp: 97,
  sctp: 132,
  mpls: 137,
} as const;

/** IPv6 extension headers that may stand before the payload. */
const EXTENSION = { hopByHop: 0, routing: 43, fragment: 44, authentication: 51, destination: 60 } as const;

/** What an IP packet carries. */
export interface IpPayload {
  /** 4 or 16 octets. */
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
  /** See {@link IP_PROTOCOL}. */
  readonly protocol: number;
  readonly data: Uint8Array;
  /** Bytes that the capture did not keep of the payload. */
  readonly missing: number;
  /** The packet is a fragment: `data` is a part of something only. */
  readonly isFragment: boolean;
}

/** Takes an IP packet apart; undefined when it is none or its header is cut off. */
export function readIp(packet: Uint8Array): IpPayload | undefined {
  switch ((packet[0] ?? 0) >> 4) {
    case 4:
      return readIpv4(packet);
    case 6:
      return readIpv6(packet);
    default:
      return undefined;
  }
}

function readIpv4(packet: Uint8Array): IpPayload | undefined {
  if (packet.length < 20) return undefined;
  const headerLength = (packet[0]! & 0x0f) * 4;
  if (headerLength < 20 || packet.length < headerLength) return undefined;
  // A length of 0 is what a network card that segments by itself leaves to a capture.
  const total = word(packet, 2) || packet.length;
  if (total < headerLength) return undefined;
  const fragment = word(packet, 6);
  return {
    source: packet.subarray(12, 16),
    destination: packet.subarray(16, 20),
    protocol: packet[9]!,
    data: packet.subarray(headerLength, Math.min(total, packet.length)),
    missing: Math.max(0, total - packet.length),
    isFragment: (fragment & 0x3fff) !== 0,
  };
}

function readIpv6(packet: Uint8Array): IpPayload | undefined {
  if (packet.length < 40) return undefined;
  const end = 40 + (word(packet, 4) || packet.length - 40);
  let protocol = packet[6]!;
  let at = 40;
  let isFragment = false;
  while (isExtension(protocol)) {
    if (packet.length < at + 8) return undefined;
    const next = packet[at]!;
    if (protocol === EXTENSION.fragment) {
      // Offset in the upper 13 bits, "more fragments" in the lowest.
      if ((word(packet, at + 2) & 0xfff9) !== 0) isFragment = true;
      at += 8;
    } else {
      at += protocol === EXTENSION.authentication ? (packet[at + 1]! + 2) * 4 : (packet[at + 1]! + 1) * 8;
    }
    protocol = next;
  }
  if (at > Math.min(end, packet.length)) return undefined;
  return {
    source: packet.subarray(8, 24),
    destination: packet.subarray(24, 40),
    protocol,
    data: packet.subarray(at, Math.min(end, packet.length)),
    missing: Math.max(0, end - packet.length),
    isFragment,
  };
}

function isExtension(protocol: number): boolean {
  return (Object.values(EXTENSION) as number[]).includes(protocol);
}

function word(bytes: Uint8Array, at: number): number {
  return bytes[at]! << 8 | bytes[at + 1]!;
}
