import { assertEquals } from "@std/assert";
import { Outstanding, SLOT } from "../../../src/diameter/sim/outstanding.ts";

Deno.test("an id is found while its request waits, and remembered for what became of it", () => {
  const outstanding = new Outstanding(4, 0);
  const [answered, expired] = [outstanding.open(1), outstanding.open(2)];
  const ids = [outstanding.idOf(answered), outstanding.idOf(expired)] as const;
  assertEquals(ids.map((id) => outstanding.find(id)), [answered, expired]);
  outstanding.close(answered, SLOT.answered);
  assertEquals(outstanding.expire(3), 1);
  assertEquals(ids.map((id) => outstanding.find(id)), [-1, -1]);
  assertEquals(ids.map((id) => outstanding.fateOf(id)), [SLOT.answered, SLOT.expired]);
  assertEquals(outstanding.size, 0);
});

Deno.test("only what was due before the deadline is given up", () => {
  const outstanding = new Outstanding(8, 0);
  for (const due of [10, 20, 30]) outstanding.open(due);
  assertEquals(outstanding.expire(20), 1);
  assertEquals(outstanding.expire(31), 2);
  assertEquals(outstanding.expire(Infinity), 0);
});

Deno.test("a slot comes round again last, under another id", () => {
  const outstanding = new Outstanding(4, 0x7fff);
  const first = outstanding.open(0);
  const id = outstanding.idOf(first);
  outstanding.close(first, SLOT.answered);
  const others = [1, 2, 3].map(() => outstanding.open(0));
  assertEquals(others.includes(first), false);
  assertEquals(outstanding.fateOf(id), SLOT.answered);
  assertEquals(outstanding.open(0), first);
  assertEquals(outstanding.idOf(first) === id, false);
  assertEquals([outstanding.find(id), outstanding.fateOf(id)], [-1, SLOT.unused]);
});

Deno.test("an id that was never given out is unknown", () => {
  const outstanding = new Outstanding(4, 5);
  outstanding.open(0);
  for (const id of [0, -1, 0x7fff_ffff, 0x0005_ffff]) {
    assertEquals([outstanding.find(id), outstanding.fateOf(id)], [-1, SLOT.unused]);
  }
});
