import { assert, assertEquals } from "@std/assert";
import { prefixesOf } from "../../../../src/diameter/relay/policy/prefixes.ts";

const TABLE: readonly (readonly [string, string, string])[] = [
  ["0", "9", ""],
  ["5", "5", "5"],
  ["26200", "26219", "2620,2621"],
  ["262010000", "262014999", "262010,262011,262012,262013,262014"],
  ["198", "212", "198,199,20,210,211,212"],
];

for (const [low, high, expected] of TABLE) {
  Deno.test(`RT3 numbers from ${low} to ${high} begin with ${expected || "anything"}`, () => {
    assertEquals(prefixesOf(low, high).join(), expected);
  });
}

Deno.test("RT3 a range of many beginnings is covered by few, none of its numbers left out", () => {
  const [low, high] = ["123456789012345", "987654321098765"];
  const prefixes = prefixesOf(low, high);
  assert(prefixes.length <= 64, String(prefixes.length));
  for (const number of [low, high, "500000000000000", "199999999999999", "980000000000000"]) {
    assert(prefixes.some((prefix) => number.startsWith(prefix)), number);
  }
});
