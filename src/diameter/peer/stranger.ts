/**
 * Bytes that are no Diameter message: what they most likely are, for whoever has to find out why.
 * @module
 */
import { FRAME_FAULT } from "../wire/frame_rule.ts";
import { HEADER_LENGTH, VERSION_1 } from "../wire/header.ts";

/** First record types of TLS (RFC 8446 section 5.1): alert, handshake. */
const TLS_ALERT = 21;
const TLS_HANDSHAKE = 22;

/** A clause about the bytes at which the framer gave up with the fault `kind`. */
export function describeStranger(kind: string, bytes: Uint8Array): string {
  const length = ((bytes[1] ?? 0) << 16) | ((bytes[2] ?? 0) << 8) | (bytes[3] ?? 0);
  if (bytes[0] === VERSION_1) {
    const why = kind === FRAME_FAULT.alignment
      ? "is no multiple of 4"
      : length < HEADER_LENGTH
      ? `is less than a header has, ${HEADER_LENGTH}`
      : "is above the limit (max_message_size)";
    return `it sent a message with an impossible length: ${length} ${why}`;
  }
  const guess = guessOf(bytes);
  return `it sent bytes that are no Diameter message${guess === "" ? "" : `: ${guess}`}`;
}

function guessOf(bytes: Uint8Array): string {
  if ((bytes[0] === TLS_HANDSHAKE || bytes[0] === TLS_ALERT) && bytes[1] === 3) {
    return "they look like TLS, and this connection is plain TCP";
  }
  const text = String.fromCharCode(...bytes.subarray(0, HEADER_LENGTH));
  if (/^(HTTP\/|GET |POST |PUT |HEAD |OPTIONS |CONNECT |PRI \* )/.test(text)) return "they look like HTTP";
  if (text.startsWith("SSH-")) return "they look like SSH";
  return /^[\x20-\x7e]+(\r?\n|$)/.test(text) ? `they are text, ${JSON.stringify(text.trim())}` : "";
}
