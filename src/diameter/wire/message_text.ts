/**
 * Decoded messages as indented text.
 * @module
 */
import { AVP_FLAG } from "./avp_codes.ts";
import { type AvpValue, formatHex } from "./data_format.ts";
import type { DecodedAvp, DecodedMessage } from "./decode_message.ts";
import { FLAG } from "./header.ts";

/** Octets of an unknown or broken AVP that are shown; the rest is counted. */
const SHOWN_OCTETS = 256;

/** Names of vendors: a dictionary. */
export interface VendorNames {
  /** The name of the vendor with this Vendor-Id; undefined when it is not known. */
  vendorName(id: number): string | undefined;
}

/**
 * What a message is, in one line: name, abbreviation, flags, application, identifiers and length.
 * `Device-Watchdog-Request (DWR)  flags R  application Diameter common messages (0)  hop-by-hop 0x00000001 ...`
 */
export function describeMessage(message: DecodedMessage): string {
  const { header, name, abbreviation, applicationName } = message;
  const id = (value: number) => `0x${value.toString(16).padStart(8, "0")}`;
  return [
    abbreviation === undefined ? name : `${name} (${abbreviation})`,
    `flags ${commandFlags(header.flags)}`,
    `application ${applicationName === undefined ? header.application : `${applicationName} (${header.application})`}`,
    `hop-by-hop ${id(header.hopByHop)}`,
    `end-to-end ${id(header.endToEnd)}`,
    `${header.length} bytes`,
  ].join("  ");
}

/**
 * The AVPs of a message, a line each, groups indented:
 * `Result-Code(268) M  DIAMETER_SUCCESS (2001)`. Vendors stand in brackets behind the code; flags
 * are V, M and P; what is malformed or unusual says where and why.
 */
export function describeAvps(avps: readonly DecodedAvp[], vendors: VendorNames, indent = "  "): string[] {
  return avps.flatMap((avp) => [
    indent + describeAvp(avp, vendors),
    ...describeAvps(avp.avps ?? [], vendors, `${indent}  `),
  ]);
}

function describeAvp(avp: DecodedAvp, vendors: VendorNames): string {
  const vendor = avp.vendor === 0 ? "" : ` [${vendors.vendorName(avp.vendor) ?? `vendor ${avp.vendor}`}]`;
  const head = `${avp.name ?? "AVP"}(${avp.code})${vendor} ${avpFlags(avp.flags)}`;
  if (avp.error !== undefined) {
    return `${head}  ${hex(avp.raw)}  <- malformed at byte ${avp.error.offset}: ${escape(avp.error.reason)}`;
  }
  if (avp.avps !== undefined) return head;
  const value = avp.reading === undefined
    ? avp.value === undefined ? hex(avp.raw) : describeValue(avp.value, avp.valueName)
    : avp.type === "Address"
    ? avp.reading
    : `${avp.reading} (${hex(avp.raw)})`;
  const unusual = avp.unusual === undefined
    ? ""
    : `  <- unusual at byte ${avp.unusual.offset}: ${escape(avp.unusual.reason)}`;
  return `${head}  ${value}${unusual}`;
}

function describeValue(value: AvpValue, name: string | undefined): string {
  if (typeof value === "string") return quote(value);
  if (typeof value === "object") {
    if (!(value instanceof Uint8Array)) return `address family ${value.family} ${hex(value.octets)}`;
    return isPrintable(value) ? `${hex(value)} ${quote(new TextDecoder().decode(value))}` : hex(value);
  }
  return name === undefined ? String(value) : `${name} (${value})`;
}

/** Letters of the command flags that are set: R, P, E, T; r for reserved ones. */
export function commandFlags(flags: number): string {
  const letters = (flags & FLAG.request ? "R" : "") + (flags & FLAG.proxiable ? "P" : "") +
    (flags & FLAG.error ? "E" : "") + (flags & FLAG.retransmitted ? "T" : "") + (flags & FLAG.reserved ? "r" : "");
  return letters || "-";
}

/** Letters of the AVP flags that are set: V, M, P; r for reserved ones. */
export function avpFlags(flags: number): string {
  const known = AVP_FLAG.vendor | AVP_FLAG.mandatory | AVP_FLAG.protected;
  const letters = (flags & AVP_FLAG.vendor ? "V" : "") + (flags & AVP_FLAG.mandatory ? "M" : "") +
    (flags & AVP_FLAG.protected ? "P" : "") + (flags & ~known ? "r" : "");
  return letters || "-";
}

function hex(octets: Uint8Array): string {
  if (octets.length === 0) return "(empty)";
  const more = octets.length - SHOWN_OCTETS;
  return `0x${formatHex(octets.subarray(0, SHOWN_OCTETS))}${more > 0 ? `... ${more} more bytes` : ""}`;
}

function isPrintable(octets: Uint8Array): boolean {
  return octets.length > 0 && octets.every((octet) => octet >= 0x20 && octet < 0x7f);
}

/**
 * In quotes; what a terminal would obey, or show in another order, is escaped: the text comes from
 * strangers.
 */
function quote(text: string): string {
  return escape(JSON.stringify(text));
}

/** JSON leaves these as they are, and so do reasons, which quote values as JSON. */
function escape(text: string): string {
  return text.replace(
    /[\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
