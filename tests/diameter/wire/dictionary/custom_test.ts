import { assertEquals, assertThrows } from "@std/assert";
import { parse } from "@std/yaml";
import { DictionaryError, specificationsFrom } from "../../../../src/diameter/wire/dictionary/custom.ts";
import { Dictionary } from "../../../../src/diameter/wire/dictionary/dictionary.ts";
import { standardDictionary } from "../../../../src/diameter/wire/dictionary/standard.ts";

const EXAMPLE = `
title: Example operator
vendor: {id: 99999, name: Example}
applications:
  - {id: 16777999, name: Example}
commands:
  - {code: 8388999, name: Example-Check, abbreviation: EX, application: 16777999}
avps:
  - {code: 1, name: Example-Info, type: Grouped, mandatory: must}
  - {code: 2, name: Example-Level, type: Enumerated, values: {0: LOW, 1: HIGH}}
  - {code: 3, name: Other-Text, type: UTF8String, vendor: 88888, mandatory: must not}
result_codes: {5999: EXAMPLE_ERROR}
`;

Deno.test("a user's dictionary extends the one that comes with the program", () => {
  const dictionary = standardDictionary().extendedBy(...specificationsFrom(parse(EXAMPLE)));
  assertEquals(dictionary.avpNamed("Example-Info"), {
    code: 1,
    vendor: 99999,
    name: "Example-Info",
    type: "Grouped",
    mandatory: "M",
    source: "Example operator",
  });
  assertEquals(dictionary.avp(2, 99999)?.values, { 0: "LOW", 1: "HIGH" });
  assertEquals(dictionary.avp(3, 88888)?.mandatory, "-");
  assertEquals(dictionary.commandNamed("EXR")?.code, 8388999);
  assertEquals(dictionary.applicationName(16777999), "Example");
  assertEquals(dictionary.vendorName(99999), "Example");
  assertEquals(dictionary.resultCodeName(5999, 99999), "EXAMPLE_ERROR");
  assertEquals(dictionary.avpNamed("IMEI")?.code, 1402);
});

Deno.test("a list of AVPs alone is a dictionary of the IETF's number space", () => {
  const dictionary = new Dictionary(specificationsFrom({ avps: [{ code: 7000, name: "Mine", type: "Float32" }] }));
  assertEquals(dictionary.avp(7000, 0)?.name, "Mine");
});

Deno.test("the vendor may be a number alone", () => {
  assertEquals(specificationsFrom({ vendor: 5, avps: [] })[0]?.vendor, 5);
});

const wrong: [string, unknown, string[]][] = [
  ["text", "avps", ['expected an object, got "avps"']],
  ["a list", [], ["expected an object, got []"]],
  ["an unknown key", { avp: [] }, [
    "avp: unknown key; known are title, vendor, applications, commands, avps, result_codes",
  ]],
  ["an AVP without anything", { avps: [{}] }, [
    "avps[0].type: expected one of OctetString, Integer32, Integer64, Unsigned32, Unsigned64, Float32, Float64, Grouped, " +
    "Address, Time, UTF8String, DiameterIdentity, DiameterURI, Enumerated, IPFilterRule, QoSFilterRule, IPAddress, got nothing",
    "avps[0].code: expected a whole number 0..4294967295, got nothing",
    'avps[0].name: expected a name of letters, digits and "-", got nothing',
  ]],
  ["several mistakes", {
    vendor: { id: -1, name: "" },
    applications: "none",
    commands: [{ code: 2 ** 24, name: "a b", abbreviation: "X" }],
    avps: [{ code: 1, name: "A", type: "Time", mandatory: "yes", values: { x: "Y", 1: 2 } }],
  }, [
    "vendor.id: expected a whole number 0..4294967295, got -1",
    'vendor.name: expected text, got ""',
    'applications: expected a list, got "none"',
    "commands[0].code: expected a whole number 0..16777215, got 16777216",
    'commands[0].name: expected a name of letters, digits and "-", got "a b"',
    'avps[0].mandatory: expected one of must, may, must not, got "yes"',
    "avps[0].values.1: expected text, got 2",
    'avps[0].values.x: expected a number as key, got "x"',
  ]],
  [
    "one code twice",
    { avps: [{ code: 1, name: "A", type: "Time" }, { code: 1, name: "B", type: "Time" }] },
    ["avps[1].code: expected a code that is used once, got 1 again"],
  ],
];
for (const [name, content, problems] of wrong) {
  Deno.test(`${name} is refused with every place that is wrong`, () => {
    const error = assertThrows(() => specificationsFrom(content), DictionaryError);
    assertEquals(error.problems, problems);
  });
}

Deno.test("lists within lists without end are refused in one short line", () => {
  let title: unknown = [];
  for (let i = 0; i < 64; i++) title = [title, title];
  const error = assertThrows(() => specificationsFrom({ title }), DictionaryError);
  assertEquals(error.problems, ["title: expected text, got a list"]);
});
