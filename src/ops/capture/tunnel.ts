/**
 * IP packets within IP packets: how switches, mirrors and mobile networks carry traffic from one
 * place to another.
 * @module
 */
import { IP_PROTOCOL, type IpPayload } from "./ip.ts";
import { behindEtherType, ETHERTYPE, type Found, inEthernet, inMpls } from "./link_layer.ts";

const UDP_HEADER = 8;
/** UDP ports of tunnels (IANA). */
const PORT = { gtpUser: 2152, vxlan: 4789, vxlanGpe: 4790, geneve: 6081, mpls: 6635 } as const;
/** Protocol types of GRE that are no EtherTypes of IP. */
const GRE_TYPE = { ppp: 0x880b, erspan: 0x88be, erspan3: 0x22eb } as const;
/** Which of the optional words a GRE header has, and its version. */
const GRE_FLAG = { checksum: 0x8000, routing: 0x4000, key: 0x2000, sequence: 0x1000, version: 0x0007 } as const;
const GTP_USER = { version: 1, data: 255 } as const;
/**
 * Flags of a GTP header that bring four more octets: extension header, sequence number, N-PDU
 * number.
 */
const GTP_FLAG = { more: 0x07 } as const;

/**
 * The IP packet that an IP packet carries, or what carries it where it cannot be read; undefined
 * when it carries no other packet.
 */
export function inTunnel({ protocol, data }: IpPayload): Found {
  switch (protocol) {
    case IP_PROTOCOL.ipv4:
    case IP_PROTOCOL.ipv6:
      return data;
    case IP_PROTOCOL.gre:
      return inGre(data);
    case IP_PROTOCOL.udp:
      return inUdp(data);
    case IP_PROTOCOL.mpls:
      return inMpls(data);
    case IP_PROTOCOL.etherIp:
      return inEthernet(data.subarray(2));
    case IP_PROTOCOL.esp:
      return "encrypted packets (ESP)";
    default:
      return undefined;
  }
}

/** Whether packets of that protocol may carry others. */
export function isTunnel(protocol: number): boolean {
  return protocol !== IP_PROTOCOL.tcp && protocol !== IP_PROTOCOL.sctp &&
    (Object.values(IP_PROTOCOL) as number[]).includes(protocol);
}

/** RFC 2784, RFC 2890; ERSPAN as in draft-foschiano-erspan. */
function inGre(bytes: Uint8Array): Found {
  if (bytes.length < 4) return undefined;
  const flags = word(bytes, 0);
  const type = word(bytes, 2);
  const has = (flag: number) => (flags & flag) !== 0;
  if ((flags & GRE_FLAG.version) !== 0 || type === GRE_TYPE.ppp) return "GRE packets of PPTP";
  if (has(GRE_FLAG.routing)) return "GRE packets with a source route";
  const words = 1 + Number(has(GRE_FLAG.checksum)) + Number(has(GRE_FLAG.key)) + Number(has(GRE_FLAG.sequence));
  const data = bytes.subarray(4 * words);
  switch (type) {
    case ETHERTYPE.ethernet:
      return inEthernet(data);
    case GRE_TYPE.erspan:
      // Type I has neither a sequence number nor a header of its own.
      return inEthernet(has(GRE_FLAG.sequence) ? data.subarray(8) : data);
    case GRE_TYPE.erspan3:
      return inErspan3(data);
    default:
      return behindEtherType(type, data) ??
        `GRE packets of protocol type 0x${type.toString(16).padStart(4, "0")}`;
  }
}

/**
 * Twelve octets, then eight more where the last of their bits says so; the frame type stands in the
 * five bits behind the first of two.
 */
function inErspan3(data: Uint8Array): Found {
  if (data.length < 12) return undefined;
  const kind = (data[10]! >> 2) & 0x1f;
  const frame = data.subarray((data[11]! & 1) === 0 ? 12 : 20);
  switch (kind) {
    case 0:
      return inEthernet(frame);
    case 2:
      return frame;
    default:
      return `ERSPAN packets of frame type ${kind}`;
  }
}

function inUdp(bytes: Uint8Array): Found {
  if (bytes.length < UDP_HEADER) return undefined;
  const data = bytes.subarray(UDP_HEADER);
  const port = word(bytes, 2);
  if (port === PORT.gtpUser || word(bytes, 0) === PORT.gtpUser) return inGtp(data);
  switch (port) {
    case PORT.vxlan:
      return inEthernet(data.subarray(8));
    case PORT.vxlanGpe:
      return inVxlanGpe(data);
    case PORT.geneve:
      return inGeneve(data);
    case PORT.mpls:
      return inMpls(data);
    default:
      return undefined;
  }
}

function inVxlanGpe(data: Uint8Array): Found {
  if (data.length < 8) return undefined;
  const next = data[3]!;
  if (next === 1 || next === 2) return data.subarray(8);
  return next === 3 ? inEthernet(data.subarray(8)) : `VXLAN packets of next protocol ${next}`;
}

/** RFC 8926. */
function inGeneve(data: Uint8Array): Found {
  if (data.length < 8) return undefined;
  const inner = data.subarray(8 + 4 * (data[0]! & 0x3f));
  const type = word(data, 2);
  if (type === ETHERTYPE.ethernet) return inEthernet(inner);
  return behindEtherType(type, inner) ?? `Geneve packets of protocol type 0x${type.toString(16).padStart(4, "0")}`;
}

/** 3GPP TS 29.281 section 5.1: only data of users are packets, the rest is signalling. */
function inGtp(data: Uint8Array): Found {
  if (data.length < 8 || data[0]! >> 5 !== GTP_USER.version || data[1] !== GTP_USER.data) return undefined;
  let at = 8;
  if ((data[0]! & GTP_FLAG.more) !== 0) {
    at = 12;
    // Each extension header says its length in words first, and what follows it last.
    let next = (data[0]! & 0x04) === 0 ? 0 : data[at - 1] ?? 0;
    while (next !== 0) {
      const length = 4 * (data[at] ?? 0);
      if (length === 0 || at + length > data.length) return undefined;
      at += length;
      next = data[at - 1]!;
    }
  }
  const version = (data[at] ?? 0) >> 4;
  return version === 4 || version === 6 ? data.subarray(at) : "GTP-U packets that carry no IP";
}

function word(bytes: Uint8Array, at: number): number {
  return bytes[at]! << 8 | bytes[at + 1]!;
}
