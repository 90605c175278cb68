/**
 * Recorded messages as a capture that Wireshark opens: each connection one of TCP, made up around
 * its messages.
 * @module
 */
import { pcapngHeader, pcapngPacket } from "../capture/pcapng_writer.ts";
import { tcpPacket } from "../capture/tcp_packet.ts";
import { TCP_FLAG } from "../capture/tcp_segment.ts";
import type { Pace } from "../metrics/turns.ts";
import type { ConnectionEnd, RecordedMessage, TransactionFilter } from "./record.ts";
import { messagesOf } from "./trace_reader.ts";
import type { TraceRing } from "./trace_ring.ts";

/** How a capture is to be. */
export interface CaptureOptions {
  readonly filter?: TransactionFilter;
  /** Transactions, the newest ones; all unless given. */
  readonly limit?: number;
  /** Port by which a dissector knows the protocol: the end that was dialled is shown with it. */
  readonly port: number;
  /** Makes a message safe to be shown, in place; its length stays. */
  readonly mask?: (message: Uint8Array) => void;
  readonly pace?: Pace;
}

/** Bytes of a message in one segment, at most: what IPv6 and TCP leave of a packet. */
const SEGMENT = 65_000;
/** Bytes of a chunk, about. */
const CHUNK = 64 * 1024;
/** Ephemeral ports (RFC 6335 section 6). */
const EPHEMERAL = { first: 49152, last: 65535 } as const;
const PUSH = 0x08;

/**
 * A capture of the ring's messages in chunks, in short turns. What is overwritten meanwhile is left
 * out.
 */
export async function* captureOf(ring: TraceRing, options: CaptureOptions): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const { filter = {}, limit, port, mask, pace } = options;
  const streams = new Streams(port);
  let parts: Uint8Array<ArrayBuffer>[] = [pcapngHeader({ interfaceName: "diam-gw" })];
  let length = parts[0]!.length;
  for await (const { at, connection, sent, bytes } of messagesOf(ring, filter, limit, pace)) {
    mask?.(bytes);
    for (const packet of streams.of(connection).packets(bytes, sent, nanosecondsOf(at))) {
      parts.push(packet);
      length += packet.length;
    }
    if (length < CHUNK) continue;
    yield concat(parts, length);
    [parts, length] = [[], 0];
  }
  if (length > 0) yield concat(parts, length);
}

/**
 * The connections of one capture. No two have the same four numbers, though one may have begun
 * after the other.
 */
class Streams {
  readonly #port: number;
  readonly #streams = new Map<number, Stream>();
  readonly #taken = new Set<string>();

  constructor(port: number) {
    this.#port = port;
  }

  of(connection: RecordedMessage["connection"]): Stream {
    let stream = this.#streams.get(connection.id);
    if (stream === undefined) this.#streams.set(connection.id, stream = this.#make(connection));
    return stream;
  }

  #make(connection: RecordedMessage["connection"]): Stream {
    const { dialled, local, remote } = connection;
    const [client, server] = dialled ? [local, remote] : [remote, local];
    const shown = { client: ofOneFamily(client, server), server: { ...ofOneFamily(server, client), port: this.#port } };
    const name = (port: number) => `${shown.client.address} ${port} ${shown.server.address}`;
    while (this.#taken.has(name(shown.client.port))) {
      const { port } = shown.client;
      shown.client.port = port < EPHEMERAL.first || port >= EPHEMERAL.last ? EPHEMERAL.first : port + 1;
    }
    this.#taken.add(name(shown.client.port));
    const ends = dialled ? [shown.client, shown.server] : [shown.server, shown.client];
    const ports = `${client.port} to ${server.port}`;
    const remark = `${connection.side === "app" ? "Logic App" : "DRA"} ${connection.name}, ports ${ports}`;
    return new Stream(ends[0]!, ends[1]!, remark);
  }
}

/** One connection: counts the bytes of both directions, as TCP does. */
class Stream {
  readonly #local: ConnectionEnd;
  readonly #remote: ConnectionEnd;
  /** Who it is, for a person; said once. */
  #remark: string | undefined;
  #sent = 1;
  #received = 1;

  constructor(local: ConnectionEnd, remote: ConnectionEnd, remark: string) {
    this.#local = local;
    this.#remote = remote;
    this.#remark = remark;
  }

  /** The packets that carry a message. */
  *packets(bytes: Uint8Array, sent: boolean, time: bigint): Generator<Uint8Array<ArrayBuffer>> {
    const [from, to] = sent ? [this.#local, this.#remote] : [this.#remote, this.#local];
    for (let at = 0; at < bytes.length; at += SEGMENT) {
      const data = bytes.subarray(at, at + SEGMENT);
      const packet = tcpPacket({
        source: from.address,
        destination: to.address,
        sourcePort: from.port,
        destinationPort: to.port,
        sequence: sent ? this.#sent : this.#received,
        acknowledgement: sent ? this.#received : this.#sent,
        flags: TCP_FLAG.ack | (at + SEGMENT >= bytes.length ? PUSH : 0),
        data,
      });
      if (sent) this.#sent = (this.#sent + data.length) >>> 0;
      else this.#received = (this.#received + data.length) >>> 0;
      yield pcapngPacket(time, packet, this.#remark);
      this.#remark = undefined;
    }
  }
}

/**
 * An end whose address has the family of the other one: IPv4 is mapped (RFC 4291 section 2.5.5.2)
 * beside IPv6.
 */
function ofOneFamily(end: ConnectionEnd, other: ConnectionEnd): { address: Uint8Array; port: number } {
  const { address, port } = end;
  if (address.length >= other.address.length) return { address, port };
  return { address: new Uint8Array([...new Uint8Array(10), 0xff, 0xff, ...address]), port };
}

function nanosecondsOf(milliseconds: number): bigint {
  return BigInt(Math.round(milliseconds * 1000)) * 1000n;
}

function concat(parts: readonly Uint8Array[], length: number): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
