/**
 * What is packed into octet strings that 3GPP and RADIUS define, as the text that a person looks
 * for. Each reader answers undefined where the octets do not have the form: they are then shown as
 * they are.
 * @module
 */
import { viewOf } from "./header.ts";
import { formatIp, IPV6_LENGTH } from "./ip_address.ts";

/** The text of an octet string; undefined when it does not have the form. */
export type OctetReader = (octets: Uint8Array) => string | undefined;

/**
 * Digits of a TBCD string; the value 15 fills up the last octet (3GPP TS 29.002 section 17.7.8).
 */
const TBCD = "0123456789*#abc";
const FILLER = 15;
/**
 * An international number has at most 15 digits (ITU-T E.164 section 6): longer ones are text, not
 * TBCD.
 */
const LONGEST_NUMBER = 15;

/**
 * A telephone number in TBCD, two digits an octet, the lower half first: `4917123456789` (3GPP TS
 * 29.329 section 6.3.2).
 */
export function readNumber(octets: Uint8Array): string | undefined {
  let digits = "";
  for (let i = 0; i < octets.length; i++) {
    const low = octets[i]! & 15;
    const high = octets[i]! >> 4;
    if (low === FILLER || (high === FILLER && i < octets.length - 1)) return undefined;
    digits += TBCD[low]! + (TBCD[high] ?? "");
  }
  return digits === "" || digits.length > LONGEST_NUMBER ? undefined : digits;
}

/** A PLMN identity of three octets: `MCC 262, MNC 02` (3GPP TS 24.008 section 10.5.1.3). */
export function readPlmn(octets: Uint8Array): string | undefined {
  return octets.length === 3 ? plmnAt(octets, 0) : undefined;
}

function plmnAt(octets: Uint8Array, at: number): string | undefined {
  if (octets.length < at + 3) return undefined;
  const [a, b, c] = [octets[at]!, octets[at + 1]!, octets[at + 2]!];
  const country = [a & 15, a >> 4, b & 15];
  const network = [c & 15, c >> 4, ...(b >> 4 === FILLER ? [] : [b >> 4])];
  if ([...country, ...network].some((digit) => digit > 9)) return undefined;
  return `MCC ${country.join("")}, MNC ${network.join("")}`;
}

/** A part of a location: octets it takes behind its PLMN identity, and what they say. */
interface Area {
  readonly length: number;
  readonly say: (octets: Uint8Array) => string;
}

const hex = (value: number) => `0x${value.toString(16)}`;
const unsigned = (octets: Uint8Array, at: number, length: number) => {
  let value = 0;
  for (let i = at; i < at + length; i++) value = value * 256 + octets[i]!;
  return value;
};
const inLocationArea = (what: string): Area => ({
  length: 4,
  say: (octets) => `LAC ${hex(unsigned(octets, 0, 2))}, ${what} ${hex(unsigned(octets, 2, 2))}`,
});

const AREA = {
  cell: inLocationArea("CI"),
  service: inLocationArea("SAC"),
  routing: inLocationArea("RAC"),
  location: { length: 2, say: (octets) => `LAC ${hex(unsigned(octets, 0, 2))}` },
  tracking: { length: 2, say: (octets) => `TAC ${hex(unsigned(octets, 0, 2))}` },
  tracking5g: { length: 3, say: (octets) => `TAC ${hex(unsigned(octets, 0, 3))}` },
  // The upper bits of the first octet are spare, and flags of the extended one.
  eutranCell: { length: 4, say: (octets) => `ECGI ${hex(unsigned(octets, 0, 4) & 0xfffffff)}` },
  macroEnodeB: { length: 3, say: (octets) => `Macro eNodeB ID ${hex(unsigned(octets, 0, 3) & 0xfffff)}` },
  extendedEnodeB: { length: 3, say: (octets) => `Extended Macro eNodeB ID ${hex(unsigned(octets, 0, 3) & 0x1fffff)}` },
  nrCell: { length: 5, say: (octets) => `NR Cell Id ${hex(Math.floor(unsigned(octets, 0, 5) / 16))}` },
  trace: { length: 3, say: (octets) => `trace ${hex(unsigned(octets, 0, 3))}` },
} as const satisfies Record<string, Area>;

/** PLMN identities with what is in each, one behind the other, and nothing else. */
function readAreas(octets: Uint8Array, start: number, areas: readonly Area[]): string | undefined {
  let at = start;
  const said: string[] = [];
  for (const { length, say } of areas) {
    const plmn = plmnAt(octets, at);
    if (plmn === undefined || octets.length < at + 3 + length) return undefined;
    said.push(`${plmn}, ${say(octets.subarray(at + 3, at + 3 + length))}`);
    at += 3 + length;
  }
  return at === octets.length ? said.join("; ") : undefined;
}

/**
 * Identities of areas and cells, a PLMN identity and numbers (3GPP TS 29.272 section 7.3, TS
 * 23.003).
 */
export const readArea = {
  cell: (octets) => readAreas(octets, 0, [AREA.cell]),
  service: (octets) => readAreas(octets, 0, [AREA.service]),
  routing: (octets) => readAreas(octets, 0, [AREA.routing]),
  location: (octets) => readAreas(octets, 0, [AREA.location]),
  tracking: (octets) => readAreas(octets, 0, [AREA.tracking]),
  eutranCell: (octets) => readAreas(octets, 0, [AREA.eutranCell]),
  trace: (octets) => readAreas(octets, 0, [AREA.trace]),
} as const satisfies Record<string, OctetReader>;

/** What follows the type of a location. */
const LOCATIONS: Readonly<Record<number, readonly Area[]>> = {
  0: [AREA.cell],
  1: [AREA.service],
  2: [AREA.routing],
  128: [AREA.tracking],
  129: [AREA.eutranCell],
  130: [AREA.tracking, AREA.eutranCell],
  131: [AREA.macroEnodeB],
  132: [AREA.tracking, AREA.macroEnodeB],
  133: [AREA.extendedEnodeB],
  134: [AREA.tracking, AREA.extendedEnodeB],
  135: [AREA.nrCell],
  136: [AREA.tracking5g],
  137: [AREA.tracking5g, AREA.nrCell],
};

/**
 * 3GPP-User-Location-Info: `MCC 262, MNC 02, TAC 0x1234; MCC 262, MNC 02, ECGI 0x1234567` (3GPP TS
 * 29.061 section 16.4.7.2).
 */
export function readUserLocation(octets: Uint8Array): string | undefined {
  const areas = octets.length === 0 ? undefined : LOCATIONS[octets[0]!];
  return areas === undefined ? undefined : readAreas(octets, 1, areas);
}

const DAYLIGHT_SAVING = ["no daylight saving", "+1 hour daylight saving", "+2 hours daylight saving"] as const;

/**
 * 3GPP-MS-TimeZone: `GMT+01:00, no daylight saving` (3GPP TS 29.061 section 16.4.7.2, TS 23.040
 * section 9.2.3.11).
 */
export function readTimeZone(octets: Uint8Array): string | undefined {
  if (octets.length !== 2) return undefined;
  const [zone, saving] = [octets[0]!, DAYLIGHT_SAVING[octets[1]! & 3]];
  // Quarters of an hour in two swapped digits; the sign takes the highest bit of the tens.
  const [tens, ones] = [zone & 7, zone >> 4];
  if (ones > 9 || saving === undefined) return undefined;
  const minutes = (tens * 10 + ones) * 15;
  const two = (value: number) => String(value).padStart(2, "0");
  return `GMT${(zone & 8) === 0 ? "+" : "-"}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}, ${saving}`;
}

/** TMGI: `MBMS service 0x123456, MCC 262, MNC 02` (3GPP TS 29.061 section 17.7.2). */
export function readTmgi(octets: Uint8Array): string | undefined {
  const plmn = octets.length === 6 ? plmnAt(octets, 3) : undefined;
  return plmn === undefined ? undefined : `MBMS service ${hex(unsigned(octets, 0, 3))}, ${plmn}`;
}

const RAT_TYPES: Readonly<Record<number, string>> = {
  1: "UTRAN",
  2: "GERAN",
  3: "WLAN",
  4: "GAN",
  5: "HSPA Evolution",
  6: "EUTRAN",
  7: "Virtual",
  8: "EUTRAN-NB-IoT",
  9: "LTE-M",
  10: "NR",
  101: "IEEE 802.16e",
  102: "3GPP2 eHRPD",
  103: "3GPP2 HRPD",
  104: "3GPP2 1xRTT",
  105: "3GPP2 UMB",
};

/** 3GPP-RAT-Type: `EUTRAN` (3GPP TS 29.061 section 16.4.7.2). */
export function readRatType(octets: Uint8Array): string | undefined {
  return octets.length === 1 ? RAT_TYPES[octets[0]!] : undefined;
}

const PDP_TYPES: Readonly<Record<number, string>> = {
  0xf001: "PPP",
  0xf002: "Non-IP",
  0xf121: "IPv4",
  0xf157: "IPv6",
  0xf18d: "IPv4v6",
};

/** PDP-Type: `IPv4` (3GPP TS 29.002 section 17.7.1). */
export function readPdpType(octets: Uint8Array): string | undefined {
  return octets.length === 2 ? PDP_TYPES[unsigned(octets, 0, 2)] : undefined;
}

/**
 * IPv6 addresses one behind the other: `2001:db8::1, 2001:db8::2` (3GPP TS 29.061 section
 * 16.4.7.2).
 */
export function readIpv6List(octets: Uint8Array): string | undefined {
  if (octets.length === 0 || octets.length % IPV6_LENGTH !== 0) return undefined;
  return Array.from(
    { length: octets.length / IPV6_LENGTH },
    (_, i) => formatIp(octets.subarray(i * IPV6_LENGTH, (i + 1) * IPV6_LENGTH)),
  ).join(", ");
}

/**
 * A prefix behind a reserved octet and its length in bits: `2001:db8::/64` (RFC 3162 section 2.3).
 */
export function readIpv6Prefix(octets: Uint8Array): string | undefined {
  const bits = octets[1] ?? 255;
  if (octets.length > 2 + IPV6_LENGTH || bits > 128 || octets.length - 2 < Math.ceil(bits / 8)) return undefined;
  const address = new Uint8Array(IPV6_LENGTH);
  address.set(octets.subarray(2));
  return `${formatIp(address)}/${bits}`;
}

/**
 * Shapes that begin with a point, and where the radius of its uncertainty stands (3GPP TS 23.032
 * section 7).
 */
const POINT = 0;
const POINT_WITH_CIRCLE = 1;

/** A point of the globe: `52.52000, 13.40500, within 10.0 m` (3GPP TS 23.032 section 6). */
export function readPoint(octets: Uint8Array): string | undefined {
  const shape = (octets[0] ?? 255) >> 4;
  if (!(shape === POINT && octets.length === 7) && !(shape === POINT_WITH_CIRCLE && octets.length === 8)) {
    return undefined;
  }
  const north = unsigned(octets, 1, 3);
  const latitude = ((north & 0x7fffff) * 90 / 2 ** 23) * ((north & 0x800000) === 0 ? 1 : -1);
  const longitude = (viewOf(octets).getInt32(3) << 8 >> 8) * 360 / 2 ** 24;
  const point = `${latitude.toFixed(5)}, ${longitude.toFixed(5)}`;
  if (shape === POINT) return point;
  return `${point}, within ${(10 * (1.1 ** (octets[7]! & 0x7f) - 1)).toFixed(1)} m`;
}
