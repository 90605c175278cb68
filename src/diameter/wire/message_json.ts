/**
 * Decoded messages as plain objects for JSON.
 * @module
 */
import { AVP_FLAG } from "./avp_codes.ts";
import { type AvpValue, formatHex } from "./data_format.ts";
import type { DecodedAvp, DecodedMessage } from "./decode_message.ts";
import { FLAG } from "./header.ts";

/** An AVP as JSON. */
export interface AvpJson {
  /** Null when the dictionary does not have the AVP. */
  readonly name: string | null;
  /** AVP code. */
  readonly code: number;
  /** 0 when the V flag is clear. */
  readonly vendor: number;
  /** V, M and P. */
  readonly flags: { readonly vendor: boolean; readonly mandatory: boolean; readonly protected: boolean };
  /** Data format of the dictionary; null when it does not have the AVP. */
  readonly type: string | null;
  /** The byte of the message where the AVP begins. */
  readonly offset: number;
  /**
   * Numbers as numbers, except those of 64 bits, which are decimal text, as JSON readers round
   * them; octets as what they say where their form is known, else as hexadecimal digits.
   */
  readonly value?: string | number;
  /** What the value is called; left out when it has no name. */
  readonly value_name?: string;
  /** What a group holds. */
  readonly avps?: readonly AvpJson[];
  /**
   * The data, where there is neither a value nor a group, and beside a value that was read from
   * octets.
   */
  readonly hex?: string;
  /** Why there is no value. */
  readonly error?: string;
  /** What is unusual in the value, or why a group was not entered. */
  readonly unusual?: string;
}

/** A message as JSON. */
export interface MessageJson {
  /**
   * `3GPP-ME-Identity-Check-Request`; `Command-999-Answer` when the dictionary does not have it.
   */
  readonly name: string;
  /** `ECR`; null when the dictionary does not have the command. */
  readonly abbreviation: string | null;
  /** 1, but for messages that are none. */
  readonly version: number;
  /** Bytes of the whole message, by its header. */
  readonly length: number;
  /** R, P, E and T. */
  readonly flags: {
    readonly request: boolean;
    readonly proxiable: boolean;
    readonly error: boolean;
    readonly retransmitted: boolean;
  };
  /** Command code. */
  readonly command: number;
  /** Application id. */
  readonly application: number;
  /** Null when the dictionary does not have the application. */
  readonly application_name: string | null;
  /** Hop-by-Hop Identifier. */
  readonly hop_by_hop: number;
  /** End-to-End Identifier. */
  readonly end_to_end: number;
  /** Top-level AVPs in their order. */
  readonly avps: readonly AvpJson[];
  /** What is malformed, and the byte of the message where it begins. */
  readonly problems: readonly { readonly offset: number; readonly message: string }[];
  /** What can be read, but is not as its specification has it. */
  readonly unusual: readonly { readonly offset: number; readonly message: string }[];
}

/** The JSON shape of a message. */
export function messageJson(message: DecodedMessage): MessageJson {
  const { header, problems } = message;
  return {
    name: message.name,
    abbreviation: message.abbreviation ?? null,
    version: header.version,
    length: header.length,
    flags: {
      request: (header.flags & FLAG.request) !== 0,
      proxiable: (header.flags & FLAG.proxiable) !== 0,
      error: (header.flags & FLAG.error) !== 0,
      retransmitted: (header.flags & FLAG.retransmitted) !== 0,
    },
    command: header.command,
    application: header.application,
    application_name: message.applicationName ?? null,
    hop_by_hop: header.hopByHop,
    end_to_end: header.endToEnd,
    avps: message.avps.map(avpJson),
    problems: problems.map(({ offset, message }) => ({ offset, message })),
    unusual: message.unusual.map(({ offset, message }) => ({ offset, message })),
  };
}

function avpJson(avp: DecodedAvp): AvpJson {
  const { code, vendor, flags, offset, value, valueName, reading, avps, error, unusual } = avp;
  return {
    name: avp.name ?? null,
    code,
    vendor,
    flags: {
      vendor: (flags & AVP_FLAG.vendor) !== 0,
      mandatory: (flags & AVP_FLAG.mandatory) !== 0,
      protected: (flags & AVP_FLAG.protected) !== 0,
    },
    type: avp.type ?? null,
    offset,
    ...(value !== undefined && { value: reading ?? valueJson(value) }),
    ...(valueName !== undefined && { value_name: valueName }),
    ...(avps !== undefined && { avps: avps.map(avpJson) }),
    ...(avps === undefined && (value === undefined || reading !== undefined) && { hex: formatHex(avp.raw) }),
    ...(error !== undefined && { error: error.reason }),
    ...(unusual !== undefined && { unusual: unusual.reason }),
  };
}

function valueJson(value: AvpValue): string | number {
  if (typeof value === "bigint") return String(value);
  // JSON has no NaN and no infinity.
  if (typeof value === "number") return Number.isFinite(value) ? value : String(value);
  if (typeof value === "string") return value;
  return value instanceof Uint8Array ? formatHex(value) : `${value.family}:${formatHex(value.octets)}`;
}
