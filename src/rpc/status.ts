/**
 * Status codes of gRPC, and the header lists that carry them (PROTOCOL-HTTP2, "Responses"). PURE.
 * @module
 */
import { HeaderList } from "../http2/hpack/header_list.ts";

/** Every code by its name. */
export const STATUS = {
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
} as const;

const NAMES = Object.keys(STATUS);

/** The name of what stands in `grpc-status`; `UNKNOWN` for what is no code. */
export function statusName(text: string): string {
  return /^\d{1,2}$/.test(text) ? NAMES[Number(text)] ?? "UNKNOWN" : "UNKNOWN";
}

/**
 * `grpc-message` for a text: UTF-8, with `%` and what is not printable ASCII written `%XX`.
 */
export function encodeMessage(text: string): string {
  if (!/[^\x20-\x24\x26-\x7e]/.test(text)) return text;
  let written = "";
  for (const byte of new TextEncoder().encode(text)) {
    const plain = byte >= 0x20 && byte <= 0x7e && byte !== 0x25;
    written += plain ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return written;
}

/** The text of a `grpc-message`. A `%` that begins no `%XX` stands for itself. */
export function decodeMessage(written: string): string {
  const octets = written.replaceAll(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  return new TextDecoder().decode(Uint8Array.from(octets, (octet) => octet.charCodeAt(0) & 0xff));
}

/** Trailers that end a call whose headers have gone. */
export function trailers(code: number, message: string): HeaderList {
  return withStatus(new HeaderList(), code, message);
}

/** Headers that are the whole answer. */
export function trailersOnly(code: number, message: string): HeaderList {
  const list = new HeaderList().append(":status", "200").append("content-type", "application/grpc");
  return withStatus(list, code, message);
}

function withStatus(list: HeaderList, code: number, message: string): HeaderList {
  return list.append("grpc-status", String(code)).append("grpc-message", encodeMessage(message));
}
