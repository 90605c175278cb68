/**
 * Building messages AVP by AVP.
 * @module
 */
import { AVP_FLAG, AVP_HEADER_LENGTH, AVP_VENDOR_HEADER_LENGTH } from "./avp_codes.ts";
import { padded } from "./avp.ts";
import { HEADER_LENGTH, MAX_MESSAGE_LENGTH, VERSION_1, writeHeader } from "./header.ts";

/** What the caller decides of the header; version and length are filled in. */
export interface MessageHeader {
  /** Command flags, see `FLAG`. */
  readonly flags: number;
  /** Command code. */
  readonly command: number;
  /** Application id. */
  readonly application: number;
  /** Hop-by-Hop Identifier. */
  readonly hopByHop: number;
  /** End-to-End Identifier. */
  readonly endToEnd: number;
}

/** Flags and vendor of an AVP to be written; the M flag is set unless `flags` says otherwise. */
export interface AvpOptions {
  /** AVP flags, see `AVP_FLAG`; V follows from the vendor. */
  readonly flags?: number;
  /** Vendor-Id; 0, or left out, for AVPs of the IETF. */
  readonly vendor?: number;
}

const encoder = new TextEncoder();

/**
 * Writes one message. AVPs appear in the order of the calls; lengths and padding are filled in.
 *
 * @example
 * ```ts
 * import { MessageBuilder } from "./message_builder.ts";
 * import { FLAG } from "./header.ts";
 * const dwr = new MessageBuilder({ flags: FLAG.request, command: 280, application: 0, hopByHop: 1, endToEnd: 2 })
 *   .text(264, "gw.example.net")
 *   .text(296, "example.net")
 *   .finish();
 * console.log(dwr.length); // 64
 * ```
 */
export class MessageBuilder {
  #bytes = new Uint8Array(512);
  #view = new DataView(this.#bytes.buffer);
  #at = HEADER_LENGTH;
  readonly #header: MessageHeader;

  /** Begins a message without AVPs. */
  constructor(header: MessageHeader) {
    this.#header = header;
  }

  /** OctetString or anything that is encoded already. */
  octets(code: number, data: Uint8Array, options: AvpOptions = {}): this {
    const at = this.#open(code, data.length, options);
    this.#bytes.set(data, at);
    return this;
  }

  /** UTF8String, DiameterIdentity, DiameterURI. */
  text(code: number, data: string, options: AvpOptions = {}): this {
    return this.octets(code, encoder.encode(data), options);
  }

  /** Unsigned32, Enumerated, Time (as its 32 bits). */
  unsigned32(code: number, value: number, options: AvpOptions = {}): this {
    const at = this.#open(code, 4, options);
    this.#view.setUint32(at, value);
    return this;
  }

  /** Grouped: what `fill` writes becomes the group's content. */
  group(code: number, fill: (group: this) => void, options: AvpOptions = {}): this {
    const start = this.#at;
    this.#open(code, 0, options);
    fill(this);
    const word = this.#view.getUint32(start + 4);
    this.#view.setUint32(start + 4, ((word & 0xff000000) | (this.#at - start)) >>> 0);
    return this;
  }

  /** Whole AVPs copied as they are, padding included: `length % 4` must be 0. */
  raw(avps: Uint8Array): this {
    this.#grow(avps.length);
    this.#bytes.set(avps, this.#at);
    this.#at += avps.length;
    return this;
  }

  /**
   * The finished message.
   * @throws RangeError when it is longer than the 24 bit length field can say
   */
  finish(): Uint8Array<ArrayBuffer> {
    if (this.#at > MAX_MESSAGE_LENGTH) {
      throw new RangeError(
        `Cannot build command ${this.#header.command}: ${this.#at} bytes are more than a message can hold`,
      );
    }
    writeHeader(this.#view, 0, { version: VERSION_1, length: this.#at, ...this.#header });
    return this.#bytes.slice(0, this.#at);
  }

  /**
   * Writes an AVP header and returns where its data goes; the data's bytes and padding are reserved
   * and zero.
   */
  #open(code: number, dataLength: number, options: AvpOptions): number {
    const vendor = options.vendor ?? 0;
    const headerLength = vendor === 0 ? AVP_HEADER_LENGTH : AVP_VENDOR_HEADER_LENGTH;
    const flags = (options.flags ?? AVP_FLAG.mandatory) | (vendor === 0 ? 0 : AVP_FLAG.vendor);
    const length = headerLength + dataLength;
    this.#grow(padded(length));
    const at = this.#at;
    this.#view.setUint32(at, code);
    this.#view.setUint32(at + 4, ((flags << 24) | length) >>> 0);
    if (vendor !== 0) this.#view.setUint32(at + 8, vendor);
    this.#at = at + padded(length);
    return at + headerLength;
  }

  #grow(more: number): void {
    const needed = this.#at + more;
    if (needed <= this.#bytes.length) return;
    const bytes = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    bytes.set(this.#bytes);
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer);
  }
}
