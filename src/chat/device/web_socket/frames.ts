/**
 * The frames of a server beside messages: control frames, and compressed messages. PURE.
 * @module
 */
import { Buffer } from "node:buffer";

const FIN = 0x80;
const [CLOSE, PONG] = [8, 10];
const LARGEST_REASON = 123;

/** An empty ping. */
export const PING: Uint8Array = Buffer.of(FIN | 9, 0);

/** The answer to a ping. @param payload at most 125 bytes */
export function pongFrame(payload: Uint8Array): Uint8Array {
  const frame = Buffer.alloc(2 + payload.length);
  frame[0] = FIN | PONG;
  frame[1] = payload.length;
  frame.set(payload, 2);
  return frame;
}

/** A close. A reason that is too long is cut between two characters. */
export function closeFrame(code: number, reason: string): Uint8Array {
  let text = reason;
  let bytes = Buffer.from(text);
  while (bytes.length > LARGEST_REASON) {
    text = [...text].slice(0, -1).join("");
    bytes = Buffer.from(text);
  }
  const frame = Buffer.alloc(4 + bytes.length);
  frame[0] = FIN | CLOSE;
  frame[1] = 2 + bytes.length;
  frame.writeUInt16BE(code, 2);
  frame.set(bytes, 4);
  return frame;
}

/** A close without a code, as one is answered that had none. */
export const EMPTY_CLOSE: Uint8Array = Buffer.of(FIN | CLOSE, 0);
