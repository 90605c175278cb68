import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { TokenBucket } from "../../src/net/token_bucket.ts";

Deno.test("a full bucket lets a burst through, and nothing behind it in the same moment", () => {
  const bucket = new TokenBucket(10, 3, 1_000);
  assertEquals([1, 2, 3, 4].map(() => bucket.take(1_000)), [true, true, true, false]);
});

Deno.test("tokens come back at their rate, not before one is whole", () => {
  const bucket = new TokenBucket(10, 1, 0);
  assertEquals(bucket.take(0), true);
  assertEquals(bucket.take(99), false);
  assertEquals(bucket.take(100), true);
  assertEquals(bucket.take(199), false);
  assertEquals(bucket.take(200), true);
});

Deno.test("parts of a token add up over calls that got none", () => {
  const bucket = new TokenBucket(1, 1, 0);
  bucket.take(0);
  for (let now = 100; now < 1_000; now += 100) assertEquals(bucket.take(now), false);
  assertEquals(bucket.take(1_001), true);
});

Deno.test("a long silence fills the bucket to its burst and no further", () => {
  const bucket = new TokenBucket(100, 2, 0);
  const at = 3_600_000;
  assertEquals([1, 2, 3].map(() => bucket.take(at)), [true, true, false]);
});

Deno.test("a bucket that holds less than one token lets nothing through", () => {
  const bucket = new TokenBucket(100, 0.5, 0);
  assertEquals([0, 1_000, 100_000].map((now) => bucket.take(now)), [false, false, false]);
});

Deno.test("however calls are spread, no more pass than the burst and what came back", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1_000 }),
      fc.integer({ min: 1, max: 50 }),
      fc.array(fc.nat(500), { maxLength: 300 }),
      (perSecond, burst, waits) => {
        const bucket = new TokenBucket(perSecond, burst, 0);
        let now = 0;
        let passed = 0;
        for (const wait of waits) if (bucket.take(now += wait)) passed++;
        return passed <= burst + now * perSecond / 1000 + 1e-6;
      },
    ),
  );
});
