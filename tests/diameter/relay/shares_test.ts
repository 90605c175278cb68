import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { Shares } from "../../../src/diameter/relay/shares.ts";

/** A key with that index, of some generation. */
const key = (index: number, generation = 7) => (generation << 16) | index;

Deno.test("the count says what each connection holds, and nothing of what was counted before", () => {
  const one = fc.record({ index: fc.integer({ min: 1, max: 6 }), bytes: fc.integer({ min: 20, max: 60_000 }) });
  const shares = new Shares();
  fc.assert(fc.property(fc.array(one, { maxLength: 200 }), (all) => {
    shares.clear();
    for (const { index, bytes } of all) shares.take(key(index), bytes);
    for (let index = 1; index <= 6; index++) {
      const held = all.filter((other) => other.index === index);
      assertEquals(shares.countOf(key(index, 9)), held.length);
      assertEquals(shares.bytesOf(key(index, 9)), held.reduce((sum, { bytes }) => sum + bytes, 0));
    }
    assertEquals(shares.holders, new Set(all.map(({ index }) => index)).size);
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
    shares.take(key(2), 100);
  }
  assertEquals([shares.isBelow(key(1), 10, 0), shares.isBelow(key(2), 10, 0)], [false, false]);
});
