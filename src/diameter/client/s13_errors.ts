/**
 * How an equipment check can end other than with a status.
 * @module
 */
import { AVP } from "../wire/avp_codes.ts";
import { findAvp } from "../wire/avp.ts";
import { standardDictionary } from "../wire/dictionary/standard.ts";
import { HEADER_LENGTH } from "../wire/header.ts";
import type { Message, Result } from "./message.ts";

/**
 * The EIR does not know the device: DIAMETER_ERROR_EQUIPMENT_UNKNOWN (3GPP TS 29.272 section
 * 7.4.3.3).
 */
export class EquipmentUnknownError extends Error {
  /** The ECA said so. @param imei what was asked for @param answer the whole ECA */
  constructor(readonly imei: string, readonly answer: Message) {
    super(`The equipment with IMEI ${imei} is unknown: DIAMETER_ERROR_EQUIPMENT_UNKNOWN (5422)`);
    this.name = "EquipmentUnknownError";
  }
}

/** A request was answered with a Result-Code that is no success (RFC 6733 section 7.1). */
export class ResultCodeError extends Error {
  /** The code, of whichever of the two kinds. */
  readonly resultCode: number;
  /** 0: a Result-Code; else the Vendor-Id of an Experimental-Result. */
  readonly vendor: number;
  /** Error-Message of the answer. */
  readonly errorMessage: string | undefined;

  /**
   * The answer said so.
   * @param request what was asked, as it stands in the message: `equipment check`
   * @param answer the whole answer
   */
  constructor(request: string, result: Result, readonly answer: Message) {
    const errorMessage = textOf(answer, AVP.errorMessage);
    super(
      `The ${request} was answered with ${resultText(result)}${errorMessage === undefined ? "" : `: ${errorMessage}`}`,
    );
    this.name = "ResultCodeError";
    this.resultCode = result.code;
    this.vendor = result.vendor;
    this.errorMessage = errorMessage;
  }
}

/** `DIAMETER_TOO_BUSY (3004)`; an Experimental-Result with its vendor. */
export function resultText({ code, vendor }: Result): string {
  const name = standardDictionary().resultCodeName(code, vendor);
  const number = vendor === 0 ? `${code}` : `${code} of vendor ${vendor}`;
  return name === undefined ? number : `${name} (${number})`;
}

function textOf({ bytes }: Message, code: number): string | undefined {
  const avp = findAvp(bytes, code, HEADER_LENGTH, bytes.length);
  return avp === undefined ? undefined : new TextDecoder().decode(bytes.subarray(avp.dataStart, avp.dataEnd));
}
