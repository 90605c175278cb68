import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  identity,
  identityEquals,
  type IdentityFault,
  judgeIdentity,
  sameIdentity,
  shownIdentity,
} from "../../../src/diameter/wire/identity.ts";

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

const LABEL = "a".repeat(63);
const LONGEST = `${LABEL}.${LABEL}.${LABEL}.${LABEL}`;
const OWN = "GW.example.net";
const inApps = (name: string) => name.endsWith(".apps.example.net");

/** Every kind of name, with what becomes of it; `in`: the allow list is asked too. */
const NAMES: readonly (readonly [string, IdentityFault["kind"] | undefined, "in"?])[] = [
  ["app.example.net", undefined],
  ["APP.Example.NET", undefined],
  ["localhost", undefined],
  ["mme01.epc.mnc001.mcc001.3gppnetwork.org", undefined],
  ["app_1.real_site", undefined],
  ["-a-.b-", undefined],
  ["10.0.0.1", undefined],
  ["a", undefined],
  [LABEL, undefined],
  [LONGEST, undefined],
  [`${LONGEST.slice(0, -1)}.`, "malformed"],
  [`${LONGEST}a`, "malformed"],
  [`${LABEL}a`, "malformed"],
  [`a.${LABEL}a.b`, "malformed"],
  ["a".repeat(60_000), "malformed"],
  ["", "malformed"],
  [".", "malformed"],
  [".app.example.net", "malformed"],
  ["app.example.net.", "malformed"],
  ["app..example.net", "malformed"],
  ["..", "malformed"],
  ["app.example.net\0", "malformed"],
  ["app\0.example.net", "malformed"],
  ["app example.net", "malformed"],
  [" app.example.net", "malformed"],
  ["app.example.net\n", "malformed"],
  ["app.example.net, DNS:victim.example.net", "malformed"],
  ["aaa://app.example.net", "malformed"],
  ["app.example.net:3868", "malformed"],
  ["*.example.net", "malformed"],
  ["app/../gw", "malformed"],
  ["\x1b[2Japp", "malformed"],
  ["app\x7f", "malformed"],
  ["caf\xe9.example.net", "malformed"],
  ["\xff", "malformed"],
  ["\u212aelvin.example.net", "malformed"],
  ["gw.example.net", "own"],
  ["gw.EXAMPLE.net", "own"],
  ["gw.example.net.", "malformed"],
  ["gw2.example.net", undefined],
  ["one.apps.example.net", undefined, "in"],
  ["one.example.net", "outside", "in"],
  ["gw.example.net", "own", "in"],
  ["", "malformed", "in"],
];
for (const [name, kind, list] of NAMES) {
  const verdict = kind === undefined ? "stands" : `is refused as ${kind}`;
  Deno.test(`the identity ${shownIdentity(name)} ${verdict}${list === undefined ? "" : " where a list says who may come"}`, () => {
    const fault = judgeIdentity(name, { own: OWN, ...(list === undefined ? {} : { admits: inApps }) });
    assertEquals(fault?.kind, kind, fault?.reason);
  });
}

Deno.test("the reason for which a name is refused says what is wrong, and where", () => {
  const reason = (name: string) => judgeIdentity(name)?.reason;
  assertEquals(reason(""), "is empty");
  assertEquals(reason("a".repeat(256)), "has 256 octets, more than 255");
  assertEquals(reason(`b.${LABEL}a`), "has a label of 64 octets, more than 63");
  assertEquals(reason("a..b"), "has an empty label: two dots in a row, or one at an end");
  assertEquals(
    reason("ab\0c"),
    'has the octet 0x00 at 2: only letters, digits, "-", "_" and dots between them are allowed',
  );
});

Deno.test("a name that a peer made up is shown short, and in plain characters", () => {
  assertEquals(shownIdentity('a"b\\\0\x1b[2J\xe9'), '"a\\"b\\\\\\x00\\x1b[2J\\xe9"');
  assertEquals(shownIdentity("x".repeat(70_000)), `"${"x".repeat(60)}..."`);
});

Deno.test("two identities are the same when nothing but the case of their letters differs", () => {
  assert(sameIdentity("GW.example.net", "gw.EXAMPLE.net"));
  assert(!sameIdentity("gw.example.net", "gw.example.ne"));
  assert(!sameIdentity("gw.example.net", "gw.example.nez"));
});
