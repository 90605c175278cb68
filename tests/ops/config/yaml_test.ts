import { assertEquals, assertThrows } from "@std/assert";
import { parseYaml, YamlError } from "../../../src/ops/config/yaml.ts";

/** Aliases to aliases, each two of the one before. */
const doubling = (times: number) =>
  "a0: &a0 [1, 1]\n" + Array.from({ length: times }, (_, i) => `a${i + 1}: &a${i + 1} [*a${i}, *a${i}]\n`).join("");

const TOO_MUCH: [what: string, text: string, says: string][] = [
  ["aliases that double", doubling(40), "more than 100000 values, aliases (*name) written out"],
  ["a list that is too long", `[${"1,".repeat(100_001)}]`, "more than 100000 values, aliases (*name) written out"],
  ["a list that holds itself", "a: &a [*a]", "nested more than 100 levels deep, aliases (*name) written out"],
  [
    "a mapping that holds itself twice",
    "a: &a {b: *a, c: *a}",
    "nested more than 100 levels deep, aliases (*name) written out",
  ],
  ["brackets without end", "[".repeat(100_000), "nested more than 100 levels deep"],
];

for (const [what, text, says] of TOO_MUCH) {
  Deno.test(`YAML that is more than anybody writes is one sentence: ${what}`, () => {
    const before = Deno.memoryUsage().heapTotal;
    assertEquals(assertThrows(() => parseYaml(text), YamlError).message, says);
    assertEquals(Deno.memoryUsage().heapTotal - before < 100_000_000, true, "memory was used for it");
  });
}

Deno.test("aliases and merged mappings that people write are fine", () => {
  const text = "base: &base {port: 3868}\ndras: [{<<: *base, host: a}, {<<: *base, host: b}]\n";
  assertEquals((parseYaml(text) as { dras: unknown }).dras, [{ port: 3868, host: "a" }, { port: 3868, host: "b" }]);
  parseYaml(doubling(13));
});

const NO_YAML: [text: string, says: string][] = [
  ["a: 1\na: 2\n", "not valid YAML: this key is there already (line 2, column 1)"],
  [
    "a: 1\n---\nb: 2\n",
    "not valid YAML: a second document begins here (---), and only one is read (line 2, column 1)",
  ],
  [
    "a: {b: ${NAME}}\n",
    "within {} and [], put ${...} into quotes: YAML takes its brace for one of its own (line 1, column 9)",
  ],
  ["a:\n  b: 1\n c: 2\n", "not valid YAML: Cannot read block: bad indentation of a mapping entry (line 3, column 2)"],
];

for (const [text, says] of NO_YAML) {
  Deno.test(`what is no YAML says what and where: ${says}`, () => {
    assertEquals(assertThrows(() => parseYaml(text), YamlError).located, says);
  });
}
