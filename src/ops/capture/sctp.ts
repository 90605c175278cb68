/**
 * SCTP, read only: DATA chunks and the messages they are parts of (RFC 9260).
 * @module
 */

const COMMON_HEADER = 12;
const CHUNK_HEADER = 4;
/** Bytes of a DATA chunk before the user's data. */
const DATA_HEADER = 16;
const CHUNK_TYPE_DATA = 0;
/** Flags of a DATA chunk: last and first fragment of a message. */
const DATA_FLAG = { ending: 0x01, beginning: 0x02 } as const;
/** Fragments and finished messages remembered per direction of an association. */
const MEMORY = 4096;

/** A DATA chunk. */
export interface SctpData {
  /** Transmission sequence number. */
  readonly tsn: number;
  readonly stream: number;
  /** What the user says the data are: 46 Diameter, 47 Diameter over DTLS, 0 nothing said. */
  readonly payloadProtocol: number;
  readonly isFirst: boolean;
  readonly isLast: boolean;
  readonly data: Uint8Array;
}

/** The ports, the tag of the association in this direction, and the DATA chunks of an SCTP packet. */
export interface SctpPacket {
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly verificationTag: number;
  readonly chunks: readonly SctpData[];
}

/** Takes an SCTP packet apart; undefined when it has no whole header. A chunk that is cut off ends the list. */
export function readSctpPacket(bytes: Uint8Array): SctpPacket | undefined {
  if (bytes.length < COMMON_HEADER) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const chunks: SctpData[] = [];
  let at = COMMON_HEADER;
  while (at + CHUNK_HEADER <= bytes.length) {
    const length = view.getUint16(at + 2);
    if (length < CHUNK_HEADER || at + length > bytes.length) break;
    if (bytes[at] === CHUNK_TYPE_DATA && length >= DATA_HEADER) {
      const flags = bytes[at + 1]!;
      chunks.push({
        tsn: view.getUint32(at + 4),
        stream: view.getUint16(at + 8),
        payloadProtocol: view.getUint32(at + 12),
        isFirst: (flags & DATA_FLAG.beginning) !== 0,
        isLast: (flags & DATA_FLAG.ending) !== 0,
        data: bytes.subarray(at + DATA_HEADER, at + length),
      });
    }
    at += (length + 3) & ~3;
  }
  return {
    sourcePort: view.getUint16(0),
    destinationPort: view.getUint16(2),
    verificationTag: view.getUint32(4),
    chunks,
  };
}

/** A whole message of one direction of an association. */
export interface SctpMessage {
  readonly payloadProtocol: number;
  readonly bytes: Uint8Array;
}

/** One direction of an association: chunks go in, each message comes out once, when its last fragment is there. */
export class SctpStream {
  readonly #fragments = new Map<number, SctpData>();
  readonly #seen = new Set<number>();

  /** Takes a chunk; gives the message that it completes. */
  add(chunk: SctpData): SctpMessage | undefined {
    if (this.#seen.has(chunk.tsn)) return undefined;
    remember(this.#seen, chunk.tsn);
    if (chunk.isFirst && chunk.isLast) return { payloadProtocol: chunk.payloadProtocol, bytes: chunk.data };
    this.#fragments.set(chunk.tsn, chunk);
    if (this.#fragments.size > MEMORY) this.#fragments.delete(this.#fragments.keys().next().value!);
    return this.#complete(chunk.tsn);
  }

  /** The fragments of a message have consecutive TSNs (RFC 9260 section 6.9). */
  #complete(tsn: number): SctpMessage | undefined {
    let first = tsn;
    while (this.#fragments.get(first)?.isFirst === false) first = (first - 1) >>> 0;
    const parts: SctpData[] = [];
    for (let at = first;; at = (at + 1) >>> 0) {
      const part = this.#fragments.get(at);
      if (part === undefined) return undefined;
      parts.push(part);
      if (part.isLast) break;
    }
    for (const part of parts) this.#fragments.delete(part.tsn);
    const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.data.length, 0));
    let at = 0;
    for (const { data } of parts) {
      bytes.set(data, at);
      at += data.length;
    }
    return { payloadProtocol: parts[0]!.payloadProtocol, bytes };
  }
}

function remember(seen: Set<number>, tsn: number): void {
  seen.add(tsn);
  if (seen.size > MEMORY) seen.delete(seen.keys().next().value!);
}
