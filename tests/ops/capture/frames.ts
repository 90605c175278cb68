import { Transport, type TransportEvent } from "../../../src/ops/capture/transport.ts";
import type { Packet } from "../../../src/ops/capture/packet.ts";
import { LINK_TYPE } from "../../../src/ops/capture/link_layer.ts";
import { TCP_FLAG } from "../../../src/ops/capture/tcp_segment.ts";
import { tcpPacket } from "../../../src/ops/capture/tcp_packet.ts";

export const A = new Uint8Array([10, 0, 0, 1]);
export const B = new Uint8Array([10, 0, 0, 2]);
export const A6 = new Uint8Array([0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
export const B6 = new Uint8Array([0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2]);

export const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
export const bytes = (text: string) => new TextEncoder().encode(text);
export function concat(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** A segment from A, port 40000, to B, port 3868, or back. */
export function segment(
  sequence: number,
  data: string | Uint8Array,
  { flags = TCP_FLAG.ack, back = false, v6 = false }: { flags?: number; back?: boolean; v6?: boolean } = {},
): Uint8Array {
  const ends = v6 ? [A6, B6] as const : [A, B] as const;
  return tcpPacket({
    source: ends[back ? 1 : 0],
    destination: ends[back ? 0 : 1],
    sourcePort: back ? 3868 : 40000,
    destinationPort: back ? 40000 : 3868,
    sequence: sequence >>> 0,
    flags,
    data: typeof data === "string" ? bytes(data) : data,
  });
}

export const SYN = { flags: TCP_FLAG.syn };

/** Raw IP packets as a capture has them. */
export function captured(packets: readonly Uint8Array[], linkType: number = LINK_TYPE.raw): Packet[] {
  return packets.map((data, i) => ({ number: i + 1, time: BigInt(i), linkType, data, originalLength: data.length }));
}

/** All that happens in packets, to their end. */
export function* readTransport(packets: Iterable<Packet>): Generator<TransportEvent> {
  const transport = new Transport();
  for (const packet of packets) yield* transport.take(packet);
  yield* transport.end();
}

/** An IPv4 packet with any payload. */
export function ipv4(protocol: number, payload: Uint8Array, fragment = 0): Uint8Array {
  const packet = new Uint8Array(20 + payload.length);
  const view = new DataView(packet.buffer);
  view.setUint8(0, 0x45);
  view.setUint16(2, packet.length);
  view.setUint16(6, fragment);
  view.setUint8(8, 64);
  view.setUint8(9, protocol);
  packet.set(A, 12);
  packet.set(B, 16);
  packet.set(payload, 20);
  return packet;
}

/**
 * An SCTP packet with DATA chunks: [tsn, flags (B 2, E 1), data, payload protocol], to port 3868
 * unless said otherwise.
 */
export function sctp(
  tag: number,
  chunks: readonly [number, number, string | Uint8Array, number?][],
  port = 3868,
): Uint8Array {
  const header = new Uint8Array(12);
  const view = new DataView(header.buffer);
  view.setUint16(0, 40000);
  view.setUint16(2, port);
  view.setUint32(4, tag);
  return concat(
    header,
    ...chunks.map(([tsn, flags, data, payloadProtocol = 46]) => {
      const octets = typeof data === "string" ? bytes(data) : data;
      const length = 16 + octets.length;
      const chunk = new Uint8Array((length + 3) & ~3);
      const view = new DataView(chunk.buffer);
      view.setUint8(1, flags);
      view.setUint16(2, length);
      view.setUint32(4, tsn);
      view.setUint32(12, payloadProtocol);
      chunk.set(octets, 16);
      return chunk;
    }),
  );
}
