/**
 * Walking AVPs without copying or decoding them (RFC 6733 section 4.1).
 * @module
 */
import { AVP_FLAG, AVP_HEADER_LENGTH, AVP_VENDOR_HEADER_LENGTH } from "./avp_codes.ts";
import { viewOf } from "./header.ts";

/** One AVP where it lies: offsets into the bytes it was found in. */
export interface AvpSlice {
  /** AVP code. */
  readonly code: number;
  /** AVP flags, see `AVP_FLAG`. */
  readonly flags: number;
  /** 0 for an AVP of the IETF, see {@link vendorOf}. Identity is (code, vendor): section 4.1. */
  readonly vendor: number;
  /** First byte of the AVP's header. */
  readonly start: number;
  /** First byte of the data. */
  readonly dataStart: number;
  /** One past the last byte of the data, padding excluded. */
  readonly dataEnd: number;
}

/** A top-level AVP whose Length cannot be true (answered 5014, RFC 6733 section 7.1.5). */
export class AvpLengthError extends RangeError {
  /**
   * @param subject the AVP as the message names it
   * @param reason what is wrong with it
   * @param offset where the AVP's header begins
   * @param code its code, 0 when not even that is there
   */
  constructor(subject: string, readonly reason: string, readonly offset: number, readonly code: number) {
    super(`Cannot decode ${subject}: ${reason}`);
    this.name = "AvpLengthError";
  }
}

// Constants of this module: the engine loads what is imported anew each time.
const HEADER = AVP_HEADER_LENGTH;
const VENDOR_HEADER = AVP_VENDOR_HEADER_LENGTH;

/** Bytes of the header of an AVP whose second word (flags and length) is `word`. */
export function avpHeaderLength(word: number): number {
  return (word & VENDOR_BIT) === 0 ? HEADER : VENDOR_HEADER;
}

/**
 * The vendor of the AVP at `at`, whose second word is `word` and whose whole header is there. A
 * Vendor-Id of 0 with the V flag set means the same as none: an AVP of the IETF (section 4.1). All
 * that ask for (code, vendor) ask here; the routing scan and the first steps to a Result-Code alone
 * have it written out, and property tests hold them to this.
 */
export function vendorOf(view: DataView, at: number, word: number): number {
  return (word & VENDOR_BIT) === 0 ? 0 : view.getUint32(at + HEADER);
}

/** The V flag where flags and length are read as one word. */
const VENDOR_BIT = AVP_FLAG.vendor << 24;

/**
 * The AVPs in `bytes` from `start` to `end`, in their order; groups are not entered.
 *
 * @example
 * ```ts
 * import { avpsOf } from "./avp.ts";
 * const message = new Uint8Array([0, 0, 1, 12, 0x40, 0, 0, 12, 0, 0, 7, 209]);
 * for (const avp of avpsOf(message, 0, message.length)) console.log(avp.code); // 268
 * ```
 * @throws AvpLengthError at the first AVP whose Length is below its header or reaches past `end`
 */
export function* avpsOf(bytes: Uint8Array, start: number, end: number): Generator<AvpSlice> {
  const view = viewOf(bytes);
  let at = start;
  while (at < end) {
    if (end - at < AVP_HEADER_LENGTH) {
      const code = end - at >= 4 ? view.getUint32(at) : 0;
      throw new AvpLengthError(`the AVP at byte ${at}`, `only ${end - at} bytes are left for its header`, at, code);
    }
    const code = view.getUint32(at);
    const word = view.getUint32(at + 4);
    const flags = word >>> 24;
    const length = word & 0xffffff;
    const headerLength = avpHeaderLength(word);
    if (length < headerLength) {
      throw new AvpLengthError(`AVP ${code}`, `length ${length} is below ${headerLength}`, at, code);
    }
    if (at + length > end) {
      const reason = `length ${length} reaches past the end, ${end - at} bytes are left`;
      throw new AvpLengthError(`AVP ${code}`, reason, at, code);
    }
    yield {
      code,
      flags,
      vendor: vendorOf(view, at, word),
      start: at,
      dataStart: at + headerLength,
      dataEnd: at + length,
    };
    at += (length + 3) & ~3;
  }
}

/** Bytes that `length` takes on the wire: AVPs are padded to a multiple of four (section 4.1). */
export function padded(length: number): number {
  return (length + 3) & ~3;
}

/**
 * The first AVP (code, vendor 0) between `start` and `end`; undefined when absent or when a broken
 * AVP comes before it.
 */
export function findAvp(bytes: Uint8Array, code: number, start: number, end: number): AvpSlice | undefined {
  try {
    for (const avp of avpsOf(bytes, start, end)) if (avp.code === code && avp.vendor === 0) return avp;
  } catch (error) {
    if (!(error instanceof AvpLengthError)) throw error;
  }
  return undefined;
}

/** The Unsigned32 in `avp`; undefined when it does not carry four bytes. */
export function unsigned32Of(bytes: Uint8Array, avp: AvpSlice): number | undefined {
  if (avp.dataEnd - avp.dataStart !== 4) return undefined;
  return viewOf(bytes).getUint32(avp.dataStart);
}

/**
 * The octets of `avp` as text, one character per byte: right for DiameterIdentity (ASCII, section
 * 4.3.1).
 */
export function asciiOf(bytes: Uint8Array, avp: { readonly dataStart: number; readonly dataEnd: number }): string {
  let text = "";
  for (let i = avp.dataStart; i < avp.dataEnd; i++) text += String.fromCharCode(bytes[i]!);
  return text;
}
