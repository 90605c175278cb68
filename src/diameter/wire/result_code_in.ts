/**
 * The Result-Code of an answer, read without an object.
 * @module
 */
import { avpHeaderLength, padded, vendorOf } from "./avp.ts";
import { AVP, AVP_HEADER_LENGTH } from "./avp_codes.ts";
import { HEADER_LENGTH } from "./header.ts";

/**
 * Result-Code of the answer from `start` to `end`, or the code inside Experimental-Result (RFC 6733
 * section 7.6); 0 when it has neither, or breaks before it.
 */
export function resultCodeIn(view: DataView, start: number, end: number): number {
  return codeIn(view, start + HEADER_LENGTH, end, AVP.resultCode);
}

function codeIn(view: DataView, start: number, end: number, wanted: number): number {
  for (let at = start; end - at >= AVP_HEADER_LENGTH;) {
    const word = view.getUint32(at + 4);
    const headerLength = avpHeaderLength(word);
    const length = word & 0xffffff;
    if (length < headerLength || length > end - at) return 0;
    const code = view.getUint32(at);
    if (code === wanted && length === headerLength + 4 && vendorOf(view, at, word) === 0) {
      return view.getUint32(at + headerLength);
    }
    if (code === AVP.experimentalResult && wanted === AVP.resultCode && vendorOf(view, at, word) === 0) {
      return codeIn(view, at + headerLength, at + length, AVP.experimentalResultCode);
    }
    at += padded(length);
  }
  return 0;
}
