/**
 * `google.rpc.Status` as it stands in `grpc-status-details-bin`: a code, a message, and details,
 * each a `google.protobuf.Any`. PURE.
 * @module
 */
import { codeOfGrpc, ERROR_CODES, type ErrorDetail, type RpcError } from "./error.ts";

/** Field numbers with wire type 2, and the one of `code` with wire type 0. */
const CODE = 1 << 3;
const [MESSAGE, DETAILS] = [2 << 3 | 2, 3 << 3 | 2];
const [TYPE_URL, VALUE] = [1 << 3 | 2, 2 << 3 | 2];
const TYPE_PREFIX = "type.googleapis.com/";

const UTF8 = new TextEncoder();
const FROM_UTF8 = new TextDecoder();

/** The header's value: base64 without padding. */
export function encodeStatusDetails({ code, message, details = [] }: RpcError): string {
  const status: number[] = [CODE, ERROR_CODES[code].grpc];
  put(status, MESSAGE, UTF8.encode(message));
  for (const { type, value } of details) {
    const any: number[] = [];
    put(any, TYPE_URL, UTF8.encode(TYPE_PREFIX + type));
    put(any, VALUE, value);
    put(status, DETAILS, any);
  }
  return Uint8Array.from(status).toBase64({ omitPadding: true });
}

/** What a header's value says; undefined when it cannot be read. */
export function decodeStatusDetails(header: string): RpcError | undefined {
  try {
    let [code, message] = [2, ""];
    const details: ErrorDetail[] = [];
    for (const [tag, value] of fields(Uint8Array.fromBase64(header))) {
      if (tag === CODE) code = value as number;
      else if (tag === MESSAGE) message = FROM_UTF8.decode(value as Uint8Array);
      else if (tag === DETAILS) details.push(detailOf(value as Uint8Array));
    }
    return { code: codeOfGrpc(code), message, ...(details.length === 0 ? {} : { details }) };
  } catch {
    return undefined;
  }
}

function detailOf(any: Uint8Array): ErrorDetail {
  let [type, value] = ["", new Uint8Array()];
  for (const [tag, bytes] of fields(any)) {
    if (tag === TYPE_URL) type = FROM_UTF8.decode(bytes as Uint8Array);
    else if (tag === VALUE) value = (bytes as Uint8Array).slice();
  }
  return { type: type.slice(type.lastIndexOf("/") + 1), value };
}

function put(into: number[], tag: number, bytes: Uint8Array | readonly number[]): void {
  into.push(tag);
  let length = bytes.length;
  for (; length > 0x7f; length >>>= 7) into.push(length & 0x7f | 0x80);
  into.push(length);
  for (const byte of bytes) into.push(byte);
}

/** Tags and values of a message: numbers of varints, bytes of all else. @throws RangeError */
function* fields(bytes: Uint8Array): Generator<readonly [tag: number, value: number | Uint8Array]> {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = bytes[at++];
      if (byte === undefined) break;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw new RangeError("a number is cut");
  };
  const piece = (length: number): Uint8Array => {
    if (at + length > bytes.length) throw new RangeError("a field is cut");
    return bytes.subarray(at, at += length);
  };
  while (at < bytes.length) {
    const tag = varint();
    const type = tag & 7;
    if (type === 0) yield [tag, varint()];
    else if (type === 2) yield [tag, piece(varint())];
    else if (type === 1 || type === 5) yield [tag, piece(type === 1 ? 8 : 4)];
    else throw new RangeError("expected no groups");
  }
}
