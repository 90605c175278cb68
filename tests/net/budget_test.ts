import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { Budget } from "../../src/net/budget.ts";

Deno.test("what a part holds is held by the whole too, until it is given back", () => {
  const whole = new Budget(100);
  const [a, b] = [whole.part(2), whole.part(2)];
  a.add(30);
  b.add(20);
  assertEquals([a.used, b.used, whole.used], [30, 20, 50]);
  a.add(-30);
  assertEquals([a.used, whole.used], [0, 20]);
});

Deno.test("a part that is alone stops at half of the whole, and leaves half of that to whoever holds little", () => {
  const whole = new Budget(1000);
  const part = whole.part(10);
  while (!part.tight) part.add(1);
  assertEquals(part.used, 251);
  while (!part.exhausted) part.add(1);
  assertEquals(part.used, 501);
});

Deno.test("whatever greedy parts take, in any order, each part is sure of its slice, and the whole is never exceeded by more than a bite each", () => {
  const bites = fc.array(fc.record({ who: fc.nat(), size: fc.integer({ min: 1, max: 50 }) }), { maxLength: 500 });
  fc.assert(fc.property(fc.integer({ min: 1, max: 20 }), bites, (count, steps) => {
    const whole = new Budget(4_000);
    const parts = Array.from({ length: count }, () => whole.part(count));
    for (const { who, size } of steps) {
      const part = parts[who % count]!;
      if (part.used <= part.slice) assertEquals(part.exhausted, false);
      if (part.used <= part.ease) assertEquals([part.exhausted, part.tight], [false, false]);
      if (!part.exhausted) part.add(size);
      assertEquals(whole.used, parts.reduce((sum, { used }) => sum + used, 0));
      assert(whole.used <= whole.limit + 50 * count);
    }
  }));
});

Deno.test("what cannot be refused may go beyond every limit, and then nothing else may", () => {
  const whole = new Budget(100);
  const [part, other] = [whole.part(2), whole.part(2)];
  part.add(250);
  assertEquals([part.exhausted, whole.exhausted, other.exhausted], [true, true, false]);
  other.add(26);
  assertEquals(other.exhausted, true);
});
