/**
 * SCTP, read only: DATA chunks (RFC 9260).
 * @module
 */

const COMMON_HEADER = 12;
const CHUNK_HEADER = 4;
/** Bytes of a DATA chunk before the user's data. */
const DATA_HEADER = 16;
const CHUNK_TYPE_DATA = 0;
/** Flags of a DATA chunk: last and first fragment of a message. */
const DATA_FLAG = { ending: 0x01, beginning: 0x02 } as const;

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

/**
 * The ports, the tag of the association in this direction, and the DATA chunks of an SCTP packet.
 */
export interface SctpPacket {
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly verificationTag: number;
  readonly chunks: readonly SctpData[];
}

/**
 * Takes an SCTP packet apart; undefined when it has no whole header. A chunk that is cut off ends
 * the list.
 */
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
