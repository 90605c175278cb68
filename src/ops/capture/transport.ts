/**
 * From captured packets to what the programs at both ends read: byte streams (TCP) and messages (SCTP).
 * @module
 */
import { IP_PROTOCOL, type IpPayload, readIp } from "./ip.ts";
import { ipPacketOf, isKnownLinkType } from "./link_layer.ts";
import type { Packet } from "./packet.ts";
import { readSctpPacket, SctpStream } from "./sctp.ts";
import { readTcpSegment, TCP_FLAG } from "./tcp_segment.ts";
import { type StreamPart, TcpStream } from "./tcp_stream.ts";

/** One end of a conversation. */
export interface Endpoint {
  /** 4 or 16 octets. */
  readonly address: Uint8Array;
  readonly port: number;
}

/** One direction of one conversation: the same object for all that belongs to it. */
export interface Flow {
  readonly transport: "tcp" | "sctp";
  readonly source: Endpoint;
  readonly destination: Endpoint;
  /** Whether the beginning of the conversation was captured; always true for SCTP, whose messages stand alone. */
  readonly fromStart: boolean;
}

/** What happened in a capture, in the order in which it can be known. */
export type TransportEvent =
  /** More bytes of a stream; the packet is the one that carried them. */
  | { readonly kind: "bytes"; readonly flow: Flow; readonly bytes: Uint8Array; readonly packet: Packet }
  /** Bytes of a stream are missing in the capture. */
  | { readonly kind: "gap"; readonly flow: Flow; readonly length: number }
  /** A message of an SCTP association. */
  | {
    readonly kind: "message";
    readonly flow: Flow;
    readonly bytes: Uint8Array;
    readonly payloadProtocol: number;
    readonly packet: Packet;
  }
  /** Something could not be followed. */
  | { readonly kind: "note"; readonly packet: Packet; readonly text: string };

interface TcpEntry {
  readonly flow: Flow;
  readonly stream: TcpStream<Packet>;
}

/** Puts the streams and messages in `packets` together. Fragments of IP packets are noted and left out. */
export function* readTransport(packets: Iterable<Packet>): Generator<TransportEvent> {
  const tcp = new Map<string, TcpEntry>();
  const sctp = new Map<string, { flow: Flow; stream: SctpStream }>();
  const unknownLinkTypes = new Set<number>();
  for (const packet of packets) {
    if (!isKnownLinkType(packet.linkType) && !unknownLinkTypes.has(packet.linkType)) {
      unknownLinkTypes.add(packet.linkType);
      yield { kind: "note", packet, text: `link type ${packet.linkType} is not known; its packets are left out` };
    }
    const inner = ipPacketOf(packet.linkType, packet.data);
    const payload = inner && readIp(inner);
    if (payload === undefined) continue;
    if (payload.protocol !== IP_PROTOCOL.tcp && payload.protocol !== IP_PROTOCOL.sctp) continue;
    if (payload.isFragment) {
      yield { kind: "note", packet, text: "an IP fragment, left out: fragments are not put together" };
      continue;
    }
    if (payload.missing > 0) {
      yield { kind: "note", packet, text: `${payload.missing} bytes of the packet were not captured` };
    }
    if (payload.protocol === IP_PROTOCOL.tcp) yield* readTcp(tcp, payload, packet);
    else yield* readSctp(sctp, payload, packet);
  }
  for (const { flow, stream } of tcp.values()) yield* eventsOf(flow, stream.end());
}

function* readTcp(table: Map<string, TcpEntry>, payload: IpPayload, packet: Packet): Generator<TransportEvent> {
  const segment = readTcpSegment(payload.data);
  if (segment === undefined) return;
  const { sourcePort, destinationPort } = segment;
  const key = `${payload.source} ${sourcePort} ${payload.destination} ${destinationPort}`;
  let entry = table.get(key);
  if (entry?.stream.isRestartedBy(segment)) {
    yield* eventsOf(entry.flow, entry.stream.end());
    entry = undefined;
  }
  if (entry === undefined) {
    // What opens nothing and carries nothing says nothing of where the data begin: a capture often starts with such an ACK.
    const isNews = segment.data.length > 0 || (segment.flags & TCP_FLAG.syn) !== 0;
    if (!isNews) return;
    const stream = new TcpStream<Packet>(segment);
    const flow = flowOf("tcp", payload, sourcePort, destinationPort, stream.fromStart);
    table.set(key, entry = { flow, stream });
  }
  yield* eventsOf(entry.flow, entry.stream.add(segment, packet));
}

function* readSctp(
  table: Map<string, { flow: Flow; stream: SctpStream }>,
  payload: IpPayload,
  packet: Packet,
): Generator<TransportEvent> {
  const parsed = readSctpPacket(payload.data);
  if (parsed === undefined) return;
  const { sourcePort, destinationPort, verificationTag } = parsed;
  // Not the addresses: an association may use several, and its tag tells it from all others.
  const key = `${sourcePort} ${destinationPort} ${verificationTag}`;
  let entry = table.get(key);
  if (entry === undefined) {
    table.set(
      key,
      entry = { flow: flowOf("sctp", payload, sourcePort, destinationPort, true), stream: new SctpStream() },
    );
  }
  for (const chunk of parsed.chunks) {
    const message = entry.stream.add(chunk);
    if (message !== undefined) yield { kind: "message", flow: entry.flow, packet, ...message };
  }
}

function flowOf(
  transport: Flow["transport"],
  { source, destination }: IpPayload,
  sourcePort: number,
  destinationPort: number,
  fromStart: boolean,
): Flow {
  return {
    transport,
    source: { address: source, port: sourcePort },
    destination: { address: destination, port: destinationPort },
    fromStart,
  };
}

function* eventsOf(flow: Flow, parts: Iterable<StreamPart<Packet>>): Generator<TransportEvent> {
  for (const part of parts) {
    if (part.kind === "gap") yield { ...part, flow };
    else yield { kind: "bytes", flow, bytes: part.bytes, packet: part.origin };
  }
}
