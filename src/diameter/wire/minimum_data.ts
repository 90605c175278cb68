/**
 * The smallest data of the base protocol's AVPs: what an agent puts into Failed-AVP without loading
 * a dictionary.
 * @module
 */
import { AVP } from "./avp_codes.ts";

/** Unsigned32, Enumerated, Time. */
const WORD = 4;
/** Address: two octets of family and an IPv4 address (RFC 6733 section 4.3.1). */
const ADDRESS = 6;

/**
 * AVPs of fixed or bounded size, RFC 6733 section 4.5; all others are strings and groups, which may
 * be empty.
 */
const MINIMUM: ReadonlyMap<number, number> = new Map([
  [AVP.hostIpAddress, ADDRESS],
  [AVP.authApplicationId, WORD],
  [AVP.acctApplicationId, WORD],
  [AVP.supportedVendorId, WORD],
  [AVP.vendorId, WORD],
  [AVP.firmwareRevision, WORD],
  [AVP.resultCode, WORD],
  [AVP.disconnectCause, WORD],
  [AVP.authSessionState, WORD],
  [AVP.originStateId, WORD],
  [AVP.experimentalResultCode, WORD],
  [AVP.inbandSecurityId, WORD],
  // RFC 7944.
  [AVP.drmp, WORD],
]);

/**
 * Octets of zero that stand for the data of an AVP that is missing or has an impossible length (RFC
 * 6733 sections 7.1.5 and 7.5). Vendor-specific AVPs and those that are not of the base protocol:
 * 0.
 *
 * @example
 * ```ts
 * import { minimumDataLength } from "./minimum_data.ts";
 * console.log(minimumDataLength(266, 0), minimumDataLength(264, 0)); // 4 0
 * ```
 */
export function minimumDataLength(code: number, vendor: number): number {
  return vendor === 0 ? MINIMUM.get(code) ?? 0 : 0;
}
