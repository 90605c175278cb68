/**
 * Which octet strings are read, and how.
 * @module
 */
import {
  type OctetReader,
  readArea,
  readIpv6List,
  readIpv6Prefix,
  readNumber,
  readPdpType,
  readPlmn,
  readPoint,
  readRatType,
  readTimeZone,
  readTmgi,
  readUserLocation,
} from "./octet_readers.ts";

/** By Vendor-Id, then by code. */
const READERS: ReadonlyMap<number, ReadonlyMap<number, OctetReader>> = new Map([
  [
    0,
    new Map<number, OctetReader>([
      [97, readIpv6Prefix], // Framed-IPv6-Prefix
      [123, readIpv6Prefix], // Delegated-IPv6-Prefix
    ]),
  ],
  [
    10415,
    new Map<number, OctetReader>([
      [17, readIpv6List], // 3GPP-IPv6-DNS-Server
      [21, readRatType], // 3GPP-RAT-Type
      [22, readUserLocation], // 3GPP-User-Location-Info
      [23, readTimeZone], // 3GPP-MS-TimeZone
      [701, readNumber], // MSISDN
      [900, readTmgi], // TMGI
      [1242, readPoint], // Location-Estimate
      [1407, readPlmn], // Visited-PLMN-Id
      [1433, readNumber], // STN-SR
      [1459, readArea.trace], // Trace-Reference
      [1470, readPdpType], // PDP-Type
      [1474, readNumber], // GMLC-Number
      [1489, readNumber], // SGSN-Number
      [1602, readArea.eutranCell], // E-UTRAN-Cell-Global-Identity
      [1603, readArea.tracking], // Tracking-Area-Identity
      [1604, readArea.cell], // Cell-Global-Identity
      [1605, readArea.routing], // Routing-Area-Identity
      [1606, readArea.location], // Location-Area-Identity
      [1607, readArea.service], // Service-Area-Identity
      [1608, readPoint], // Geographical-Information
      [1620, readPdpType], // Ext-PDP-Type
      [1643, readNumber], // A-MSISDN
      [1645, readNumber], // MME-Number-for-MT-SMS
      [1671, readPlmn], // MDT-Allowed-PLMN-Id
      [1677, readPlmn], // Group-PLMN-Id
      [2403, readNumber], // MSC-Number
      [2517, readArea.eutranCell], // ECGI
      [3100, readNumber], // IP-SM-GW-Number
      [3300, readNumber], // SC-Address
      [3332, readNumber], // SMS-GMSC-Address
      [3338, readNumber], // SMSF-3GPP-Number
      [3339, readNumber], // SMSF-Non-3GPP-Number
    ]),
  ],
]);

/**
 * What the octets of an AVP say to a person; undefined where nothing is known of their form, or
 * they do not have it.
 *
 * @example
 * ```ts
 * import { readOctets } from "./octet_readings.ts";
 * console.log(readOctets(701, 10415, new Uint8Array([0x94, 0x71, 0xf2]))); // 49172
 * ```
 */
export function readOctets(code: number, vendor: number, octets: Uint8Array): string | undefined {
  return READERS.get(vendor)?.get(code)?.(octets);
}
