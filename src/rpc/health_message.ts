/**
 * The messages of grpc.health.v1.Health, and the prefix that each message has. PURE.
 * @module
 */

/** `HealthCheckResponse.ServingStatus`. */
export const SERVING = { UNKNOWN: 0, SERVING: 1, NOT_SERVING: 2, SERVICE_UNKNOWN: 3 } as const;

/** The full names of its methods. */
export const HEALTH = {
  service: "/grpc.health.v1.Health/",
  check: "/grpc.health.v1.Health/Check",
  watch: "/grpc.health.v1.Health/Watch",
} as const;

/** Bytes that are not what they should be. */
export class MessageError extends Error {
  override name = "MessageError";
}

const PREFIX = 5;
/** Field 1 as a length-delimited value, and as a varint. */
const [TEXT_FIELD, ENUM_FIELD] = [0x0a, 0x08];
/** Nobody's service has a longer name. */
const LONGEST_REQUEST = 4096;

/** A message with its prefix, uncompressed. */
export function framed(message: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(PREFIX + message.length);
  new DataView(bytes.buffer).setUint32(1, message.length);
  bytes.set(message, PREFIX);
  return bytes;
}

/** `HealthCheckRequest`, with its prefix. */
export function healthRequest(service: string): Uint8Array {
  const name = new TextEncoder().encode(service);
  if (name.length === 0) return framed(new Uint8Array(0));
  return framed(Uint8Array.of(TEXT_FIELD, ...varint(name.length), ...name));
}

/** `HealthCheckResponse`, with its prefix. */
export function healthResponse(status: number): Uint8Array {
  return framed(status === 0 ? new Uint8Array(0) : Uint8Array.of(ENUM_FIELD, ...varint(status)));
}

/** The service that one message asks for. @throws MessageError */
export function readHealthRequest(bytes: Uint8Array): string {
  let service = "";
  for (const { field, bytes: value } of fields(unframed(bytes))) {
    if (field === 1 && value !== undefined) service = new TextDecoder().decode(value);
  }
  return service;
}

/** The status that one message tells. @throws MessageError */
export function readHealthResponse(bytes: Uint8Array): number {
  let status = 0;
  for (const { field, number } of fields(unframed(bytes))) if (field === 1 && number !== undefined) status = number;
  return status;
}

function unframed(bytes: Uint8Array): Uint8Array {
  if (bytes.length < PREFIX) throw new MessageError("expected one message, got less than its prefix");
  if (bytes[0] !== 0) throw new MessageError("expected a message without compression");
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(1);
  if (length !== bytes.length - PREFIX || length > LONGEST_REQUEST) {
    throw new MessageError(`expected one message of ${length} bytes, got ${bytes.length - PREFIX}`);
  }
  return bytes.subarray(PREFIX);
}

interface Field {
  readonly field: number;
  readonly number?: number;
  readonly bytes?: Uint8Array;
}

/** The fields of a message of protobuf; those of other types are there without a value. */
function* fields(message: Uint8Array): Generator<Field> {
  let at = 0;
  const number = (): number => {
    let value = 0;
    for (let factor = 1;; factor *= 128) {
      const byte = message[at++];
      if (byte === undefined || factor > 2 ** 63) throw new MessageError("a number ends in the middle");
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
  };
  while (at < message.length) {
    const tag = number();
    const field = Math.floor(tag / 8);
    switch (tag % 8) {
      case 0:
        yield { field, number: number() };
        break;
      case 1:
        at += 8;
        break;
      case 2: {
        const end = number() + at;
        if (end > message.length) throw new MessageError("a field is longer than its message");
        yield { field, bytes: message.subarray(at, end) };
        at = end;
        break;
      }
      case 5:
        at += 4;
        break;
      default:
        throw new MessageError(`field ${field} has no type that is in use`);
    }
    if (at > message.length) throw new MessageError("a field ends in the middle");
  }
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  for (let left = value;; left = Math.floor(left / 128)) {
    if (left < 128) return [...bytes, left];
    bytes.push(left % 128 + 128);
  }
}
