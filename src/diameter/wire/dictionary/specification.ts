import type { DataType } from "./data_type.ts";

/**
 * What the specification says of the M flag: "M" must be set, "-" must not be set, "" may be. The P
 * flag has no column: RFC 6733 section 4.1 reserves it, and it is sent as 0.
 */
export type MandatoryRule = "M" | "-" | "";

/** Code, name, data type, and the rule for the M flag where one is published. */
export type AvpRow = readonly [code: number, name: string, type: DataType, mandatory?: MandatoryRule];

/**
 * Code, name without -Request and -Answer, abbreviation without the R or A, and the application it
 * belongs to: `[272, "Credit-Control", "CC", 4]` stands for CCR and CCA.
 */
export type CommandRow = readonly [code: number, name: string, abbreviation: string, application: number];

/** Identifier and name. */
export type ApplicationRow = readonly [id: number, name: string];

/** Names of the values of one AVP. Negative values are written as text: `"-1"`. */
export type ValueNames = Readonly<Record<string, string>>;

/** The dictionary of one specification, as data. */
export interface Specification {
  /** Where the rows are published. */
  readonly title: string;
  /** Vendor-Id of all AVPs in it; 0 for the IETF's. */
  readonly vendor: number;
  /** Applications that it defines. */
  readonly applications?: readonly ApplicationRow[];
  /** Commands that it defines. */
  readonly commands?: readonly CommandRow[];
  /** AVPs that it defines. */
  readonly avps: readonly AvpRow[];
  /** Names of values, by the AVP's name. */
  readonly values?: Readonly<Record<string, ValueNames>>;
  /** Result-Code values when `vendor` is 0, else Experimental-Result-Code values of `vendor`. */
  readonly resultCodes?: Readonly<Record<number, string>>;
  /** Name of `vendor`. */
  readonly vendorName?: string;
}
