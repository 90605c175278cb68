/**
 * The Result-Code of an answer, read without an object.
 * @module
 */
import { avpHeaderLength, padded, vendorOf } from "./avp.ts";
import { AVP, AVP_FLAG, AVP_HEADER_LENGTH } from "./avp_codes.ts";
import { HEADER_LENGTH } from "./header.ts";

// Constants of this module: the engine loads what is imported anew each time.
const MESSAGE_HEADER = HEADER_LENGTH;
const HEADER = AVP_HEADER_LENGTH;
const { resultCode, experimentalResult, experimentalResultCode } = AVP;
/** Of the second word of an AVP: the V flag and the length. */
const SHAPE = (AVP_FLAG.vendor << 24) | 0xffffff;
/** Bytes of an AVP with a number in it, and no vendor. */
const NUMBER = AVP_HEADER_LENGTH + 4;

/**
 * Result-Code of the answer from `start` to `end`, or the code inside Experimental-Result (RFC 6733
 * section 7.6); 0 when it has neither, or breaks before it.
 */
export function resultCodeIn(view: DataView, start: number, end: number): number {
  // As nearly all answers are, and so without a call for each AVP: no vendor before Result-Code.
  let at = start + MESSAGE_HEADER;
  while (end - at >= NUMBER) {
    const code = view.getInt32(at);
    const shape = view.getInt32(at + 4) & SHAPE;
    if (code === resultCode && shape === NUMBER) return view.getUint32(at + HEADER);
    if (code === resultCode || code === experimentalResult || shape < HEADER || shape > end - at) break;
    at += (shape + 3) & ~3;
  }
  return codeIn(view, at, end);
}

function codeIn(view: DataView, start: number, end: number): number {
  for (let at = start; end - at >= HEADER;) {
    const word = view.getUint32(at + 4);
    const headerLength = avpHeaderLength(word);
    const length = word & 0xffffff;
    if (length < headerLength || length > end - at) return 0;
    const code = view.getUint32(at);
    if (code === resultCode) {
      if (length === headerLength + 4 && vendorOf(view, at, word) === 0) return view.getUint32(at + headerLength);
    } else if (code === experimentalResult && vendorOf(view, at, word) === 0) {
      return experimentalCodeIn(view, at + headerLength, at + length);
    }
    at += padded(length);
  }
  return 0;
}

function experimentalCodeIn(view: DataView, start: number, end: number): number {
  for (let at = start; end - at >= HEADER;) {
    const word = view.getUint32(at + 4);
    const headerLength = avpHeaderLength(word);
    const length = word & 0xffffff;
    if (length < headerLength || length > end - at) return 0;
    const found = view.getUint32(at) === experimentalResultCode && length === headerLength + 4;
    if (found && vendorOf(view, at, word) === 0) return view.getUint32(at + headerLength);
    at += padded(length);
  }
  return 0;
}
