import { assertEquals, assertThrows } from "@std/assert";
import { parseArgs } from "@std/cli";
import { parse, stringify } from "@std/yaml";

Deno.test("the standard library is reached through its typed doors", () => {
  assertEquals(parseArgs(["--port", "3868", "x"], { string: ["port"] }), { _: ["x"], port: "3868" });
  assertEquals(parse("a: [1, two]"), { a: [1, "two"] });
  assertEquals(stringify({ a: 1 }), "a: 1\n");
  assertThrows(() => parse("a: ["), SyntaxError);
});
