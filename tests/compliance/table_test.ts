import { assertEquals } from "@std/assert";
import { coverageFaults, coverageTable, type CoveringTest, coveringTests } from "./coverage.ts";
import { SECTIONS } from "./items.ts";

Deno.test("every item has a test or a reason, and the table says which (deno task compliance writes it)", async () => {
  const tests = await coveringTests();
  assertEquals(coverageFaults(tests), []);
  assertEquals(await Deno.readTextFile(new URL("TABLE.md", import.meta.url)), coverageTable(tests));
});

const ITEMS = SECTIONS.flatMap((section) => section.items);
const COMPLETE: readonly CoveringTest[] = ITEMS.filter(({ notApplicable }) => notApplicable === undefined)
  .map(({ id }) => ({ file: "x_test.ts", name: `${id} works`, items: [id] }));

Deno.test("an item without a test is found", () => {
  assertEquals(coverageFaults(COMPLETE), []);
  assertEquals(coverageFaults(COMPLETE.slice(1)), ["F1 has neither a test nor a reason why not"]);
});

Deno.test("a test for an item that does not exist, or does not apply, is found", () => {
  const more = [
    { file: "x_test.ts", name: "F99 works", items: ["F99"] },
    { file: "x_test.ts", name: "A4 works", items: ["A4"] },
  ];
  assertEquals(coverageFaults([...COMPLETE, ...more]), [
    'x_test.ts: "F99 works" names F99, which is no item',
    "A4 has a test, and a reason why it has none",
  ]);
});
