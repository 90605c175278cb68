/**
 * Messages with names: bytes to a tree and back.
 * @module
 */
export type { AvpValue, OtherAddress } from "./data_format.ts";
export { type DecodedAvp, type DecodedMessage, DecodeError, decodeMessage, type Unusual } from "./decode_message.ts";
export { type AvpInput, type AvpInputs, EncodeError, encodeMessage, type MessageInput } from "./encode_message.ts";
