import { assert, assertEquals, assertMatch } from "@std/assert";
import { AVP } from "../../../../src/diameter/wire/avp_codes.ts";
import { APPLICATION, VENDOR } from "../../../../src/diameter/wire/application_ids.ts";
import { COMMAND } from "../../../../src/diameter/wire/command_codes.ts";
import { DATA_TYPES, smallestLength } from "../../../../src/diameter/wire/dictionary/data_type.ts";
import { Dictionary } from "../../../../src/diameter/wire/dictionary/dictionary.ts";
import { standardDictionary } from "../../../../src/diameter/wire/dictionary/standard.ts";
import { minimumDataLength } from "../../../../src/diameter/wire/minimum_data.ts";
import { RESULT, resultCodeName } from "../../../../src/diameter/wire/result_codes.ts";

const dictionary = standardDictionary();

/** Facts that are known from elsewhere: code, vendor, name, type, whether M must be set. */
const known: [number, number, string, string, string][] = [
  [263, 0, "Session-Id", "UTF8String", "M"],
  [257, 0, "Host-IP-Address", "Address", "M"],
  [269, 0, "Product-Name", "UTF8String", "-"],
  [281, 0, "Error-Message", "UTF8String", "-"],
  [287, 0, "Accounting-Sub-Session-Id", "Unsigned64", "M"],
  [292, 0, "Redirect-Host", "DiameterURI", "M"],
  [8, 0, "Framed-IP-Address", "IPAddress", "M"],
  [55, 0, "Event-Timestamp", "Time", "M"],
  [301, 0, "DRMP", "Enumerated", ""],
  [621, 0, "OC-Supported-Features", "Grouped", ""],
  [652, 0, "Load-Value", "Unsigned64", ""],
  [416, 0, "CC-Request-Type", "Enumerated", "M"],
  [447, 0, "Value-Digits", "Integer64", "M"],
  [669, 0, "QoS-Final-Unit-Indication", "Grouped", ""],
  [1401, 10415, "Terminal-Information", "Grouped", "M"],
  [1402, 10415, "IMEI", "UTF8String", "M"],
  [1445, 10415, "Equipment-Status", "Enumerated", "M"],
  [1032, 10415, "RAT-Type", "Enumerated", "-"],
  [507, 10415, "Flow-Description", "IPFilterRule", "M"],
  [601, 10415, "Public-Identity", "UTF8String", "M"],
  [701, 10415, "MSISDN", "OctetString", "M"],
  [873, 10415, "Service-Information", "Grouped", "M"],
  [1228, 10415, "SGSN-Address", "Address", "M"],
  [1504, 10415, "ANID", "UTF8String", "M"],
  [3111, 10415, "External-Identifier", "UTF8String", "M"],
  [6, 10415, "3GPP-SGSN-Address", "IPAddress", "M"],
];
for (const [code, vendor, name, type, mandatory] of known) {
  Deno.test(`${name} is AVP ${code} of vendor ${vendor}`, () => {
    const definition = dictionary.avp(code, vendor)!;
    assertEquals([definition.name, definition.type, definition.mandatory], [name, type, mandatory]);
    assertEquals(dictionary.avpNamed(name), definition);
  });
}

Deno.test("every AVP of the standard dictionary is well formed", () => {
  let count = 0;
  for (const { code, vendor, name, type, mandatory, values, source } of dictionary.avps()) {
    count++;
    assert(Number.isInteger(code) && code > 0 && code < 65536, name);
    assert(vendor === 0 || vendor === VENDOR.threeGpp, name);
    assertMatch(name, /^[A-Za-z0-9]+([-_][A-Za-z0-9]+)*$/);
    assert(DATA_TYPES.includes(type), name);
    assert(["M", "-", ""].includes(mandatory), name);
    assert(source !== "");
    for (const [value, label] of Object.entries(values ?? {})) {
      assertMatch(value, /^-?\d+$/, name);
      assertEquals(label, label.trim());
      assert(label !== "" && (type === "Enumerated" || type === "Unsigned32"), name);
    }
  }
  assert(count > 1700, `${count} AVPs`);
});

Deno.test("values are named only for AVPs that their specification has", () => {
  const named = [...dictionary.avps()].filter(({ values }) => values !== undefined).length;
  assert(named > 300, `${named} AVPs with named values`);
  assertEquals(dictionary.avpNamed("Equipment-Status")?.values, {
    0: "WHITELISTED",
    1: "BLACKLISTED",
    2: "GREYLISTED",
  });
  assertEquals(dictionary.avpNamed("Media-Type")?.values?.["-1"], "OTHER");
});

Deno.test("names are unique within a vendor", () => {
  const seen = new Set<string>();
  for (const { vendor, name } of dictionary.avps()) {
    assert(!seen.has(`${vendor}:${name}`), `${name} of vendor ${vendor} occurs twice`);
    seen.add(`${vendor}:${name}`);
  }
});

Deno.test("the codes that the relay uses are those of the dictionary", () => {
  const camel = (name: string) =>
    name.split("-").map((word, i) => {
      const lower = word.toLowerCase();
      return i === 0 ? lower : lower.charAt(0).toUpperCase() + lower.slice(1);
    }).join("");
  for (const [key, code] of Object.entries(AVP)) assertEquals(camel(dictionary.avp(code, 0)!.name), key);
  for (const [key, code] of Object.entries(COMMAND)) {
    assertEquals(camel(dictionary.command(code)!.name.replace("3GPP-", "")), key);
  }
  for (const id of Object.values(APPLICATION)) assert(dictionary.applicationName(id) !== undefined, String(id));
  for (const code of Object.values(RESULT)) assertEquals(dictionary.resultCodeName(code), resultCodeName(code));
  for (const code of Object.values(AVP)) {
    assertEquals(minimumDataLength(code, 0), smallestLength(dictionary.avp(code, 0)!.type), String(code));
  }
});

Deno.test("an AVP is reached by its code too", () => {
  assertEquals(dictionary.avpNamed("10415:1402")?.name, "IMEI");
  assertEquals(dictionary.avpNamed("264")?.name, "Origin-Host");
  assertEquals(dictionary.avpNamed("1402"), undefined);
  assertEquals(dictionary.avpNamed("1:2:3"), undefined);
});

Deno.test("where 3GPP and the IETF use one name, the better known interface keeps it", () => {
  assertEquals(dictionary.avpNamed("SIP-Auth-Data-Item")?.vendor, 10415);
  assertEquals(dictionary.avp(376, 0)?.name, "SIP-Auth-Data-Item");
  assertEquals(dictionary.avpNamed("Termination-Cause")?.code, 295);
});

const commands: [string, number | undefined, number, string][] = [
  ["ECR", undefined, 324, "EC"],
  ["ECA", undefined, 324, "EC"],
  ["3GPP-ME-Identity-Check", undefined, 324, "EC"],
  ["ME-Identity-Check-Request", undefined, 324, "EC"],
  ["Credit-Control-Answer", undefined, 272, "CC"],
  ["UAR", undefined, 300, "UA"],
  ["UAR", 6, 283, "UA"],
  ["PUR", 16777251, 321, "PU"],
  ["PUR", 16777217, 307, "PU"],
  ["AAR", undefined, 265, "AA"],
];
for (const [name, application, code, abbreviation] of commands) {
  Deno.test(`${name}${application === undefined ? "" : ` of application ${application}`} is command ${code}`, () => {
    const command = dictionary.commandNamed(name, application)!;
    assertEquals([command.code, command.abbreviation], [code, abbreviation]);
    assertEquals(dictionary.command(code), command);
  });
}

Deno.test("what is unknown is undefined", () => {
  assertEquals(dictionary.avp(1402, 0), undefined);
  assertEquals(dictionary.avp(264, 10415), undefined);
  assertEquals(dictionary.avpNamed("No-Such-AVP"), undefined);
  assertEquals(dictionary.command(9999999), undefined);
  assertEquals(dictionary.commandNamed("EC"), undefined);
  assertEquals(dictionary.applicationNamed("S99"), undefined);
  assertEquals(dictionary.vendorName(4242), undefined);
  assertEquals(dictionary.resultCodeName(5422), undefined);
});

Deno.test("applications and vendors have names, and applications are found by parts of them", () => {
  assertEquals(dictionary.applicationName(16777252), "3GPP S13/S13'");
  for (const name of ["S13", "s13", "3gpp s13/s13'", "S13'"]) assertEquals(dictionary.applicationNamed(name), 16777252);
  assertEquals(dictionary.applicationNamed("Relay"), 0xffffffff);
  assertEquals(dictionary.applicationNamed("s6a"), 16777251);
  assertEquals(dictionary.vendorName(10415), "3GPP");
});

Deno.test("experimental result codes belong to their vendor", () => {
  assertEquals(dictionary.resultCodeName(5422, 10415), "DIAMETER_ERROR_EQUIPMENT_UNKNOWN");
  assertEquals(dictionary.resultCodeName(5001, 10415), "DIAMETER_ERROR_USER_UNKNOWN");
  assertEquals(dictionary.resultCodeName(5001), "DIAMETER_AVP_UNSUPPORTED");
});

Deno.test("the specification that was given first wins, and an extension comes before all", () => {
  const first = { title: "first", vendor: 7, avps: [[1, "One", "Unsigned32"]] } as const;
  const second = { title: "second", vendor: 7, avps: [[1, "Uno", "UTF8String"], [2, "One", "UTF8String"]] } as const;
  const both = new Dictionary([first, second]);
  assertEquals(both.avp(1, 7)?.name, "One");
  assertEquals(both.avpNamed("One")?.code, 1);
  assertEquals(both.avp(2, 7)?.name, "One");
  assertEquals(both.extendedBy({ title: "own", vendor: 7, avps: [[1, "Mine", "Float32"]] }).avp(1, 7)?.name, "Mine");
  assertEquals(both.avp(1, 7)?.name, "One");
});
