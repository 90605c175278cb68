/**
 * permessage-deflate as this side does it: no context is taken over, so that a compressed message,
 * too, is made once for all that receive it (RFC 7692).
 * @module
 */
import { Buffer } from "node:buffer";
import { constants, deflateRawSync, inflateRawSync } from "node:zlib";
import type { Encoded, Encoding } from "../../proto/mod.ts";

/** What is agreed on with a client that offers it. */
export const DEFLATE_TERMS = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

/** RSV1 in the first octet of a frame. */
const COMPRESSED = 0x40;
/** What a sender leaves out of each message (RFC 7692 section 7.2.1). */
const TAIL = Buffer.of(0, 0, 0xff, 0xff);
/** Messages below so many bytes are sent as they are. */
const WORTHWHILE = 128;

/** A message that inflates to more than it may. */
export class TooLarge extends Error {
  override name = "TooLarge";
}

/** Frames that were made once; kept as long as their events. */
const FRAMES: Readonly<Record<Encoding, WeakMap<Encoded, Uint8Array>>> = { json: new WeakMap(), proto: new WeakMap() };

/** A whole message in one frame, compressed where that is worth it. */
export function deflatedFrame(event: Encoded, encoding: Encoding): Uint8Array {
  let frame = FRAMES[encoding].get(event);
  if (frame === undefined) FRAMES[encoding].set(event, frame = compress(event, encoding));
  return frame;
}

/** The bytes of a compressed message. @throws TooLarge @throws Error when they are none */
export function inflate(message: Uint8Array, largest: number): Uint8Array {
  try {
    return inflateRawSync(Buffer.concat([message, TAIL]), {
      maxOutputLength: largest,
      finishFlush: constants.Z_SYNC_FLUSH,
    });
  } catch (error) {
    if ((error as { code?: string }).code === "ERR_BUFFER_TOO_LARGE") throw new TooLarge();
    throw error;
  }
}

function compress(event: Encoded, encoding: Encoding): Uint8Array {
  const message = event.message(encoding);
  const plain = event.webSocketFrame(encoding);
  if (message.length < WORTHWHILE) return plain;
  const deflated = deflateRawSync(message, { finishFlush: constants.Z_SYNC_FLUSH });
  const length = deflated.length - TAIL.length;
  if (length >= message.length) return plain;
  const head = length < 126 ? 2 : length <= 0xffff ? 4 : 10;
  const frame = Buffer.allocUnsafeSlow(head + length);
  frame[0] = plain[0]! | COMPRESSED;
  frame[1] = head === 2 ? length : head === 4 ? 126 : 127;
  if (head === 4) frame.writeUInt16BE(length, 2);
  else if (head === 10) frame.writeBigUInt64BE(BigInt(length), 2);
  frame.set(deflated.subarray(0, length), head);
  return frame;
}
