import { assertEquals } from "@std/assert";
import { Holders } from "../../../src/ops/capture/holders.ts";

Deno.test("what all hold is summed up, and who did not change for longest is known", () => {
  const holders = new Holders<string>();
  const steps: [string, number, number, string | undefined][] = [
    ["a", 0, 0, undefined],
    ["a", 5, 5, "a"],
    ["b", 7, 12, "a"],
    ["a", 6, 13, "b"],
    ["b", 0, 6, "a"],
    ["a", 0, 0, undefined],
  ];
  for (const [holder, bytes, total, oldest] of steps) {
    holders.set(holder, bytes);
    assertEquals([holders.total, holders.oldest], [total, oldest]);
  }
});
