/**
 * One event, encoded once for all that receive it.
 * @module
 */
import { Buffer } from "node:buffer";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { encodeEvent, type Encoding } from "./codec.ts";
import { type ServerEvent, ServerEventSchema } from "./gen/chat/v1/chat_pb.ts";

/** First octets of a WebSocket message in one frame: FIN and the opcode (RFC 6455 section 5.2). */
const WHOLE = { json: 0x81, proto: 0x82 } as const;
/** Payload lengths that take two and eight further octets. */
const [TWO_OCTETS, EIGHT_OCTETS] = [126, 127];
/** A flag and the length, before each message of gRPC and Connect. */
const PREFIX = 5;

/**
 * Whatever a transport needs of an event, made when first asked for and then shared: nobody may
 * change the bytes.
 */
export class Encoded {
  #json: Uint8Array<ArrayBuffer> | undefined;
  #proto: Uint8Array<ArrayBuffer> | undefined;
  #jsonFrame: Uint8Array<ArrayBuffer> | undefined;
  #protoFrame: Uint8Array<ArrayBuffer> | undefined;
  #jsonEnvelope: Uint8Array<ArrayBuffer> | undefined;
  #protoEnvelope: Uint8Array<ArrayBuffer> | undefined;

  /** @param event not to be changed from now on */
  constructor(readonly event: ServerEvent) {}

  /** The message alone: the UTF-8 of JSON, or protobuf. */
  message(encoding: Encoding): Uint8Array<ArrayBuffer> {
    return encoding === "json"
      ? this.#json ??= encodeEvent(this.event, "json")
      : this.#proto ??= encodeEvent(this.event, "proto");
  }

  /** A WebSocket message as a server sends it: one frame, not masked, with its header. */
  webSocketFrame(encoding: Encoding): Uint8Array<ArrayBuffer> {
    return encoding === "json"
      ? this.#jsonFrame ??= frame(WHOLE.json, this.message("json"))
      : this.#protoFrame ??= frame(WHOLE.proto, this.message("proto"));
  }

  /** A message of gRPC, gRPC-web and a Connect stream: flags 0, length, message. */
  envelope(encoding: Encoding): Uint8Array<ArrayBuffer> {
    return encoding === "json"
      ? this.#jsonEnvelope ??= envelope(this.message("json"))
      : this.#protoEnvelope ??= envelope(this.message("proto"));
  }
}

/** An event as a literal, ready to be sent. */
export function encoded(event: MessageInitShape<typeof ServerEventSchema>): Encoded {
  return new Encoded(create(ServerEventSchema, event));
}

function frame(first: number, payload: Uint8Array): Uint8Array<ArrayBuffer> {
  const { length } = payload;
  const head = length < TWO_OCTETS ? 2 : length <= 0xffff ? 4 : 10;
  const bytes = Buffer.allocUnsafeSlow(head + length) as Uint8Array<ArrayBuffer>;
  const view = new DataView(bytes.buffer);
  bytes[0] = first;
  if (head === 2) bytes[1] = length;
  else if (head === 4) {
    bytes[1] = TWO_OCTETS;
    view.setUint16(2, length);
  } else {
    bytes[1] = EIGHT_OCTETS;
    view.setBigUint64(2, BigInt(length));
  }
  bytes.set(payload, head);
  return bytes;
}

function envelope(message: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = Buffer.allocUnsafeSlow(PREFIX + message.length) as Uint8Array<ArrayBuffer>;
  bytes[0] = 0;
  new DataView(bytes.buffer).setUint32(1, message.length);
  bytes.set(message, PREFIX);
  return bytes;
}
