/**
 * Making a message safe to be shown: everything stays where it is, only what tells of a subscriber
 * is unreadable.
 * @module
 */
import { padded } from "./avp.ts";
import { AVP_FLAG, AVP_HEADER_LENGTH, AVP_VENDOR_HEADER_LENGTH } from "./avp_codes.ts";
import type { DataType } from "./dictionary/data_type.ts";
import { standardDictionary } from "./dictionary/standard.ts";
import { HEADER_LENGTH, viewOf } from "./header.ts";
import { MASKED_AVPS } from "./masked_avps.ts";

/** What text becomes. */
const STAR = 0x2a;
/** Groups within groups that are looked into; what is deeper is unreadable as a whole. */
const DEPTH = 16;
/**
 * Address families whose addresses may be zero (IANA address family numbers); others carry text.
 */
const IP_FAMILIES: readonly number[] = [1, 2];
/** Types whose data are text. */
const TEXT: ReadonlySet<DataType> = new Set([
  ...["UTF8String", "DiameterIdentity", "DiameterURI", "IPFilterRule", "QoSFilterRule"] as const,
]);

const masked = new Set(
  MASKED_AVPS.flatMap(({ vendor, avps }) => Object.keys(avps).map((code) => key(Number(code), vendor))),
);

/**
 * Overwrites the AVPs of `MASKED_AVPS` in one message, in groups too: text with asterisks,
 * addresses and octets with zeros. Lengths, headers, flags and the order of AVPs stay.
 *
 * Where an AVP's Length cannot be true, nobody knows what follows: all from there to the end of
 * what holds it is zeroed. So it is with a message that was cut off, and with groups deeper than
 * 16.
 *
 * @example
 * ```ts
 * import { maskSubscriber } from "./masking.ts";
 * import { MessageBuilder } from "./message_builder.ts";
 * const ids = { hopByHop: 1, endToEnd: 1 };
 * const message = new MessageBuilder({ flags: 0, command: 272, application: 4, ...ids })
 *   .text(1, "001010123456789")
 *   .finish();
 * maskSubscriber(message);
 * console.log(new TextDecoder().decode(message.subarray(28, 43))); // ***************
 * ```
 */
export function maskSubscriber(message: Uint8Array): void {
  if (message.length > HEADER_LENGTH) maskAvps(message, viewOf(message), HEADER_LENGTH, message.length, 0);
}

function maskAvps(bytes: Uint8Array, view: DataView, start: number, end: number, depth: number): void {
  if (depth > DEPTH) return void bytes.fill(0, start, end);
  for (let at = start; at < end;) {
    const avp = avpAt(view, at, end);
    if (avp === undefined) {
      // The header stays, to show what is wrong; a cut one holds nothing of a subscriber.
      bytes.fill(0, Math.min(end, at + headerLengthAt(view, at, end)), end);
      return;
    }
    const { code, vendor, dataStart, dataEnd } = avp;
    const type = standardDictionary().avp(code, vendor)?.type;
    if (masked.has(key(code, vendor))) maskData(bytes, view, dataStart, dataEnd, type);
    else if (type === "Grouped" || (type === undefined && isGroup(view, dataStart, dataEnd))) {
      maskAvps(bytes, view, dataStart, dataEnd, depth + 1);
    }
    at += padded(dataEnd - at);
  }
}

function maskData(
  bytes: Uint8Array,
  view: DataView,
  start: number,
  end: number,
  type: DataType | undefined,
): void {
  if (type !== "Address") return void bytes.fill(type !== undefined && TEXT.has(type) ? STAR : 0, start, end);
  const isIp = end - start >= 2 && IP_FAMILIES.includes(view.getUint16(start));
  bytes.fill(isIp ? 0 : STAR, Math.min(end, start + 2), end);
}

/** Whether data that nobody defined are AVPs from their first to their last byte. */
function isGroup(view: DataView, start: number, end: number): boolean {
  let at = start;
  while (at < end) {
    const avp = avpAt(view, at, end);
    if (avp === undefined) return false;
    at += padded(avp.dataEnd - at);
  }
  return end > start;
}

/** The AVP at `at`; undefined when its header does not fit, or its Length cannot be true. */
function avpAt(
  view: DataView,
  at: number,
  end: number,
): { code: number; vendor: number; dataStart: number; dataEnd: number } | undefined {
  const headerLength = headerLengthAt(view, at, end);
  if (at + headerLength > end) return undefined;
  const length = view.getUint32(at + 4) & 0xffffff;
  if (length < headerLength || at + length > end) return undefined;
  const vendor = headerLength === AVP_VENDOR_HEADER_LENGTH ? view.getUint32(at + 8) : 0;
  return { code: view.getUint32(at), vendor, dataStart: at + headerLength, dataEnd: at + length };
}

function headerLengthAt(view: DataView, at: number, end: number): number {
  const hasVendor = at + 4 < end && (view.getUint8(at + 4) & AVP_FLAG.vendor) !== 0;
  return hasVendor ? AVP_VENDOR_HEADER_LENGTH : AVP_HEADER_LENGTH;
}

function key(code: number, vendor: number): string {
  return `${vendor}:${code}`;
}
