import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { escapeVariables, substitute } from "../../../src/ops/config/environment.ts";

const environment = (name: string) => ({ HOST: "10.0.0.1", EMPTY: "", PORT: "3868" })[name];

Deno.test("variables, defaults and escapes are replaced in values and nowhere else", () => {
  for (
    const [text, expected] of [
      ["${HOST}", "10.0.0.1"],
      ["${HOST}:${PORT}", "10.0.0.1:3868"],
      ["${MISSING:-dra.example.com}", "dra.example.com"],
      ["${EMPTY:-filled}", "filled"],
      ["${MISSING:-}", ""],
      ["<${EMPTY}>", "<>"],
      ["$${HOST}", "${HOST}"],
      ["$HOST and $", "$HOST and $"],
      ["}", "}"],
    ] as const
  ) {
    assertEquals(substitute({ "${HOST}": [text, 1] }, environment), {
      tree: { "${HOST}": [expected, 1] },
      problems: [],
    });
  }
});

Deno.test("a variable that is not set, and a malformed one, are named with their place", () => {
  const { problems } = substitute({ a: [{ b: "${MISSING}" }], c: "${HOST", d: "${1:x}" }, environment);
  assertEquals(problems, [
    {
      path: ["a", 0, "b"],
      message: "environment variable MISSING is not set, and ${MISSING} has no default (${MISSING:-...})",
    },
    { path: ["c"], message: 'expected ${VARIABLE} or ${VARIABLE:-default}, got "${"; write $${ for a plain ${' },
    { path: ["d"], message: 'expected ${VARIABLE} or ${VARIABLE:-default}, got "${1:x}"; write $${ for a plain ${' },
  ]);
});

Deno.test("escaped text comes back as it was", () => {
  const text = fc.array(fc.constantFrom("$", "{", "}", "A", ":-")).map((parts) => parts.join(""));
  fc.assert(fc.property(text, (value) => {
    assertEquals(substitute(escapeVariables(value), environment), { tree: value, problems: [] });
  }));
});
