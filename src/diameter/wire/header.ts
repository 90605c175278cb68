/**
 * The Diameter header (RFC 6733 section 3): 20 bytes, read and written in place.
 *
 *      0                   1                   2                   3
 *      +---------------+-----------------------------------------------+
 *      |    Version    |                 Message Length                |
 *      | Command Flags |                  Command Code                 |
 *      |                         Application-ID                        |
 *      |                      Hop-by-Hop Identifier                    |
 *      |                      End-to-End Identifier                    |
 *      +---------------------------------------------------------------+
 *
 * @module
 */

/** Bytes of a Diameter header. */
export const HEADER_LENGTH = 20;

/** The only protocol version there is (RFC 6733 section 3). */
export const VERSION_1 = 1;

/** The largest length that the 24 bit field can carry, rounded down to a multiple of four. */
export const MAX_MESSAGE_LENGTH = 0xfffffc;

/** Byte offsets of the header's fields. */
export const OFFSET = {
  version: 0,
  flags: 4,
  command: 4,
  application: 8,
  hopByHop: 12,
  endToEnd: 16,
} as const;

/** Command flags (RFC 6733 section 3). The lower four bits are reserved. */
export const FLAG = {
  /** R: a request. */
  request: 0x80,
  /** P: may be proxied, relayed or redirected. */
  proxiable: 0x40,
  /** E: carries a protocol error (answers only). */
  error: 0x20,
  /** T: potentially sent before (requests only). */
  retransmitted: 0x10,
  /** Bits that are sent as 0 and ignored on receipt. */
  reserved: 0x0f,
} as const;

/** A decoded header. */
export interface Header {
  /** 1 (RFC 6733 section 3). */
  readonly version: number;
  /** Bytes of the whole message, header included. */
  readonly length: number;
  /** Command flags, see {@link FLAG}. */
  readonly flags: number;
  /** Command code. */
  readonly command: number;
  /** Application id. */
  readonly application: number;
  /** Hop-by-Hop Identifier: of this connection alone. */
  readonly hopByHop: number;
  /** End-to-End Identifier: the same on all connections of its way. */
  readonly endToEnd: number;
}

/** A view over the memory of `bytes`, so that offset 0 of both is the same byte. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/**
 * Reads the header at `at`. Checks nothing but that 20 bytes are there.
 * @throws RangeError when fewer than 20 bytes remain
 */
export function readHeader(bytes: Uint8Array, at = 0): Header {
  if (bytes.byteLength - at < HEADER_LENGTH) {
    throw new RangeError(
      `Cannot read a Diameter header at byte ${at}: it takes ${HEADER_LENGTH} bytes, ${bytes.byteLength - at} are left`,
    );
  }
  const view = viewOf(bytes);
  const first = view.getUint32(at);
  const second = view.getUint32(at + 4);
  return {
    version: first >>> 24,
    length: first & 0xffffff,
    flags: second >>> 24,
    command: second & 0xffffff,
    application: view.getUint32(at + OFFSET.application),
    hopByHop: view.getUint32(at + OFFSET.hopByHop),
    endToEnd: view.getUint32(at + OFFSET.endToEnd),
  };
}

/** Writes `header` at `at`; the caller made sure of the 20 bytes. */
export function writeHeader(view: DataView, at: number, header: Header): void {
  view.setUint32(at, ((header.version << 24) | header.length) >>> 0);
  view.setUint32(at + 4, ((header.flags << 24) | header.command) >>> 0);
  view.setUint32(at + OFFSET.application, header.application);
  view.setUint32(at + OFFSET.hopByHop, header.hopByHop);
  view.setUint32(at + OFFSET.endToEnd, header.endToEnd);
}
