/**
 * What makes a request one that nobody may serve, whatever it asks (RFC 6733 sections 3 and 4.1).
 * @module
 */
import { failedAvpAt } from "./error_answer.ts";
import { FLAG } from "./header.ts";
import { RESULT } from "./result_codes.ts";
import type { RoutingAvps } from "./routing_avps.ts";

/** With what such a request is answered. */
export interface RequestFault {
  readonly resultCode: number;
  /** For Error-Message: what is wrong, for a person. */
  readonly message: string;
  /** For counters: one of a small fixed set. */
  readonly reason: "header_bits" | "avp_length";
  /** Content of Failed-AVP (RFC 6733 section 7.5). */
  readonly failedAvp?: Uint8Array;
}

/** The E bit in the second word. A constant of this module: the engine loads what is imported. */
const ERROR = FLAG.error << 24;

/** R and E are both set: E is for answers (RFC 6733 sections 3 and 7.1.3). */
const INVALID_HEADER_BITS: RequestFault = {
  resultCode: RESULT.invalidHeaderBits,
  message: "R and E are both set",
  reason: "header_bits",
};

/**
 * What is wrong with the request from `at` to `end`; undefined when it may be served. The only one
 * who looks at these two things, for gateway, clients and simulators alike.
 * @param word its second header word, with the flags
 * @param avps scans it: what it finds is there for the caller afterwards
 */
export function requestFault(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  end: number,
  word: number,
  avps: RoutingAvps,
): RequestFault | undefined {
  if ((word & ERROR) !== 0) return INVALID_HEADER_BITS;
  return avps.scan(view, at, end) ? undefined : brokenAvp(bytes, at, end, avps.brokenAt);
}

/** An AVP whose length cannot be true: nothing behind it can be found (RFC 6733 section 7.1.5). */
function brokenAvp(bytes: Uint8Array, at: number, end: number, offset: number): RequestFault {
  return {
    resultCode: RESULT.invalidAvpLength,
    message: `the AVP at byte ${offset - at} has an impossible length`,
    reason: "avp_length",
    failedAvp: failedAvpAt(bytes, offset, end),
  };
}
