/**
 * One message to bytes and back, in both encodings: protobuf, and proto3 JSON.
 * @module
 */
import { create, fromBinary, fromJson, type JsonObject, type JsonValue, toBinary, toJson } from "@bufbuild/protobuf";
import {
  CallResultSchema,
  RoomEventSchema,
  type ServerEvent,
  ServerEventSchema,
  type StreamRequest,
  StreamRequestSchema,
} from "./gen/chat/v1/chat_pb.ts";

/** How the messages of a connection are written. */
export type Encoding = "json" | "proto";

/** What a request asks for: the cases of its `payload`. */
export type RequestPayload = Exclude<StreamRequest["payload"], { case: undefined }>;

/**
 * A message that is none: no JSON, a wrong type, a bad base64, or nothing known in it. Its sender
 * is told its `message`, and closed with 4007.
 */
export class BadMessage extends Error {
  override name = "BadMessage";
}

/** Levels of objects and lists that a Struct may have: what other readers of protobuf allow. */
const DEEPEST = 100;

const UTF8 = new TextEncoder();
const STRICT_UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** A request that says what it asks for. */
export type KnownRequest = StreamRequest & { payload: RequestPayload };

/**
 * A request, out of one message. Fields that are not known are ignored, so that newer clients are
 * not shut out.
 * @param message text for JSON, or its UTF-8
 * @throws BadMessage
 */
export function decodeRequest(message: Uint8Array | string, encoding: Encoding): KnownRequest {
  let request: StreamRequest;
  try {
    request = encoding === "proto" ? fromProto(message) : fromText(message);
  } catch (error) {
    throw error instanceof BadMessage ? error : new BadMessage(`bad message: ${shortReason(error)}`);
  }
  const { payload } = request;
  if (payload.case === undefined) throw new BadMessage("bad message: it has no payload that is known here");
  if (payload.case === "call") checkStruct(payload.value.json);
  if (payload.case === "signal") checkStruct(payload.value.data);
  return request as KnownRequest;
}

/** An event as one message: protobuf, or the UTF-8 of proto3 JSON. */
export function encodeEvent(event: ServerEvent, encoding: Encoding): Uint8Array<ArrayBuffer> {
  if (encoding === "proto") return toBinary(ServerEventSchema, event);
  let json: JsonValue;
  try {
    json = toJson(ServerEventSchema, event);
  } catch {
    json = toJson(ServerEventSchema, writable(event));
  }
  return UTF8.encode(JSON.stringify(json));
}

/**
 * What JSON can say of an event whose sender spoke protobuf: numbers that JSON has not become null,
 * a time before year 1 or after 9999 is left out. An event that is not sent would be a gap.
 */
function writable(event: ServerEvent): ServerEvent {
  const { payload } = event;
  switch (payload.case) {
    case "event": {
      const { payload: data, sentAt, ...rest } = payload.value;
      const value = create(RoomEventSchema, { ...rest, ...(data === undefined ? {} : { payload: plain(data) }) });
      if (sentAt !== undefined && isTime(sentAt)) value.sentAt = sentAt;
      return { ...event, payload: { case: "event", value } };
    }
    case "result": {
      const { json } = payload.value;
      const value = create(CallResultSchema, json === undefined ? {} : { json: plain(json) });
      return { ...event, payload: { case: "result", value } };
    }
    default:
      return event; // Signals were checked when they came.
  }
}

function plain(data: JsonObject): JsonObject {
  return JSON.parse(JSON.stringify(data));
}

/** Whether proto3 JSON can write it. */
function isTime({ seconds, nanos }: { readonly seconds: bigint; readonly nanos: number }): boolean {
  return seconds >= -62_135_596_800n && seconds <= 253_402_300_799n && nanos >= 0 && nanos <= 999_999_999;
}

function fromProto(message: Uint8Array | string): StreamRequest {
  if (typeof message === "string") throw new BadMessage("bad message: expected bytes, got text");
  return fromBinary(StreamRequestSchema, message, { readUnknownFields: false });
}

function fromText(message: Uint8Array | string): StreamRequest {
  const text = typeof message === "string" ? message : STRICT_UTF8.decode(message);
  let json: JsonValue;
  try {
    json = JSON.parse(text);
  } catch {
    throw new BadMessage("bad message: expected JSON");
  }
  return fromJson(StreamRequestSchema, json, { ignoreUnknownFields: true });
}

/**
 * Refuses what could be read and not be written again: numbers that JSON has not, endless depth.
 */
function checkStruct(value: JsonValue | undefined, depth = 0): void {
  if (typeof value === "number" && !Number.isFinite(value)) {
    throw new BadMessage(`bad message: ${value} is no number of JSON`);
  }
  if (typeof value !== "object" || value === null) return;
  if (depth >= DEEPEST) throw new BadMessage(`bad message: nested more than ${DEEPEST} levels deep`);
  for (const inner of Array.isArray(value) ? value : Object.values(value)) checkStruct(inner, depth + 1);
}

/** What a close frame can carry: errors of the library quote the whole value. */
function shortReason(error: unknown): string {
  if (error instanceof RangeError && /call stack/.test(error.message)) return `nested too deep`;
  const text = error instanceof Error ? error.message : String(error);
  return text.length <= 80 ? text : `${text.slice(0, 79)}…`;
}
