/** A data format of AVPs: basic (RFC 6733 section 4.2) or derived (section 4.3). */
export type DataType =
  | "OctetString"
  | "Integer32"
  | "Integer64"
  | "Unsigned32"
  | "Unsigned64"
  | "Float32"
  | "Float64"
  | "Grouped"
  | "Address"
  | "Time"
  | "UTF8String"
  | "DiameterIdentity"
  | "DiameterURI"
  | "Enumerated"
  | "IPFilterRule"
  | "QoSFilterRule"
  // An OctetString that holds the 4 or 16 octets of an address and no family, as RADIUS attributes
  // do (RFC 7155 section 4.1).
  | "IPAddress";

/** Octets that the smallest value of each takes; strings and groups may be empty. */
const SMALLEST: Readonly<Record<DataType, number>> = {
  OctetString: 0,
  Integer32: 4,
  Integer64: 8,
  Unsigned32: 4,
  Unsigned64: 8,
  Float32: 4,
  Float64: 8,
  Grouped: 0,
  Address: 6,
  Time: 4,
  UTF8String: 0,
  DiameterIdentity: 0,
  DiameterURI: 0,
  Enumerated: 4,
  IPFilterRule: 0,
  QoSFilterRule: 0,
  IPAddress: 0,
};

/** All data formats. */
export const DATA_TYPES: readonly DataType[] = Object.keys(SMALLEST) as DataType[];

/** Octets that the smallest value of `type` takes; strings and groups may be empty. */
export function smallestLength(type: DataType): number {
  return SMALLEST[type];
}
