/** AVPs of S13, all with Vendor-Id 10415 (3GPP TS 29.272 section 7.3). */
export const S13_AVP = {
  terminalInformation: 1401,
  imei: 1402,
  softwareVersion: 1403,
  equipmentStatus: 1445,
} as const;

/** Experimental-Result-Codes of 3GPP (TS 29.272 section 7.4.3). */
export const S13_RESULT = {
  equipmentUnknown: 5422,
} as const;

/** Auth-Session-State values (RFC 6733 section 8.11). */
export const AUTH_SESSION_STATE = {
  noStateMaintained: 1,
} as const;

/** Equipment-Status values (TS 29.272 section 7.3.51), at the index that stands for them. */
export const EQUIPMENT_STATUS = ["whitelisted", "blacklisted", "greylisted"] as const;
