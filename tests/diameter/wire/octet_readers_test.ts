import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { formatHex, parseHex } from "../../../src/diameter/wire/data_format.ts";
import { standardDictionary } from "../../../src/diameter/wire/dictionary/standard.ts";
import * as readers from "../../../src/diameter/wire/octet_readers.ts";
import { readOctets } from "../../../src/diameter/wire/octet_readings.ts";

const { readArea } = readers;
const PLMN = "MCC 262, MNC 02";

/**
 * Octets, and what is read in them; undefined where they do not have the form. What tshark reads is
 * compared in tests/interop.
 */
const tables: [string, readers.OctetReader, [octets: string, text: string | undefined][]][] = [
  ["a telephone number", readers.readNumber, [
    ["947121436587f9", "4917123456789"],
    ["94712143658709", "49171234567890"],
    ["a1cb", "1*#a"],
    ["", undefined],
    ["ff", undefined],
    ["f194", undefined],
    ["9f71", undefined],
    ["34393137313233343536373839", undefined],
  ]],
  ["a PLMN identity", readers.readPlmn, [
    ["62f220", PLMN],
    ["130014", "MCC 310, MNC 410"],
    ["62f2", undefined],
    ["62f22000", undefined],
    ["6af220", undefined],
    ["62fff0", undefined],
  ]],
  ["a user's location", readers.readUserLocation, [
    ["0062f22012345678", `${PLMN}, LAC 0x1234, CI 0x5678`],
    ["0162f22012345678", `${PLMN}, LAC 0x1234, SAC 0x5678`],
    ["0262f220123456ff", `${PLMN}, LAC 0x1234, RAC 0x56ff`],
    ["8062f2201234", `${PLMN}, TAC 0x1234`],
    ["8162f22001234567", `${PLMN}, ECGI 0x1234567`],
    ["8162f220f1234567", `${PLMN}, ECGI 0x1234567`],
    ["8262f220123462f22001234567", `${PLMN}, TAC 0x1234; ${PLMN}, ECGI 0x1234567`],
    ["8362f220012345", `${PLMN}, Macro eNodeB ID 0x12345`],
    ["8462f220123462f220012345", `${PLMN}, TAC 0x1234; ${PLMN}, Macro eNodeB ID 0x12345`],
    ["8562f220123456", `${PLMN}, Extended Macro eNodeB ID 0x123456`],
    ["8662f220123462f220123456", `${PLMN}, TAC 0x1234; ${PLMN}, Extended Macro eNodeB ID 0x123456`],
    ["8762f220123456789f", `${PLMN}, NR Cell Id 0x123456789`],
    ["8862f220123456", `${PLMN}, TAC 0x123456`],
    ["8962f22012345662f220123456789f", `${PLMN}, TAC 0x123456; ${PLMN}, NR Cell Id 0x123456789`],
    ["", undefined],
    ["80", undefined],
    ["8062f22012", undefined],
    ["8062f220123400", undefined],
    ["8a62f220123456", undefined],
  ]],
  ["a time zone", readers.readTimeZone, [
    ["4000", "GMT+01:00, no daylight saving"],
    ["8a02", "GMT-07:00, +2 hours daylight saving"],
    ["0401", "GMT+10:00, +1 hour daylight saving"],
    ["2200", "GMT+05:30, no daylight saving"],
    ["00", undefined],
    ["a000", undefined],
    ["0003", undefined],
  ]],
  ["a temporary group identity", readers.readTmgi, [["12345662f220", `MBMS service 0x123456, ${PLMN}`], [
    "12",
    undefined,
  ]]],
  ["a radio access type", readers.readRatType, [["06", "EUTRAN"], ["0a", "NR"], ["ff", undefined], [
    "0006",
    undefined,
  ]]],
  ["a PDP type", readers.readPdpType, [["f121", "IPv4"], ["f18d", "IPv4v6"], ["f1", undefined], ["0000", undefined]]],
  ["name servers", readers.readIpv6List, [
    ["20010db8000000000000000000000001", "2001:db8::1"],
    ["20010db800000000000000000000000120010db8000000000000000000000002", "2001:db8::1, 2001:db8::2"],
    ["", undefined],
    ["2001", undefined],
  ]],
  ["a prefix", readers.readIpv6Prefix, [
    ["004020010db800000000", "2001:db8::/64"],
    ["004020010db8", undefined],
    ["0000", "::/0"],
    ["0081", undefined],
    ["00", undefined],
  ]],
  ["a point", readers.readPoint, [
    ["00203040506070", "22.63252, 113.02975"],
    ["10a03040d0607005", "-22.63252, -66.97025, within 6.1 m"],
    ["1020304050607000", "22.63252, 113.02975, within 0.0 m"],
    ["10203040506070", undefined],
    ["5020304050607000", undefined],
    ["", undefined],
  ]],
  ["a cell", readArea.cell, [["62f22012345678", `${PLMN}, LAC 0x1234, CI 0x5678`], ["62f2201234", undefined]]],
  ["a service area", readArea.service, [["62f22012345678", `${PLMN}, LAC 0x1234, SAC 0x5678`]]],
  ["a routing area", readArea.routing, [["62f220123456ff", `${PLMN}, LAC 0x1234, RAC 0x56ff`]]],
  ["a location area", readArea.location, [["62f2201234", `${PLMN}, LAC 0x1234`]]],
  ["a tracking area", readArea.tracking, [["62f2201234", `${PLMN}, TAC 0x1234`]]],
  ["an E-UTRAN cell", readArea.eutranCell, [["62f22001234567", `${PLMN}, ECGI 0x1234567`]]],
  ["a trace reference", readArea.trace, [["62f220123456", `${PLMN}, trace 0x123456`]]],
];
for (const [name, read, rows] of tables) {
  for (const [octets, text] of rows) {
    Deno.test(`0x${octets} is ${text === undefined ? "not " : ""}${name}${text === undefined ? "" : `: ${text}`}`, () => {
      assertEquals(read(parseHex(octets)!), text);
    });
  }
}

Deno.test("octets are read by code and vendor, and only where the dictionary has octets", () => {
  assertEquals(readOctets(701, 10415, parseHex("947121f3")!), "4917123");
  assertEquals(readOctets(701, 0, parseHex("947121f3")!), undefined);
  const octetStrings = [...standardDictionary().avps()].filter(({ type }) => type === "OctetString");
  const read = octetStrings.filter(({ code, vendor }) =>
    tables.some(([, , rows]) => rows.some(([octets]) => readOctets(code, vendor, parseHex(octets)!) !== undefined))
  );
  assertEquals(read.length, 34);
});

Deno.test("no octets make a reader fail, and what is read has nothing that a terminal would obey", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...tables.map(([, read]) => read)),
      fc.uint8Array({ maxLength: 33 }),
      (read, octets) => {
        const text = read(octets);
        assert(text === undefined || /^[\x20-\x7e]+$/.test(text), `${formatHex(octets)}: ${text}`);
      },
    ),
    { numRuns: 2000 },
  );
});
