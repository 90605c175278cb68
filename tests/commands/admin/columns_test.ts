import { assert, assertEquals } from "@std/assert";
import { type Column, cut, tableLines } from "../../../src/commands/admin/columns.ts";

interface Row {
  readonly name: string;
  readonly rate: number;
  readonly state: string;
}

const COLUMNS: readonly Column<Row>[] = [
  { title: "NAME", rank: 0, text: ({ name }) => name, paint: ({ state }) => state === "up" ? paint : undefined },
  { title: "RATE", align: "right", rank: 1, least: 6, text: ({ rate }) => String(rate) },
  { title: "STATE", rank: 2, text: ({ state }) => state },
];
const ROWS: readonly Row[] = [{ name: "dra-east", rate: 12, state: "up" }, { name: "west", rate: 3456, state: "down" }];
const paint = (text: string) => `<${text}>`;

const LAYOUTS: [width: number, head: string, rows: string[]][] = [
  [Infinity, "NAME        RATE  STATE", ["<dra-east>      12  up", "west        3456  down"]],
  [23, "NAME        RATE  STATE", ["<dra-east>      12  up", "west        3456  down"]],
  [22, "NAME        RATE", ["<dra-east>      12", "west        3456"]],
  [15, "NAME", ["<dra-east>", "west"]],
  [5, "NAME", ["<dra-…>", "west"]],
  [1, "…", ["<…>", "…"]],
];

for (const [width, head, rows] of LAYOUTS) {
  Deno.test(`a table of ${width} columns shows what matters most`, () => {
    assertEquals(tableLines(COLUMNS, ROWS, width), { head, rows });
  });
}

Deno.test("no line of a table is wider than it may be", () => {
  const rows = [{ name: "x".repeat(40), rate: 123_456_789, state: "reopening" }];
  for (let width = 1; width < 80; width++) {
    const { head, rows: [row] } = tableLines(COLUMNS.map(({ paint: _, ...column }) => column), rows, width);
    assert(head.length <= width && row!.length <= width, `${width}: ${head}|${row}`);
  }
});

Deno.test("a row that is painted as a whole has no styles of its own in it", () => {
  assertEquals(tableLines(COLUMNS, ROWS, 80, () => false).rows[0], "dra-east      12  up");
});

Deno.test("text that is cut shows it", () => {
  assertEquals([cut("abc", 3), cut("abcd", 3), cut("abc", 0)], ["abc", "ab…", ""]);
});
