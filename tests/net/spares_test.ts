import { assertEquals } from "@std/assert";
import { Spares } from "../../src/net/spares.ts";

Deno.test("what came back last is taken first, and no more is kept than the limit", () => {
  const spares = new Spares<number>(2);
  assertEquals([spares.give(1), spares.give(2), spares.give(3)], [true, true, false]);
  assertEquals([spares.take(), spares.take(), spares.take()], [2, 1, undefined]);
});

Deno.test("what nobody needed between two rests is let go, what was needed stays", () => {
  const spares = new Spares<number>(Infinity);
  for (let i = 0; i < 10; i++) spares.give(i);
  assertEquals(spares.rest(), [], "all of them were in use since the last rest");
  const used = [spares.take()!, spares.take()!, spares.take()!];
  for (const one of used) spares.give(one);
  assertEquals(spares.rest(), [0, 1, 2, 3, 4, 5, 6]);
  assertEquals(spares.size, 3);
  assertEquals([spares.rest().length, spares.size], [3, 0]);
});
