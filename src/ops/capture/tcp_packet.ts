/**
 * Making IP packets with TCP segments in them, for captures of what was read from sockets.
 * @module
 */
import { IP_PROTOCOL } from "./ip.ts";
import type { TcpSegment } from "./tcp_segment.ts";

const TCP_HEADER = 20;
const IPV4_HEADER = 20;
const IPV6_HEADER = 40;
const HOPS = 64;
const WINDOW = 0xffff;

/** A segment with its two addresses, both of 4 or both of 16 octets. */
export interface TcpPacket extends TcpSegment {
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
  /** 0 unless given. */
  readonly acknowledgement?: number;
}

/**
 * The IP packet, checksums filled in.
 * @throws RangeError when the addresses are of different families, or the data do not fit into one
 * packet
 */
export function tcpPacket(packet: TcpPacket): Uint8Array<ArrayBuffer> {
  const { source, destination, data } = packet;
  if (source.length !== destination.length || (source.length !== 4 && source.length !== 16)) {
    throw new RangeError(
      `Cannot make a packet from an address of ${source.length} bytes to one of ${destination.length}`,
    );
  }
  const ipHeader = source.length === 4 ? IPV4_HEADER : IPV6_HEADER;
  const length = ipHeader + TCP_HEADER + data.length;
  if (length > 0xffff) throw new RangeError(`Cannot make a packet of ${length} bytes: it holds 65535`);
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  if (source.length === 4) writeIpv4(view, bytes, source, destination);
  else writeIpv6(view, bytes, source, destination);
  writeTcp(new DataView(bytes.buffer, ipHeader), packet);
  bytes.set(data, ipHeader + TCP_HEADER);
  const pseudo = sum(source) + sum(destination) + IP_PROTOCOL.tcp + TCP_HEADER + data.length;
  view.setUint16(ipHeader + 16, checksum(pseudo + sum(bytes.subarray(ipHeader))));
  return bytes;
}

function writeIpv4(view: DataView, bytes: Uint8Array, source: Uint8Array, destination: Uint8Array): void {
  view.setUint8(0, 0x45);
  view.setUint16(2, bytes.length);
  view.setUint16(6, 0x4000); // do not fragment
  view.setUint8(8, HOPS);
  view.setUint8(9, IP_PROTOCOL.tcp);
  bytes.set(source, 12);
  bytes.set(destination, 16);
  view.setUint16(10, checksum(sum(bytes.subarray(0, IPV4_HEADER))));
}

function writeIpv6(view: DataView, bytes: Uint8Array, source: Uint8Array, destination: Uint8Array): void {
  view.setUint8(0, 0x60);
  view.setUint16(4, bytes.length - IPV6_HEADER);
  view.setUint8(6, IP_PROTOCOL.tcp);
  view.setUint8(7, HOPS);
  bytes.set(source, 8);
  bytes.set(destination, 24);
}

function writeTcp(view: DataView, packet: TcpPacket): void {
  view.setUint16(0, packet.sourcePort);
  view.setUint16(2, packet.destinationPort);
  view.setUint32(4, packet.sequence);
  view.setUint32(8, packet.acknowledgement ?? 0);
  view.setUint8(12, (TCP_HEADER / 4) << 4);
  view.setUint8(13, packet.flags);
  view.setUint16(14, WINDOW);
}

/** Sum of 16 bit words (RFC 1071), an odd last byte filled up with zero. */
function sum(bytes: Uint8Array): number {
  let total = 0;
  for (let i = 0; i < bytes.length; i += 2) total += bytes[i]! << 8 | (bytes[i + 1] ?? 0);
  return total;
}

function checksum(total: number): number {
  while (total > 0xffff) total = (total & 0xffff) + Math.floor(total / 0x10000);
  return ~total & 0xffff;
}
