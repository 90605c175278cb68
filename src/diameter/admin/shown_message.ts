/**
 * How a recorded message looks over HTTP. Loads the dictionary, which a gateway that nobody asks
 * does without: import it when somebody asks.
 * @module
 */
import type { RecordedMessage } from "../../ops/trace/record.ts";
import { decodeMessage } from "../wire/decode_message.ts";
import { maskSubscriber } from "../wire/masking.ts";
import { messageJson } from "../wire/message_json.ts";

export { maskSubscriber };

/** What is shown of messages: everything, or nothing that tells who a subscriber is. */
export type Mask = "none" | "subscriber";

/** What may be seen of a message, or of its beginning. @param bytes a copy, masked where it lies */
export function shownBytes(bytes: Uint8Array<ArrayBuffer>, mask: Mask): Uint8Array<ArrayBuffer> {
  if (mask === "subscriber") maskSubscriber(bytes);
  return bytes;
}

/** @param message is a copy, and masked where it lies */
export function shownMessage({ at, connection: { name, side }, sent, bytes }: RecordedMessage, mask: Mask) {
  shownBytes(bytes, mask);
  return {
    at: new Date(at).toISOString(),
    peer: name,
    side,
    sent,
    hex: bytes.toHex(),
    decoded: messageJson(decodeMessage(bytes)),
  };
}
