import { EXPERIMENTAL_RESULT_CODES, RESULT_CODES } from "./dictionary/tables/result_codes.ts";

/** Result-Code values (RFC 6733 section 7.1). */
export const RESULT = {
  success: 2001,
  limitedSuccess: 2002,
  commandUnsupported: 3001,
  unableToDeliver: 3002,
  realmNotServed: 3003,
  tooBusy: 3004,
  loopDetected: 3005,
  redirectIndication: 3006,
  applicationUnsupported: 3007,
  invalidHeaderBits: 3008,
  invalidAvpBits: 3009,
  unknownPeer: 3010,
  authenticationRejected: 4001,
  outOfSpace: 4002,
  electionLost: 4003,
  avpUnsupported: 5001,
  unknownSessionId: 5002,
  authorizationRejected: 5003,
  invalidAvpValue: 5004,
  missingAvp: 5005,
  resourcesExceeded: 5006,
  contradictingAvps: 5007,
  avpNotAllowed: 5008,
  avpOccursTooManyTimes: 5009,
  noCommonApplication: 5010,
  unsupportedVersion: 5011,
  unableToComply: 5012,
  invalidBitInHeader: 5013,
  invalidAvpLength: 5014,
  invalidMessageLength: 5015,
  invalidAvpBitCombo: 5016,
  noCommonSecurity: 5017,
} as const;

/**
 * Thousands of a Result-Code, and of any vendor's Experimental-Result-Code (RFC 6733 sections 7.1
 * and 7.6).
 */
const CLASS = { success: 2, protocolError: 3 } as const;

/**
 * Whether a Result-Code or an Experimental-Result-Code is a success: 2xxx (RFC 6733 sections 7.1.2
 * and 7.6).
 */
export function isSuccessCode(code: number): boolean {
  return Math.floor(code / 1000) === CLASS.success;
}

/**
 * Whether a code is a protocol error, which has the E flag: 3xxx (RFC 6733 sections 7.1.3 and 7.6).
 */
export function isProtocolError(code: number): boolean {
  return Math.floor(code / 1000) === CLASS.protocolError;
}

const NAMES: ReadonlyMap<number, string> = new Map([
  [RESULT.success, "DIAMETER_SUCCESS"],
  [RESULT.limitedSuccess, "DIAMETER_LIMITED_SUCCESS"],
  [RESULT.commandUnsupported, "DIAMETER_COMMAND_UNSUPPORTED"],
  [RESULT.unableToDeliver, "DIAMETER_UNABLE_TO_DELIVER"],
  [RESULT.realmNotServed, "DIAMETER_REALM_NOT_SERVED"],
  [RESULT.tooBusy, "DIAMETER_TOO_BUSY"],
  [RESULT.loopDetected, "DIAMETER_LOOP_DETECTED"],
  [RESULT.redirectIndication, "DIAMETER_REDIRECT_INDICATION"],
  [RESULT.applicationUnsupported, "DIAMETER_APPLICATION_UNSUPPORTED"],
  [RESULT.invalidHeaderBits, "DIAMETER_INVALID_HDR_BITS"],
  [RESULT.invalidAvpBits, "DIAMETER_INVALID_AVP_BITS"],
  [RESULT.unknownPeer, "DIAMETER_UNKNOWN_PEER"],
  [RESULT.authenticationRejected, "DIAMETER_AUTHENTICATION_REJECTED"],
  [RESULT.outOfSpace, "DIAMETER_OUT_OF_SPACE"],
  [RESULT.electionLost, "DIAMETER_ELECTION_LOST"],
  [RESULT.avpUnsupported, "DIAMETER_AVP_UNSUPPORTED"],
  [RESULT.unknownSessionId, "DIAMETER_UNKNOWN_SESSION_ID"],
  [RESULT.authorizationRejected, "DIAMETER_AUTHORIZATION_REJECTED"],
  [RESULT.invalidAvpValue, "DIAMETER_INVALID_AVP_VALUE"],
  [RESULT.missingAvp, "DIAMETER_MISSING_AVP"],
  [RESULT.resourcesExceeded, "DIAMETER_RESOURCES_EXCEEDED"],
  [RESULT.contradictingAvps, "DIAMETER_CONTRADICTING_AVPS"],
  [RESULT.avpNotAllowed, "DIAMETER_AVP_NOT_ALLOWED"],
  [RESULT.avpOccursTooManyTimes, "DIAMETER_AVP_OCCURS_TOO_MANY_TIMES"],
  [RESULT.noCommonApplication, "DIAMETER_NO_COMMON_APPLICATION"],
  [RESULT.unsupportedVersion, "DIAMETER_UNSUPPORTED_VERSION"],
  [RESULT.unableToComply, "DIAMETER_UNABLE_TO_COMPLY"],
  [RESULT.invalidBitInHeader, "DIAMETER_INVALID_BIT_IN_HEADER"],
  [RESULT.invalidAvpLength, "DIAMETER_INVALID_AVP_LENGTH"],
  [RESULT.invalidMessageLength, "DIAMETER_INVALID_MESSAGE_LENGTH"],
  [RESULT.invalidAvpBitCombo, "DIAMETER_INVALID_AVP_BIT_COMBO"],
  [RESULT.noCommonSecurity, "DIAMETER_NO_COMMON_SECURITY"],
]);

/** The name of a Result-Code, or the number as text where the RFC gives none. */
export function resultCodeName(code: number): string {
  return NAMES.get(code) ?? String(code);
}

/** Whether a specification gives this code a name, alone or in an Experimental-Result. */
export function isKnownResultCode(code: number): boolean {
  return NAMES.has(code) || code in RESULT_CODES || code in EXPERIMENTAL_RESULT_CODES;
}
