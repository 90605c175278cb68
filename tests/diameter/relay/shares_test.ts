import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { Shares } from "../../../src/diameter/relay/shares.ts";

/** A key with that index, of some generation. */
const key = (index: number, generation = 7) => (generation << 16) | index;

Deno.test("the books say what each connection holds, in any order of calls", () => {
  const step = fc.record({
    index: fc.integer({ min: 1, max: 6 }),
    take: fc.boolean(),
    bytes: fc.integer({ min: 20, max: 60_000 }),
  });
  fc.assert(fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
    const shares = new Shares();
    const model = new Map<number, number[]>();
    for (const { index, take, bytes } of steps) {
      const held = model.get(index) ?? [];
      model.set(index, held);
      if (take) {
        held.push(bytes);
        shares.take(key(index), bytes);
      } else if (held.length > 0) shares.give(key(index, 9), held.pop()!);
    }
    for (const [index, held] of model) {
      assertEquals(shares.countOf(key(index)), held.length);
      assertEquals(shares.bytesOf(key(index)), held.reduce((sum, bytes) => sum + bytes, 0));
    }
    assertEquals(shares.holders, [...model.values()].filter((held) => held.length > 0).length);
  }));
});

Deno.test("one that is alone may hold the whole credit; one that comes then is below its half until it holds it", () => {
  const shares = new Shares();
  for (let i = 0; i < 10; i++) {
    assertEquals(shares.isBelow(key(1), 10, 0), true);
    shares.take(key(1), 100);
  }
  assertEquals(shares.isBelow(key(1), 10, 0), false);
  for (let i = 0; i < 5; i++) {
    assertEquals(shares.isBelow(key(2), 10, 0), true);
    assertEquals(shares.isBelow(key(2), 10, 5 - i), false, "what waits counts as held");
    shares.give(key(1), 100);
    shares.take(key(2), 100);
  }
  assertEquals([shares.isBelow(key(1), 10, 0), shares.isBelow(key(2), 10, 0)], [false, false]);
});
