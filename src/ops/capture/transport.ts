/**
 * From captured packets to what the programs at both ends read: byte streams (TCP) and messages
 * (SCTP).
 * @module
 */
import { Holders } from "./holders.ts";
import { IP_PROTOCOL, type IpPayload, readIp } from "./ip.ts";
import { ipPacketOf, isKnownLinkType } from "./link_layer.ts";
import type { Frame, Packet } from "./packet.ts";
import { Recency } from "./recency.ts";
import { readSctpPacket } from "./sctp.ts";
import { SctpStream } from "./sctp_stream.ts";
import { readTcpSegment, TCP_FLAG } from "./tcp_segment.ts";
import { type StreamPart, TcpStream } from "./tcp_stream.ts";
import { inTunnel, isTunnel } from "./tunnel.ts";

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
  /**
   * Whether the beginning of the conversation was captured; always true for SCTP, whose messages
   * stand alone.
   */
  readonly fromStart: boolean;
}

/** What happened in a capture, in the order in which it can be known. */
export type TransportEvent =
  /** More bytes of a stream, and the frame that carried them. */
  | { readonly kind: "bytes"; readonly flow: Flow; readonly bytes: Uint8Array; readonly frame: Frame }
  /** Bytes of a stream are missing in the capture. */
  | { readonly kind: "gap"; readonly flow: Flow; readonly length: number }
  /** A message of an SCTP association. */
  | {
    readonly kind: "message";
    readonly flow: Flow;
    readonly bytes: Uint8Array;
    readonly payloadProtocol: number;
    readonly frame: Frame;
  }
  /** Nothing more belongs to that direction, or nothing more is kept of it. */
  | { readonly kind: "end"; readonly flow: Flow }
  /** What was left out, with its count; at the end of the capture. */
  | { readonly kind: "note"; readonly text: string }
  /** What is in the capture beside that, and is nobody's loss; at the end as well. */
  | { readonly kind: "other"; readonly text: string };

/** What is kept of one direction of a conversation. */
interface TcpEntry {
  readonly flow: Flow;
  readonly stream: TcpStream<Frame>;
}
interface SctpEntry {
  readonly flow: Flow;
  readonly stream: SctpStream;
}
type Entry = TcpEntry | SctpEntry;

/** Bytes that may wait for what is missing before them, in all conversations. */
const MOST_HELD = 64 << 20;
/**
 * Directions of conversations that are followed at once; the one that was quiet for longest makes
 * room for another.
 */
const MOST_CONVERSATIONS = 16384;
/** Tunnels within each other. */
const MOST_TUNNELS = 8;

/**
 * Packets go in, in their order; bytes and messages come out. What cannot be followed is counted,
 * and told in the end.
 */
export class Transport {
  readonly #conversations = new Recency<string, Entry>();
  readonly #holders = new Holders<Entry>();
  readonly #leftOut = new Map<string, Tally>();
  readonly #others = new Map<string, Tally>();

  /** Takes the next packet of the capture. */
  *take(packet: Packet): Generator<TransportEvent> {
    if (!isKnownLinkType(packet.linkType)) {
      return this.#leaveOut(`packets of link type ${packet.linkType}, which is not known`, packet.number);
    }
    const { number } = packet;
    let found = ipPacketOf(packet.linkType, packet.data);
    let carrier: number | undefined;
    for (let tunnels = 0;; tunnels++) {
      if (typeof found === "string") return this.#leaveOut(found, number);
      const payload = found === undefined ? undefined : readIp(found);
      if (payload === undefined) return count(this.#others, nameOfOther(carrier), number, 1);
      const { protocol } = payload;
      const isTransport = protocol === IP_PROTOCOL.tcp || protocol === IP_PROTOCOL.sctp;
      if (!isTransport && !isTunnel(protocol)) return count(this.#others, nameOfOther(protocol), number, 1);
      carrier = protocol;
      if (payload.isFragment) return this.#leaveOut("IP fragments, which are not put together", number);
      if (isTransport) {
        if (payload.missing > 0) this.#leaveOut("ends of packets that were not captured whole", number);
        // What waits for more must not keep the packet, and with it the piece of the file that it
        // is a part of.
        const frame = packet.time === undefined ? { number } : { number, time: packet.time };
        if (protocol === IP_PROTOCOL.tcp) yield* this.#takeTcp(payload, frame);
        else yield* this.#takeSctp(payload, frame);
        return;
      }
      if (tunnels === MOST_TUNNELS) {
        return this.#leaveOut(`packets in more than ${MOST_TUNNELS} tunnels within each other`, number);
      }
      found = inTunnel(payload);
    }
  }

  /** The capture ends: gives what still waits, and tells what was left out. */
  *end(): Generator<TransportEvent> {
    for (const entry of this.#conversations.values()) yield* this.#close(entry);
    for (const [what, { count, first }] of this.#leftOut) {
      yield { kind: "note", text: `left out: ${what} (${count}, the first in frame ${first})` };
    }
    for (const [what, { count, first }] of this.#others) {
      yield { kind: "other", text: `there are ${what} (${count}, the first in frame ${first})` };
    }
  }

  *#takeTcp(payload: IpPayload, frame: Frame): Generator<TransportEvent> {
    const segment = readTcpSegment(payload.data);
    if (segment === undefined) return;
    const { sourcePort, destinationPort } = segment;
    const key = `${payload.source} ${sourcePort} ${payload.destination} ${destinationPort}`;
    let entry = this.#conversations.get(key) as TcpEntry | undefined;
    if (entry?.stream.isRestartedBy(segment)) {
      yield* this.#close(entry);
      entry = undefined;
    }
    if (entry === undefined) {
      // What opens nothing and carries nothing says nothing of where the data begin: a capture
      // often starts with such an ACK.
      const isNews = segment.data.length > 0 || (segment.flags & TCP_FLAG.syn) !== 0;
      if (!isNews) return;
      const stream = new TcpStream<Frame>(segment);
      entry = { flow: flowOf("tcp", payload, sourcePort, destinationPort, stream.fromStart), stream };
      yield* this.#open(key, entry, frame);
    }
    yield* eventsOf(entry.flow, entry.stream.add(segment, frame));
    yield* this.#bound(entry);
  }

  *#takeSctp(payload: IpPayload, frame: Frame): Generator<TransportEvent> {
    const parsed = readSctpPacket(payload.data);
    if (parsed === undefined) return;
    const { sourcePort, destinationPort, verificationTag } = parsed;
    // Not the addresses: an association may use several, and its tag tells it from all others.
    const key = `${sourcePort} ${destinationPort} ${verificationTag}`;
    let entry = this.#conversations.get(key) as SctpEntry | undefined;
    if (entry === undefined) {
      entry = { flow: flowOf("sctp", payload, sourcePort, destinationPort, true), stream: new SctpStream() };
      yield* this.#open(key, entry, frame);
    }
    const { flow, stream } = entry;
    for (const chunk of parsed.chunks) {
      const message = stream.add(chunk, frame.number);
      if (message !== undefined) yield { kind: "message", flow, frame, ...message };
    }
    this.#leaveOutLost(stream);
    yield* this.#bound(entry);
  }

  *#open(key: string, entry: Entry, { number }: Frame): Generator<TransportEvent> {
    this.#conversations.set(key, entry);
    if (this.#conversations.size <= MOST_CONVERSATIONS) return;
    const quiet = this.#conversations.oldest!;
    this.#conversations.delete(quiet.key);
    this.#leaveOut(`conversations that were quiet while ${MOST_CONVERSATIONS} others were not, from then on`, number);
    yield* this.#close(quiet.value);
  }

  /**
   * Keeps what waits in all conversations within its bound: who has waited for longest waits no
   * more.
   */
  *#bound(changed: Entry): Generator<TransportEvent> {
    this.#holders.set(changed, changed.stream.held);
    while (this.#holders.total > MOST_HELD) yield* this.#giveUp(this.#holders.oldest!);
  }

  *#close(entry: Entry): Generator<TransportEvent> {
    yield* this.#giveUp(entry);
    yield { kind: "end", flow: entry.flow };
  }

  *#giveUp(entry: Entry): Generator<TransportEvent> {
    const { flow, stream } = entry;
    if (stream instanceof TcpStream) {
      yield* eventsOf(flow, stream.end());
    } else {
      stream.end();
      this.#leaveOutLost(stream);
    }
    this.#holders.set(entry, 0);
  }

  #leaveOutLost(stream: SctpStream): void {
    const { count, frame } = stream.takeLost();
    if (count > 0) this.#leaveOut("SCTP fragments of messages that did not become whole", frame, count);
  }

  #leaveOut(what: string, frame: number, many = 1): void {
    count(this.#leftOut, what, frame, many);
  }
}

/** How many there are of something, and the frame of the first. */
interface Tally {
  count: number;
  readonly first: number;
}

function count(tallies: Map<string, Tally>, what: string, frame: number, many: number): void {
  const known = tallies.get(what);
  if (known === undefined) tallies.set(what, { count: many, first: frame });
  else known.count += many;
}

/** IP protocols that carry no Diameter, by the names that people know. */
const OTHER_PROTOCOL: Readonly<Record<number, string>> = { 1: "ICMP", [IP_PROTOCOL.udp]: "UDP", 58: "ICMPv6" };

function nameOfOther(protocol: number | undefined): string {
  if (protocol === undefined) return "frames that carry no IP";
  return `packets of ${OTHER_PROTOCOL[protocol] ?? `IP protocol ${protocol}`}`;
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
    // Copies: a conversation must not keep the piece of the file that it began in.
    source: { address: source.slice(), port: sourcePort },
    destination: { address: destination.slice(), port: destinationPort },
    fromStart,
  };
}

function* eventsOf(flow: Flow, parts: Iterable<StreamPart<Frame>>): Generator<TransportEvent> {
  for (const part of parts) {
    if (part.kind === "gap") yield { ...part, flow };
    else yield { kind: "bytes", flow, bytes: part.bytes, frame: part.origin };
  }
}
