/**
 * gRPC, gRPC-web and Connect: how a request says which it is, and how an answer ends in each. PURE.
 * @module
 */
import { Buffer } from "node:buffer";
import { BinaryWriter } from "@bufbuild/protobuf/wire";
import { encodeMessage } from "../../../rpc/status.ts";
import { parseTimeout } from "../../../rpc/timeout.ts";
import type { Encoding } from "../../proto/codec.ts";
import { errorHeaders, errorJson, httpStatus } from "../handshake.ts";
import type { Headers } from "../host.ts";
import { ERROR_CODES, type RpcError } from "../rpc_error.ts";

/** Which protocol a request speaks. */
export interface Protocol {
  readonly kind: "grpc" | "grpcweb" | "connect";
  readonly encoding: Encoding;
  /** Its messages have a prefix each; a unary call of Connect has none. */
  readonly enveloped: boolean;
  /** Of the answer, unless it is an error of a unary call of Connect. */
  readonly contentType: string;
}

/** What a POST may have, for `Accept-Post`. */
export const CONTENT_TYPES = [
  "application/json",
  "application/proto",
  "application/connect+json",
  "application/connect+proto",
  "application/grpc-web+proto",
  "application/grpc-web+json",
  "application/grpc+proto",
  "application/grpc+json",
] as const;

/** Flags before a message. */
export const FLAG = { compressed: 1, endStream: 2, trailers: 0x80 } as const;

/** The protocol that a content type names; undefined for what is none of them. */
export function protocolOf(contentType: string | undefined): Protocol | undefined {
  const type = (contentType ?? "").split(";")[0]!.trim().toLowerCase();
  const [, grpc, suffix = "+proto"] = /^application\/(grpc|grpc-web)(\+(?:proto|json))?$/.exec(type) ?? [];
  if (grpc !== undefined) {
    const kind = grpc === "grpc" ? "grpc" : "grpcweb";
    return { kind, encoding: suffix === "+json" ? "json" : "proto", enveloped: true, contentType: type };
  }
  const [, stream, encoding] = /^application\/(connect\+)?(proto|json)$/.exec(type) ?? [];
  if (encoding === undefined) return undefined;
  return { kind: "connect", encoding: encoding as Encoding, enveloped: stream !== undefined, contentType: type };
}

/** What the device is ready to wait, in ms; undefined when it did not say, or not rightly. */
export function timeoutOf({ kind }: Protocol, headers: Headers): number | undefined {
  const text = headers[kind === "connect" ? "connect-timeout-ms" : "grpc-timeout"];
  if (text === undefined) return undefined;
  if (kind !== "connect") return parseTimeout(text);
  return /^\d{1,10}$/.test(text) ? Number(text) : undefined;
}

/** The compression of the request's messages, which nobody here can undo; undefined: none. */
export function compressionOf({ kind, enveloped }: Protocol, headers: Headers): string | undefined {
  const name = kind !== "connect" ? "grpc-encoding" : enveloped ? "connect-content-encoding" : "content-encoding";
  const value = headers[name];
  return value === undefined || value === "" || value === "identity" ? undefined : value;
}

/** An answer that is whole. */
export interface WholeAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Uint8Array | string;
}

/** An error before anything else was answered. */
export function errorAnswer(protocol: Protocol, error: RpcError): WholeAnswer {
  const { kind, enveloped, contentType } = protocol;
  if (kind !== "connect") {
    return { status: 200, headers: { "content-type": contentType, ...statusHeaders(error) }, body: NOTHING };
  }
  if (enveloped) {
    return { status: 200, headers: { "content-type": contentType }, body: endOf(protocol, error).body! };
  }
  const headers = { "content-type": "application/json", ...errorHeaders(error) };
  return { status: httpStatus(error), headers, body: JSON.stringify(errorJson(error)) };
}

/** How an enveloped answer ends: with octets behind its messages, or with trailers. */
export function endOf({ kind }: Protocol, error: RpcError | undefined): { body?: Uint8Array; trailers?: Headers } {
  if (kind === "grpc") return { trailers: statusHeaders(error) };
  if (kind === "connect") {
    const end = error === undefined ? {} : { error: errorJson(error) };
    return { body: enveloped(FLAG.endStream, Buffer.from(JSON.stringify(end))) };
  }
  const lines = Object.entries(statusHeaders(error)).map(([name, value]) => `${name}: ${value}\r\n`).join("");
  return { body: enveloped(FLAG.trailers, Buffer.from(lines, "latin1")) };
}

/** A message with its prefix. */
export function enveloped(flags: number, message: Uint8Array): Uint8Array {
  const bytes = Buffer.alloc(5 + message.length);
  bytes[0] = flags;
  bytes.writeUInt32BE(message.length, 1);
  bytes.set(message, 5);
  return bytes;
}

/** `grpc-status` and its kin; of success without an error. */
function statusHeaders(error: RpcError | undefined): Record<string, string> {
  if (error === undefined) return { "grpc-status": "0" };
  const { code, message, details = [] } = error;
  return {
    "grpc-status": String(ERROR_CODES[code].grpc),
    "grpc-message": encodeMessage(message),
    ...(details.length === 0 ? {} : { "grpc-status-details-bin": statusDetails(error) }),
  };
}

/** google.rpc.Status in base64 without padding. */
function statusDetails({ code, message, details = [] }: RpcError): string {
  const writer = new BinaryWriter().uint32(0x08).int32(ERROR_CODES[code].grpc).uint32(0x12).string(message);
  for (const { type, value } of details) {
    writer.uint32(0x1a).fork().uint32(0x0a).string(`type.googleapis.com/${type}`).uint32(0x12).bytes(value).join();
  }
  return Buffer.from(writer.finish()).toString("base64").replace(/=+$/, "");
}

const NOTHING = new Uint8Array(0);
