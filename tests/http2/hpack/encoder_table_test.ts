import { assertEquals } from "@std/assert";
import { EncoderTable } from "../../../src/http2/hpack/encoder_table.ts";

Deno.test("an entry is found by name and value until newer ones have driven it out", () => {
  const table = new EncoderTable(34 * 2);
  const first = table.add("a", "1", 0);
  assertEquals([table.find("a", "1"), table.indexOf(first), table.named("a")], [first, 62, first]);
  const second = table.add("b", "1", 0);
  assertEquals([table.find("a", "1"), table.find("b", "1")], [first, second]);
  assertEquals([table.indexOf(first), table.indexOf(second)], [63, 62]);
  table.add("c", "2", 0);
  assertEquals([table.find("a", "1"), table.holds(first), table.named("a")], [undefined, false, undefined]);
  assertEquals([table.find("b", "1"), table.holds(second), table.indexOf(second)], [second, true, 63]);
});

Deno.test("entries that have gone are not kept alive by newer ones of the same value", () => {
  const table = new EncoderTable(34 * 3);
  for (let count = 0; count < 1000; count++) {
    const entry = table.add("abcde"[count % 5]!, "v", 0);
    let chain = 0;
    for (let older = entry.older; older !== undefined; older = older.older) chain++;
    assertEquals(chain, Math.min(count, 2));
  }
});

Deno.test("there is room as long as nothing that is in use must go", () => {
  const table = new EncoderTable(34 * 2);
  table.add("a", "1", 5);
  assertEquals(table.hasRoom("b", "2", 4), true);
  table.add("b", "2", 5);
  assertEquals([table.hasRoom("c", "3", 4), table.hasRoom("c", "3", 5)], [false, true]);
  assertEquals(table.hasRoom("c", "x".repeat(36), 5), false);
});

Deno.test("a smaller table keeps its newest entries", () => {
  const table = new EncoderTable(4096);
  const entries = Array.from({ length: 100 }, (_, at) => table.add("n", String(at % 10), 0));
  table.resize(33 * 3 + 3);
  assertEquals(entries.map((entry) => table.holds(entry)).lastIndexOf(false), 96);
  assertEquals(table.find("n", "9"), entries[99]);
  table.resize(0);
  assertEquals(table.find("n", "9"), undefined);
});
