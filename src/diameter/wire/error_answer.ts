/**
 * Error answers that an agent originates (RFC 6733 sections 6.2 and 7.2).
 * @module
 */
import { AVP, AVP_FLAG, AVP_HEADER_LENGTH, AVP_VENDOR_HEADER_LENGTH } from "./avp_codes.ts";
import { avpHeaderLength, padded, vendorOf } from "./avp.ts";
import { FLAG, HEADER_LENGTH, OFFSET, VERSION_1, viewOf } from "./header.ts";
import { MessageBuilder } from "./message_builder.ts";
import { minimumDataLength } from "./minimum_data.ts";

/** Who answers, and with what. */
export interface ErrorAnswer {
  readonly originHost: string;
  readonly originRealm: string;
  /** Left out of the answer when absent (RFC 6733 section 8.16: everywhere or nowhere). */
  readonly originStateId?: number;
  readonly resultCode: number;
  /** For a person who reads a trace; sent as Error-Message with the M flag clear. */
  readonly message?: string;
  /** Content of Failed-AVP: see {@link failedAvpAt}. */
  readonly failedAvp?: Uint8Array;
  /** Whether the E flag is set; true unless said otherwise (CEA with 5xxx or 4xxx has none). */
  readonly errorFlag?: boolean;
}

/**
 * The answer to the request in `bytes` from `start` to `end`: same command, application, both
 * identifiers and P flag; Session-Id first when the request has one; Proxy-Info copied in the same
 * order. AVPs behind a broken one are not looked at.
 */
export function errorAnswer(
  bytes: Uint8Array,
  start: number,
  end: number,
  answer: ErrorAnswer,
): Uint8Array<ArrayBuffer> {
  return errorAnswerWith(bytes, start, end, errorAvps(answer), answer.errorFlag !== false);
}

/**
 * The AVPs of an error answer that do not depend on the request, Origin-Host to Failed-AVP: made
 * once for many requests.
 */
export function errorAvps(answer: ErrorAnswer): Uint8Array<ArrayBuffer> {
  const builder = new MessageBuilder({ flags: 0, command: 0, application: 0, hopByHop: 0, endToEnd: 0 });
  builder.text(AVP.originHost, answer.originHost).text(AVP.originRealm, answer.originRealm)
    .unsigned32(AVP.resultCode, answer.resultCode);
  if (answer.originStateId !== undefined) builder.unsigned32(AVP.originStateId, answer.originStateId);
  if (answer.message !== undefined) builder.text(AVP.errorMessage, answer.message, { flags: 0 });
  builder.text(AVP.errorReportingHost, answer.originHost, { flags: 0 });
  if (answer.failedAvp !== undefined) {
    const content = answer.failedAvp;
    builder.group(AVP.failedAvp, (group) => group.raw(content));
  }
  return builder.finish().slice(HEADER_LENGTH);
}

/**
 * As {@link errorAnswer}, with AVPs from {@link errorAvps}: what an overloaded node does most, so
 * it copies and builds nothing.
 * @param errorFlag whether E is set
 */
export function errorAnswerWith(
  bytes: Uint8Array,
  start: number,
  end: number,
  avps: Uint8Array,
  errorFlag = true,
): Uint8Array<ArrayBuffer> {
  return answerWith(bytes, start, end, avps, errorFlag, "repeat Session-Id");
}

/**
 * The answer with `avps` to the request in `bytes` from `start` to `end` (RFC 6733 section 6.2):
 * same command, application, both identifiers and P flag; behind the AVPs its Proxy-Info, in the
 * same order.
 * @param errorFlag whether E is set
 * @param session whether the request's Session-Id goes in front, or whatever is in `avps` is all
 */
export function answerWith(
  bytes: Uint8Array,
  start: number,
  end: number,
  avps: Uint8Array,
  errorFlag: boolean,
  session: "repeat Session-Id" | "as it is",
): Uint8Array<ArrayBuffer> {
  const repeated = session === "repeat Session-Id";
  const view = viewOf(bytes);
  /** Where the data of Session-Id begins. */
  let sessionId = -1;
  /** Bytes of the data of Session-Id, padding excluded. */
  let sessionLength = 0;
  let proxyLength = 0;
  const proxyInfos: number[] = [];
  for (let at = start + HEADER_LENGTH; end - at >= AVP_HEADER_LENGTH;) {
    const word = view.getUint32(at + 4);
    const headerLength = avpHeaderLength(word);
    const length = padded(word & 0xffffff);
    if ((word & 0xffffff) < headerLength || length > end - at) break;
    if (vendorOf(view, at, word) === 0) {
      const code = view.getUint32(at);
      if (code === AVP.sessionId && repeated && sessionId < 0) {
        sessionId = at + headerLength;
        sessionLength = (word & 0xffffff) - headerLength;
      } else if (code === AVP.proxyInfo) {
        proxyInfos.push(at);
        proxyLength += length;
      }
    }
    at += length;
  }
  const sessionAvp = sessionId < 0 ? 0 : AVP_HEADER_LENGTH + padded(sessionLength);
  const total = HEADER_LENGTH + sessionAvp + avps.length + proxyLength;
  const out = new Uint8Array(total);
  const outView = viewOf(out);
  outView.setUint32(0, ((VERSION_1 << 24) | total) >>> 0);
  const second = view.getUint32(start + OFFSET.flags);
  const flags = ((second >>> 24) & FLAG.proxiable) | (errorFlag ? FLAG.error : 0);
  outView.setUint32(OFFSET.flags, ((flags << 24) | (second & 0xffffff)) >>> 0);
  outView.setUint32(OFFSET.application, view.getUint32(start + OFFSET.application));
  outView.setUint32(OFFSET.hopByHop, view.getUint32(start + OFFSET.hopByHop));
  outView.setUint32(OFFSET.endToEnd, view.getUint32(start + OFFSET.endToEnd));
  let at = HEADER_LENGTH;
  if (sessionId >= 0) {
    outView.setUint32(at, AVP.sessionId);
    outView.setUint32(at + 4, (AVP_FLAG.mandatory << 24) | (AVP_HEADER_LENGTH + sessionLength));
    out.set(bytes.subarray(sessionId, sessionId + sessionLength), at + AVP_HEADER_LENGTH);
    at += sessionAvp;
  }
  out.set(avps, at);
  at += avps.length;
  for (const proxyInfo of proxyInfos) {
    const length = padded(view.getUint32(proxyInfo + 4) & 0xffffff);
    out.set(bytes.subarray(proxyInfo, proxyInfo + length), at);
    at += length;
  }
  return out;
}

/**
 * What Failed-AVP holds for an AVP with an impossible Length (RFC 6733 sections 7.1.5 and 7.5): its
 * header, padded with zeros where the message ended too early, and zeros of the smallest size its
 * type allows. The length in it is that of the result.
 */
export function failedAvpAt(bytes: Uint8Array, at: number, end: number): Uint8Array<ArrayBuffer> {
  const header = new Uint8Array(AVP_VENDOR_HEADER_LENGTH);
  header.set(bytes.subarray(at, Math.min(at + AVP_VENDOR_HEADER_LENGTH, end)));
  const view = viewOf(header);
  const flags = header[4]!;
  const hasVendor = (flags & AVP_FLAG.vendor) !== 0;
  const headerLength = hasVendor ? AVP_VENDOR_HEADER_LENGTH : AVP_HEADER_LENGTH;
  const length = headerLength + minimumDataLength(view.getUint32(0), hasVendor ? view.getUint32(8) : 0);
  view.setUint32(4, ((flags << 24) | length) >>> 0);
  const failed = new Uint8Array(padded(length));
  failed.set(header.subarray(0, headerLength));
  return failed;
}

/**
 * What Failed-AVP holds for an AVP of Vendor-Id 0 that is missing (RFC 6733 section 7.5): its
 * header and `dataLength` octets of zero, the smallest size its type allows.
 */
export function missingAvp(code: number, dataLength: number = minimumDataLength(code, 0)): Uint8Array<ArrayBuffer> {
  const failed = new Uint8Array(AVP_HEADER_LENGTH + padded(dataLength));
  const view = viewOf(failed);
  view.setUint32(0, code);
  view.setUint32(4, ((AVP_FLAG.mandatory << 24) | (AVP_HEADER_LENGTH + dataLength)) >>> 0);
  return failed;
}
