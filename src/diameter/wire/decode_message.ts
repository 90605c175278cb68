/**
 * A message as a tree with names and values, for people and tools. The relay never does this.
 * @module
 */
import { AvpLengthError, type AvpSlice, avpsOf } from "./avp.ts";
import { AVP, AVP_FLAG, AVP_HEADER_LENGTH, AVP_VENDOR_HEADER_LENGTH } from "./avp_codes.ts";
import { type AvpValue, bareAddress, decodeData, Malformed, unusualForm } from "./data_format.ts";
import type { DataType } from "./dictionary/data_type.ts";
import type { AvpDefinition, Dictionary } from "./dictionary/dictionary.ts";
import { standardDictionary } from "./dictionary/standard.ts";
import { FLAG, type Header, HEADER_LENGTH, readHeader, VERSION_1, viewOf } from "./header.ts";
import { readOctets } from "./octet_readings.ts";

/**
 * Something in a message that cannot be so. Nobody throws it, and it has no stack: a hostile
 * message has thousands of them.
 */
export class DecodeError {
  /** What kind of finding it is. */
  readonly name = "DecodeError";
  /** One sentence: what could not be decoded, where, and why. */
  readonly message: string;

  /**
   * What is wrong, and where.
   * @param subject what could not be decoded: `AVP Origin-Host (264)`, or `the header`
   * @param offset the byte of the message where it begins
   * @param reason what is wrong with it
   */
  constructor(subject: string, readonly offset: number, readonly reason: string) {
    this.message = `Cannot decode ${subject} at byte ${offset}: ${reason}`;
  }
}

/**
 * Something in a message that can be read, but is not as its specification has it, or not read to
 * its end.
 */
export interface Unusual {
  /** The byte of the message where the AVP begins. */
  readonly offset: number;
  /** What is unusual. */
  readonly reason: string;
  /** The same with the AVP: `AVP Redirect-Host (292) at byte 20: expected aaa:// ...`. */
  readonly message: string;
}

/** One AVP of a decoded message. */
export interface DecodedAvp {
  /** AVP code. */
  readonly code: number;
  /** 0 when the V flag is clear. */
  readonly vendor: number;
  /** See `AVP_FLAG`. */
  readonly flags: number;
  /** Absent when the dictionary does not have the AVP. */
  readonly name?: string;
  /** Data format; absent when the dictionary does not have the AVP. */
  readonly type?: DataType;
  /** The byte of the message where the AVP's header begins. */
  readonly offset: number;
  /** The data as it is; behind an impossible length, all that is left. */
  readonly raw: Uint8Array;
  /** Absent for groups, unknown AVPs and those that have an {@link error}. */
  readonly value?: AvpValue;
  /**
   * What the octets of the value say, where they are packed in a form that is known:
   * `MCC 262, MNC 02`.
   */
  readonly reading?: string;
  /** What the value is called: names of Enumerated values, result codes, applications, vendors. */
  readonly valueName?: string;
  /**
   * What a group holds, up to the first AVP with an impossible length, which is the last one
   * listed.
   */
  readonly avps?: readonly DecodedAvp[];
  /** Why there is no value. */
  readonly error?: DecodeError;
  /** What is unusual in the value, or why a group was not entered. */
  readonly unusual?: Unusual;
}

/** A decoded message. */
export interface DecodedMessage {
  /** The header as it came. */
  readonly header: Header;
  /**
   * `3GPP-ME-Identity-Check-Request`; `Command-999-Answer` when the dictionary does not have it.
   */
  readonly name: string;
  /** `ECR`; absent when the dictionary does not have the command. */
  readonly abbreviation?: string;
  /** Absent when the dictionary does not have the application. */
  readonly applicationName?: string;
  /** Top-level AVPs in their order. */
  readonly avps: readonly DecodedAvp[];
  /**
   * Everything that is wrong, in the order of the bytes. What lies within Failed-AVP is not: it is
   * there because it was wrong.
   */
  readonly problems: readonly DecodeError[];
  /** Everything that is unusual, as the problems are listed. It makes no message malformed. */
  readonly unusual: readonly Unusual[];
}

/**
 * Deeper groups are not entered: no specification comes near it, and a hostile message must not
 * exhaust the stack.
 */
const MAX_DEPTH = 32;
const TOO_DEEP = `groups are nested more than ${MAX_DEPTH} deep: what is deeper is not read`;

/**
 * Decodes one message. A broken AVP is marked and does not hide the others; one with an impossible
 * length hides what follows it in its group.
 *
 * @example
 * ```ts
 * import { decodeMessage } from "./decode_message.ts";
 * import { encodeMessage } from "./encode_message.ts";
 * const bytes = encodeMessage({ command: "DWR", avps: { "Origin-Host": "gw.example.net", "Origin-Realm": "example.net" } });
 * const message = decodeMessage(bytes);
 * console.log(message.name, message.avps[0]?.name, message.avps[0]?.value); // Device-Watchdog-Request Origin-Host gw.example.net
 * ```
 * @param dictionary the one that comes with the program unless given
 * @throws RangeError when there are fewer than 20 bytes
 */
export function decodeMessage(bytes: Uint8Array, dictionary: Dictionary = standardDictionary()): DecodedMessage {
  const header = readHeader(bytes);
  const problems = headerProblems(header, bytes.length);
  const end = Math.max(HEADER_LENGTH, Math.min(header.length, bytes.length));
  const avps = decodeAvps(bytes, HEADER_LENGTH, end, { dictionary, depth: 0 });
  const unusual: Unusual[] = [];
  collectFindings(avps, problems, unusual);
  const isRequest = (header.flags & FLAG.request) !== 0;
  const command = dictionary.command(header.command);
  const applicationName = dictionary.applicationName(header.application);
  return {
    header,
    name: `${command?.name ?? `Command-${header.command}`}-${isRequest ? "Request" : "Answer"}`,
    ...(command && { abbreviation: command.abbreviation + (isRequest ? "R" : "A") }),
    ...(applicationName !== undefined && { applicationName }),
    avps,
    problems,
    unusual,
  };
}

interface Context {
  readonly dictionary: Dictionary;
  readonly depth: number;
}

function headerProblems(header: Header, available: number): DecodeError[] {
  const problems: DecodeError[] = [];
  const problem = (reason: string) => problems.push(new DecodeError("the header", 0, reason));
  const { version, length } = header;
  if (version !== VERSION_1) problem(`version ${version} is not ${VERSION_1}`);
  if (length < HEADER_LENGTH) problem(`length ${length} is below ${HEADER_LENGTH}`);
  else if (length % 4 !== 0) problem(`length ${length} is not a multiple of 4`);
  if (length > available) problem(`length ${length} is more than the ${available} bytes there are`);
  else if (length < available) problem(`${available - length} bytes follow the ${length} of the message`);
  return problems;
}

function collectFindings(avps: readonly DecodedAvp[], problems: DecodeError[], unusual: Unusual[]): void {
  for (const avp of avps) {
    if (avp.error !== undefined) problems.push(avp.error);
    if (avp.unusual !== undefined) unusual.push(avp.unusual);
    if (avp.avps !== undefined && !(avp.code === AVP.failedAvp && avp.vendor === 0)) {
      collectFindings(avp.avps, problems, unusual);
    }
  }
}

function decodeAvps(bytes: Uint8Array, start: number, end: number, context: Context): DecodedAvp[] {
  const avps: DecodedAvp[] = [];
  try {
    for (const slice of avpsOf(bytes, start, end)) avps.push(decodeAvp(bytes, slice, context));
  } catch (error) {
    if (!(error instanceof AvpLengthError)) throw error;
    avps.push(brokenAvp(bytes, error, end, context.dictionary));
  }
  return nameResults(avps, context.dictionary);
}

function decodeAvp(bytes: Uint8Array, slice: AvpSlice, context: Context): DecodedAvp {
  const { code, vendor, flags, start: offset } = slice;
  const definition = context.dictionary.avp(code, vendor);
  const raw = bytes.subarray(slice.dataStart, slice.dataEnd);
  if (definition === undefined) return { code, vendor, flags, offset, raw };
  const { name, type } = definition;
  const common = { code, vendor, flags, name, type, offset, raw };
  if (type === "Grouped") {
    if (context.depth === MAX_DEPTH) return { ...common, unusual: unusualAt(common, TOO_DEEP) };
    const inner = { ...context, depth: context.depth + 1 };
    return { ...common, avps: decodeAvps(bytes, slice.dataStart, slice.dataEnd, inner) };
  }
  const value = decodeData(type, raw);
  if (value instanceof Malformed) {
    return { ...common, error: new DecodeError(subjectOf(code, vendor, name), offset, value.reason) };
  }
  const valueName = nameOf(definition, value, context.dictionary);
  const reading = value instanceof Uint8Array ? readingOf(definition, value) : undefined;
  const unusual = unusualForm(type, value);
  return {
    ...common,
    value,
    ...(valueName !== undefined && { valueName }),
    ...(reading !== undefined && { reading }),
    ...(unusual !== undefined && { unusual: unusualAt(common, unusual) }),
  };
}

/** What can be said of an AVP whose length cannot be true. */
function brokenAvp(bytes: Uint8Array, error: AvpLengthError, end: number, dictionary: Dictionary): DecodedAvp {
  const { offset, code } = error;
  const left = end - offset;
  const flags = left > 4 ? bytes[offset + 4]! : 0;
  const hasVendor = (flags & AVP_FLAG.vendor) !== 0;
  const headerLength = hasVendor ? AVP_VENDOR_HEADER_LENGTH : AVP_HEADER_LENGTH;
  const vendor = hasVendor && left >= headerLength ? viewOf(bytes).getUint32(offset + AVP_HEADER_LENGTH) : 0;
  const definition = hasVendor === (vendor !== 0) ? dictionary.avp(code, vendor) : undefined;
  return {
    code,
    vendor,
    flags,
    ...(definition && { name: definition.name, type: definition.type }),
    offset,
    raw: bytes.subarray(Math.min(offset + headerLength, end), end),
    error: new DecodeError(subjectOf(code, vendor, definition?.name), offset, error.reason),
  };
}

function unusualAt({ code, vendor, name, offset }: Omit<DecodedAvp, "flags" | "raw">, reason: string): Unusual {
  return { offset, reason, message: `${subjectOf(code, vendor, name)} at byte ${offset}: ${reason}` };
}

function readingOf({ code, vendor, type }: AvpDefinition, octets: Uint8Array): string | undefined {
  if (type !== "Address") return readOctets(code, vendor, octets);
  const address = bareAddress(octets);
  return address === undefined ? undefined : `${address} (without its address family)`;
}

function subjectOf(code: number, vendor: number, name: string | undefined): string {
  if (name !== undefined) return `AVP ${name} (${code})`;
  return vendor === 0 ? `AVP ${code}` : `AVP ${code} of vendor ${vendor}`;
}

function nameOf({ code, vendor, values }: AvpDefinition, value: AvpValue, dictionary: Dictionary): string | undefined {
  if (typeof value !== "number") return undefined;
  if (vendor === 0) {
    switch (code) {
      case AVP.resultCode:
        return dictionary.resultCodeName(value);
      case AVP.authApplicationId:
      case AVP.acctApplicationId:
        return dictionary.applicationName(value);
      case AVP.vendorId:
      case AVP.supportedVendorId:
        return dictionary.vendorName(value);
    }
  }
  return values?.[value];
}

/**
 * What Experimental-Result-Code means depends on the Vendor-Id beside it (RFC 6733 section 7.6).
 */
function nameResults(avps: DecodedAvp[], dictionary: Dictionary): DecodedAvp[] {
  const at = avps.findIndex(({ code, vendor }) => code === AVP.experimentalResultCode && vendor === 0);
  const result = avps[at];
  const owner = avps.find(({ code, vendor }) => code === AVP.vendorId && vendor === 0);
  if (typeof result?.value !== "number" || typeof owner?.value !== "number") return avps;
  const valueName = dictionary.resultCodeName(result.value, owner.value);
  return valueName === undefined ? avps : avps.with(at, { ...result, valueName });
}
