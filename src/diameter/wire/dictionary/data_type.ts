/** The data formats of AVPs: basic (RFC 6733 section 4.2) and derived (section 4.3). */
export const DATA_TYPES = [
  "OctetString",
  "Integer32",
  "Integer64",
  "Unsigned32",
  "Unsigned64",
  "Float32",
  "Float64",
  "Grouped",
  "Address",
  "Time",
  "UTF8String",
  "DiameterIdentity",
  "DiameterURI",
  "Enumerated",
  "IPFilterRule",
  "QoSFilterRule",
  // An OctetString that holds the 4 or 16 octets of an address and no family, as RADIUS attributes do (RFC 7155 section 4.1).
  "IPAddress",
] as const;

/** One of {@link DATA_TYPES}. */
export type DataType = typeof DATA_TYPES[number];

const SMALLEST: Readonly<Partial<Record<DataType, number>>> = {
  Integer32: 4,
  Integer64: 8,
  Unsigned32: 4,
  Unsigned64: 8,
  Float32: 4,
  Float64: 8,
  Address: 6,
  Time: 4,
  Enumerated: 4,
};

/** Octets that the smallest value of `type` takes; strings and groups may be empty. */
export function smallestLength(type: DataType): number {
  return SMALLEST[type] ?? 0;
}
