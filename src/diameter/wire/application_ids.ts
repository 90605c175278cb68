/** Application identifiers (RFC 6733 section 2.4; 3GPP TS 29.230). */
export const APPLICATION = {
  /** Diameter common messages: base protocol, never routed. */
  common: 0,
  baseAccounting: 3,
  creditControl: 4,
  s6a: 16777251,
  s13: 16777252,
  /** Advertised by relay agents only. */
  relay: 0xffffffff,
} as const;

/** SMI enterprise numbers used as Vendor-Id. */
export const VENDOR = {
  ietf: 0,
  threeGpp: 10415,
} as const;
