import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { identity, identityEquals } from "../../../src/diameter/wire/identity.ts";

const encode = (text: string) => new TextEncoder().encode(text);
const equal = (octets: string, id: string) => {
  const bytes = encode(`[${octets}]`);
  return identityEquals(bytes, 1, bytes.length - 1, identity(id));
};

const cases: [string, string, boolean][] = [
  ["gw.example.net", "gw.example.net", true],
  ["GW.Example.NET", "gw.example.net", true],
  ["gw.example.net", "GW.EXAMPLE.NET", true],
  ["gw.example.ne", "gw.example.net", false],
  ["gw.example.net.", "gw.example.net", false],
  ["gw-example.net", "gw.example.net", false],
  ["", "", true],
  ["", "a", false],
  // Neighbours of the letters differ from each other by the same bit.
  ["@[`{", "`{@[", false],
  ["@[`{", "@[`{", true],
  // The Kelvin sign is no letter of ASCII.
  ["\u212a", "k", false],
  ["k", "\u212a", false],
  ["\u212a", "\u212a", true],
];
for (const [octets, id, expected] of cases) {
  Deno.test(`"${octets}" ${expected ? "is" : "is not"} the identity "${id}" (A7)`, () => {
    assertEquals(equal(octets, id), expected);
  });
}

Deno.test("identities are equal in any mixture of cases", () => {
  fc.assert(fc.property(fc.string({ unit: "binary-ascii" }), fc.array(fc.boolean()), (text, upper) => {
    const mixed = [...text].map((c, i) => upper[i] ? c.toUpperCase() : c.toLowerCase()).join("");
    assert(equal(mixed, text));
  }));
});

Deno.test("an identity of any text equals its own octets and those of no other", () => {
  fc.assert(fc.property(fc.string({ unit: "grapheme" }), fc.string({ unit: "grapheme" }), (text, other) => {
    const fold = (t: string) => t.replace(/[A-Z]/g, (c) => c.toLowerCase());
    assert(equal(text, text));
    assertEquals(equal(other, text), fold(text) === fold(other));
  }));
});
