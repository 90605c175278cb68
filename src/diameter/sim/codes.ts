/**
 * Codes that the simulated nodes need beyond the base protocol.
 * @module
 */

/** Command codes (TS 29.272 section 7.2.2); the others are in the table of the wire. */
export const SIM_COMMAND = {
  /** Update-Location, S6a. */
  updateLocation: 316,
} as const;

/**
 * AVPs of Vendor-Id 0: RFC 8506 section 8 (credit control), RFC 6733 section 9.8 (accounting) and 8
 * (sessions).
 */
export const SIM_AVP = {
  ccRequestNumber: 415,
  ccRequestType: 416,
  subscriptionId: 443,
  subscriptionIdData: 444,
  subscriptionIdType: 450,
  serviceContextId: 461,
  accountingRecordType: 480,
  accountingRecordNumber: 485,
  reAuthRequestType: 285,
} as const;

/** AVPs of vendor 10415 (TS 29.272 section 7.3). */
export const THREE_GPP_AVP = {
  ratType: 1032,
  terminalInformation: 1401,
  imei: 1402,
  softwareVersion: 1403,
  ulrFlags: 1405,
  visitedPlmnId: 1407,
  equipmentStatus: 1445,
} as const;

/** Values of the AVPs above. */
export const VALUE = {
  /** Auth-Session-State (RFC 6733 section 8.11). */
  noStateMaintained: 1,
  /** CC-Request-Type (RFC 8506 section 8.3). */
  eventRequest: 4,
  /** Subscription-Id-Type (RFC 8506 section 8.47). */
  endUserImsi: 1,
  /** RAT-Type (TS 29.212 section 5.3.31). */
  eutran: 1004,
  /** ULR-Flags: S6a/S6d-Indicator (TS 29.272 section 7.3.7). */
  s6aIndicator: 2,
  /** Re-Auth-Request-Type (RFC 6733 section 8.12). */
  authorizeOnly: 0,
} as const;

/** Experimental-Result-Code values of vendor 10415 (TS 29.272 section 7.4). */
export const THREE_GPP_RESULT = {
  equipmentUnknown: 5422,
} as const;
