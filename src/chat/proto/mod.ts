/**
 * The messages of the chat plane: their types, their two encodings, and what is encoded once for
 * many receivers.
 * @module
 */
export * from "./gen/chat/v1/chat_pb.ts";
export {
  BadMessage,
  decodeRequest,
  encodeEvent,
  type Encoding,
  type KnownRequest,
  type RequestPayload,
} from "./codec.ts";
export { Encoded, encoded } from "./encoded.ts";
