/**
 * AVP codes of the base protocol that the relay and the peer exchanges use (RFC 6733 section 4.5),
 * all of Vendor-Id 0.
 */
export const AVP = {
  userName: 1,
  proxyState: 33,
  hostIpAddress: 257,
  authApplicationId: 258,
  acctApplicationId: 259,
  vendorSpecificApplicationId: 260,
  sessionId: 263,
  originHost: 264,
  supportedVendorId: 265,
  vendorId: 266,
  firmwareRevision: 267,
  resultCode: 268,
  /** Diameter Routing Message Priority (RFC 7944). */
  drmp: 301,
  productName: 269,
  disconnectCause: 273,
  authSessionState: 277,
  originStateId: 278,
  failedAvp: 279,
  proxyHost: 280,
  errorMessage: 281,
  routeRecord: 282,
  destinationRealm: 283,
  proxyInfo: 284,
  redirectHost: 292,
  destinationHost: 293,
  errorReportingHost: 294,
  originRealm: 296,
  experimentalResult: 297,
  experimentalResultCode: 298,
  inbandSecurityId: 299,
} as const;

/** AVP flags (RFC 6733 section 4.1); the other bits are reserved and ignored on receipt. */
export const AVP_FLAG = {
  vendor: 0x80,
  mandatory: 0x40,
  protected: 0x20,
} as const;

/** Bytes of an AVP header without, and with, Vendor-Id. */
export const AVP_HEADER_LENGTH = 8;
/** Bytes of an AVP header that carries a Vendor-Id. */
export const AVP_VENDOR_HEADER_LENGTH = 12;

/** Disconnect-Cause values (RFC 6733 section 5.4.3). */
export const DISCONNECT_CAUSE = {
  rebooting: 0,
  busy: 1,
  doNotWantToTalkToYou: 2,
} as const;

/** Inband-Security-Id values (RFC 6733 section 6.10). */
export const INBAND_SECURITY = {
  none: 0,
  tls: 1,
} as const;
