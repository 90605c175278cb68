/**
 * The data of an AVP as a JavaScript value and back, for every data format but Grouped (RFC 6733
 * sections 4.2 and 4.3).
 * @module
 */
import type { DataType } from "./dictionary/data_type.ts";
import type { ValueNames } from "./dictionary/specification.ts";
import { viewOf } from "./header.ts";
import { formatIp, IPV4_LENGTH, IPV6_LENGTH, parseIp } from "./ip_address.ts";
import { formatNtpTime, parseNtpTime } from "./ntp_time.ts";

/** An Address of a family other than IPv4 and IPv6, such as E.164 (8). */
export interface OtherAddress {
  /** Address family number as assigned by IANA. */
  readonly family: number;
  /** The address, without the two octets of the family. */
  readonly octets: Uint8Array;
}

/**
 * What AVPs hold. Integers of 64 bits are `bigint`, the other numbers `number`; Time is text such
 * as `2024-05-01T12:00:00Z`; Address is the text of an IP address or an {@link OtherAddress};
 * OctetString is a `Uint8Array`.
 */
export type AvpValue = string | number | bigint | Uint8Array | OtherAddress;

/** Address families (IANA address family numbers). */
const FAMILY = { ipv4: 1, ipv6: 2 } as const;

type Scalar = Exclude<DataType, "Grouped">;

/** Octets of the types that have one length alone (RFC 6733 sections 4.2 and 4.3). */
const FIXED_LENGTH: Readonly<Partial<Record<Scalar, number>>> = {
  Integer32: 4,
  Enumerated: 4,
  Unsigned32: 4,
  Integer64: 8,
  Unsigned64: 8,
  Float32: 4,
  Float64: 8,
  Time: 4,
};

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });
const encoder = new TextEncoder();

/**
 * Octets that are no value of their type. Not an exception: a hostile message has thousands of
 * them.
 */
export class Malformed {
  /** @param reason to be put behind the AVP's name */
  constructor(readonly reason: string) {}
}

/** The value in `octets`. */
export function decodeData(type: Scalar, octets: Uint8Array): AvpValue | Malformed {
  const length = FIXED_LENGTH[type];
  if (length !== undefined && octets.length !== length) {
    return new Malformed(`${type} takes ${length} bytes, got ${octets.length}`);
  }
  switch (type) {
    case "Integer32":
    case "Enumerated":
      return viewOf(octets).getInt32(0);
    case "Unsigned32":
      return viewOf(octets).getUint32(0);
    case "Integer64":
      return viewOf(octets).getBigInt64(0);
    case "Unsigned64":
      return viewOf(octets).getBigUint64(0);
    case "Float32":
      return viewOf(octets).getFloat32(0);
    case "Float64":
      return viewOf(octets).getFloat64(0);
    case "Time":
      return formatNtpTime(viewOf(octets).getUint32(0));
    case "Address":
      return decodeAddress(octets);
    case "IPAddress":
      return octets.length === IPV4_LENGTH || octets.length === IPV6_LENGTH ? formatIp(octets) : octets;
    case "UTF8String":
    case "IPFilterRule":
    case "QoSFilterRule":
      return decodeText(octets);
    case "DiameterIdentity":
    case "DiameterURI":
      return decodeText(octets);
    case "OctetString":
      return octets;
  }
}

/**
 * What is unusual in a value that was decoded: it can be read, but its specification has another
 * form for it, and nobody should send it. Undefined when nothing is.
 */
export function unusualForm(type: Scalar, value: AvpValue): string | undefined {
  if (typeof value !== "string") return undefined;
  if (type === "DiameterIdentity") return identityFault(value);
  return type === "DiameterURI" ? uriFault(value) : undefined;
}

/**
 * The address in the octets of an Address that has no family in front of it; undefined when one is
 * there.
 */
export function bareAddress(octets: Uint8Array): string | undefined {
  if (octets.length !== IPV4_LENGTH && octets.length !== IPV6_LENGTH) return undefined;
  // Families are small numbers, and 0 is none of them.
  const family = viewOf(octets).getUint16(0);
  return family === 0 || family > 0xff ? formatIp(octets) : undefined;
}

/**
 * The octets of `value`. Integers may also be given as decimal text, Enumerated as the name of a
 * value, OctetString as text (its UTF-8 octets) or as hexadecimal digits behind `0x`, Address as
 * octets that are taken as they are. The error's message is a reason to be put behind the AVP's
 * name.
 * @throws TypeError when `value` is of the wrong kind
 * @throws RangeError when it is out of range
 */
export function encodeData(type: Scalar, value: unknown, names?: ValueNames): Uint8Array<ArrayBuffer> {
  switch (type) {
    case "Integer32":
    case "Enumerated":
      return write(
        4,
        (view) => view.setInt32(0, Number(integer(type, named(value, names), -(2n ** 31n), 2n ** 31n - 1n))),
      );
    case "Unsigned32":
      return write(4, (view) => view.setUint32(0, Number(integer(type, named(value, names), 0n, 2n ** 32n - 1n))));
    case "Integer64":
      return write(8, (view) => view.setBigInt64(0, integer(type, value, -(2n ** 63n), 2n ** 63n - 1n)));
    case "Unsigned64":
      return write(8, (view) => view.setBigUint64(0, integer(type, value, 0n, 2n ** 64n - 1n)));
    case "Float32":
      return write(4, (view) => view.setFloat32(0, float(value)));
    case "Float64":
      return write(8, (view) => view.setFloat64(0, float(value)));
    case "Time": {
      const seconds = typeof value === "string" ? parseNtpTime(value) : undefined;
      if (seconds === undefined) {
        throw new RangeError(`expected a time such as 2024-05-01T12:00:00Z, 1968 to 2104, got ${show(value)}`);
      }
      return write(4, (view) => view.setUint32(0, seconds));
    }
    case "Address":
      return encodeAddress(value);
    case "IPAddress":
      return value instanceof Uint8Array ? value.slice() : ip(value);
    case "UTF8String":
    case "IPFilterRule":
    case "QoSFilterRule":
      return encoder.encode(text(value));
    case "DiameterIdentity":
    case "DiameterURI":
      return encoder.encode(usual(type, text(value)));
    case "OctetString":
      return encodeOctets(value);
  }
}

/** Pairs of hexadecimal digits as octets; undefined when `digits` is something else. */
export function parseHex(digits: string): Uint8Array<ArrayBuffer> | undefined {
  if (digits.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(digits)) return undefined;
  return Uint8Array.from({ length: digits.length / 2 }, (_, i) => parseInt(digits.slice(2 * i, 2 * i + 2), 16));
}

/** Octets as hexadecimal digits. */
export function formatHex(octets: Uint8Array): string {
  let digits = "";
  for (const octet of octets) digits += octet.toString(16).padStart(2, "0");
  return digits;
}

function decodeText(octets: Uint8Array): string | Malformed {
  const text = utf8.decode(octets);
  // What is no UTF-8 becomes this character, which may also stand there by itself.
  if (!text.includes("\ufffd")) return text;
  const again = encoder.encode(text);
  const isSame = again.length === octets.length && again.every((octet, i) => octet === octets[i]);
  return isSame ? text : new Malformed("the bytes are not UTF-8");
}

/** An address without its family keeps its octets, so that nobody takes it for a whole one. */
function decodeAddress(octets: Uint8Array): AvpValue | Malformed {
  if (bareAddress(octets) !== undefined) return octets;
  if (octets.length < 2) return new Malformed(`Address takes at least 2 bytes, got ${octets.length}`);
  const family = viewOf(octets).getUint16(0);
  const rest = octets.subarray(2);
  const expected = family === FAMILY.ipv4 ? IPV4_LENGTH : family === FAMILY.ipv6 ? IPV6_LENGTH : undefined;
  if (expected === undefined) return { family, octets: rest };
  if (rest.length !== expected) {
    return new Malformed(`Address of family ${family} takes ${expected} bytes behind the family, got ${rest.length}`);
  }
  return formatIp(rest);
}

function encodeAddress(value: unknown): Uint8Array<ArrayBuffer> {
  if (value instanceof Uint8Array) return value.slice();
  const other = isOtherAddress(value) ? value : undefined;
  const octets = other?.octets ?? ip(value);
  const encoded = new Uint8Array(2 + octets.length);
  const family = other?.family ?? (octets.length === IPV4_LENGTH ? FAMILY.ipv4 : FAMILY.ipv6);
  viewOf(encoded).setUint16(0, family);
  encoded.set(octets, 2);
  return encoded;
}

function isOtherAddress(value: unknown): value is OtherAddress {
  return typeof value === "object" && value !== null && "family" in value && typeof value.family === "number" &&
    "octets" in value && value.octets instanceof Uint8Array;
}

function ip(value: unknown): Uint8Array<ArrayBuffer> {
  const octets = typeof value === "string" ? parseIp(value) : undefined;
  if (octets === undefined) throw new TypeError(`expected an IPv4 or IPv6 address, got ${show(value)}`);
  return octets;
}

function encodeOctets(value: unknown): Uint8Array<ArrayBuffer> {
  if (value instanceof Uint8Array) return value.slice();
  if (typeof value !== "string") throw new TypeError(`expected bytes or text, got ${show(value)}`);
  if (!value.startsWith("0x")) return encoder.encode(value);
  const octets = parseHex(value.slice(2));
  if (octets === undefined) throw new TypeError(`expected pairs of hexadecimal digits behind 0x, got ${show(value)}`);
  return octets;
}

/** The number that `value` names, else `value` itself. */
function named(value: unknown, names: ValueNames | undefined): unknown {
  if (typeof value !== "string" || names === undefined) return value;
  for (const [number, name] of Object.entries(names)) if (name === value) return Number(number);
  if (/^-?\d+$/.test(value)) return value;
  const known = Object.values(names);
  throw new RangeError(
    `expected one of ${known.slice(0, 8).join(", ")}${known.length > 8 ? ", ..." : ""} or a number, got ${show(value)}`,
  );
}

function integer(type: Scalar, value: unknown, min: bigint, max: bigint): bigint {
  let exact: bigint | undefined;
  if (typeof value === "bigint") exact = value;
  else if (typeof value === "number" && Number.isSafeInteger(value)) exact = BigInt(value);
  else if (typeof value === "string" && /^-?\d+$/.test(value)) exact = BigInt(value);
  if (exact === undefined || exact < min || exact > max) {
    throw new RangeError(`expected ${type} ${min}..${max}, got ${show(value)}`);
  }
  return exact;
}

function float(value: unknown): number {
  if (typeof value !== "number") throw new TypeError(`expected a number, got ${show(value)}`);
  return value;
}

function text(value: unknown): string {
  if (typeof value !== "string") throw new TypeError(`expected text, got ${show(value)}`);
  return value;
}

/** @throws RangeError when the form of `value` is not the one that its type has */
function usual(type: Scalar, value: string): string {
  const fault = unusualForm(type, value);
  if (fault !== undefined) throw new RangeError(fault);
  return value;
}

function identityFault(value: string): string | undefined {
  return /^[\x21-\x7e]+$/.test(value) ? undefined : `expected a host or realm name in ASCII, got ${show(value)}`;
}

/**
 * Scheme in any case, host, then port and parameters (RFC 6733 section 4.3.1, RFC 3986 section
 * 3.1).
 */
const URI = /^aaas?:\/\/(?:\[[0-9a-f:.]+\]|[\x21-\x39\x3c-\x7e]+)(?::(\d+))?(?:;[\x21-\x7e]*)?$/i;
const HIGHEST_PORT = 65535;

function uriFault(value: string): string | undefined {
  const match = URI.exec(value);
  if (match === null) return `expected aaa:// or aaas://, and a host, got ${show(value)}`;
  const port = match[1] === undefined ? undefined : Number(match[1]);
  if (port === undefined || (port >= 1 && port <= HIGHEST_PORT)) return undefined;
  return `expected a port of 1..${HIGHEST_PORT}, got ${show(value)}`;
}

function write(length: number, fill: (view: DataView) => void): Uint8Array<ArrayBuffer> {
  const octets = new Uint8Array(length);
  fill(viewOf(octets));
  return octets;
}

function show(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  return typeof value === "object" && value !== null ? (Array.isArray(value) ? "a list" : "an object") : String(value);
}
