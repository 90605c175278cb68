import { assertEquals } from "@std/assert";
import type { AllowRule } from "../../../../src/diameter/relay/core/options.ts";
import { inNetwork } from "../../../../src/net/ip_network.ts";
import { allowed as allowedBy, matchesPattern, namesNetworks } from "../../../../src/diameter/relay/apps/allow_list.ts";

for (
  const [pattern, name, expected] of [
    ["app.example.net", "app.example.net", true],
    ["app.example.net", "APP.Example.NET", true],
    ["app.example.net", "app.example.net.evil.example", false],
    ["*", "anything.at.all", true],
    ["*.example.net", "app.example.net", true],
    ["*.example.net", "example.net", false],
    ["app*.example.net", "app17.example.net", true],
    ["app*.example.net", "app.example.net", true],
    ["a*b*c", "a-b-c", true],
    ["a*b*c", "a-c-b", false],
    // A part is not counted twice.
    ["ab*ba", "aba", false],
    ["a*bc*c", "abc", false],
    ["*a*a*", "a", false],
    // Nothing but the star means more than itself.
    ["app.example.net", "appxexample.net", false],
  ] as const
) {
  Deno.test(`${name} ${expected ? "matches" : "does not match"} ${pattern}`, () => {
    assertEquals(matchesPattern(pattern, name), expected);
  });
}

const allowed = (rules: readonly AllowRule[], originHost: string, address: string) =>
  allowedBy(rules, originHost, address, inNetwork);

Deno.test("networks are only asked for when a rule names one", () => {
  assertEquals([[], [{ originHost: "*", from: "" }]].map(namesNetworks), [false, false]);
  assertEquals(namesNetworks([{ originHost: "*", from: "" }, { originHost: "*", from: "10.0.0.0/8" }]), true);
});

Deno.test("without any rule everybody is let in", () => {
  assertEquals(allowed([], "app.example.net", "192.0.2.1"), true);
});

Deno.test("one rule must match with both its parts: a name from here and an address from there do not add up", () => {
  const rules = [
    { originHost: "a.example.net", from: "10.0.0.0/8" },
    { originHost: "*.example.org", from: "" },
  ];
  assertEquals(allowed(rules, "a.example.net", "10.1.2.3"), true);
  assertEquals(allowed(rules, "a.example.net", "192.0.2.1"), false);
  assertEquals(allowed(rules, "b.example.org", "192.0.2.1"), true);
  assertEquals(allowed(rules, "b.example.net", "10.1.2.3"), false);
});
