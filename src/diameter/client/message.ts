/**
 * A message as it was received.
 * @module
 */
import { AVP } from "../wire/avp_codes.ts";
import { findAvp, unsigned32Of } from "../wire/avp.ts";
import { type DecodedMessage, decodeMessage } from "../wire/decode_message.ts";
import type { Dictionary } from "../wire/dictionary/dictionary.ts";
import { type Header, HEADER_LENGTH, readHeader } from "../wire/header.ts";
import { isSuccessCode } from "../wire/result_codes.ts";

/** How a request ended (RFC 6733 sections 7.1 and 7.6). */
export interface Result {
  /** Result-Code or Experimental-Result-Code. */
  readonly code: number;
  /** 0: a Result-Code; else the Vendor-Id of an Experimental-Result. */
  readonly vendor: number;
}

/** Whether a result is a success, whoever defined its code (RFC 6733 sections 7.1.2 and 7.6). */
export function isSuccess({ code }: Result): boolean {
  return isSuccessCode(code);
}

/**
 * A message that was received: its bytes, and what they say, which is looked up when it is asked
 * for.
 *
 * @example
 * ```ts
 * import { Message } from "./message.ts";
 * import { encodeMessage } from "../wire/codec.ts";
 * const answer = new Message(encodeMessage({ command: "ECA", avps: { "Result-Code": 2001, "Equipment-Status": "GREYLISTED" } }));
 * console.log(answer.result); // { code: 2001, vendor: 0 }
 * console.log(answer.decode().avps[1]?.valueName); // GREYLISTED
 * ```
 */
export class Message {
  #header: Header | undefined;

  /** A message of these bytes. @param bytes one whole message, of which this object is the owner */
  constructor(readonly bytes: Uint8Array<ArrayBuffer>) {}

  /**
   * The header (RFC 6733 section 3). Of an answer, the hop-by-hop id is that of the request as the
   * caller gave it.
   */
  get header(): Header {
    return this.#header ??= readHeader(this.bytes);
  }

  /**
   * Result-Code or Experimental-Result; undefined in a request, and in an answer without either.
   */
  get result(): Result | undefined {
    const { bytes } = this;
    const plain = findAvp(bytes, AVP.resultCode, HEADER_LENGTH, bytes.length);
    const code = plain === undefined ? undefined : unsigned32Of(bytes, plain);
    if (code !== undefined) return { code, vendor: 0 };
    const group = findAvp(bytes, AVP.experimentalResult, HEADER_LENGTH, bytes.length);
    if (group === undefined) return undefined;
    const member = (wanted: number) => {
      const avp = findAvp(bytes, wanted, group.dataStart, group.dataEnd);
      return avp === undefined ? undefined : unsigned32Of(bytes, avp);
    };
    const experimental = member(AVP.experimentalResultCode);
    return experimental === undefined ? undefined : { code: experimental, vendor: member(AVP.vendorId) ?? 0 };
  }

  /**
   * Names and values of all AVPs. @param dictionary the one that comes with the program unless
   * given
   */
  decode(dictionary?: Dictionary): DecodedMessage {
    return decodeMessage(this.bytes, dictionary);
  }
}
