import { assertEquals } from "@std/assert";
import { grownShare, nextGrowth } from "../../../../src/diameter/relay/dras/slow_start.ts";

const options = { duration: 1_000, minWeightPercent: 10 };

for (
  const [since, now, share, next] of [
    [-Infinity, 5_000, 1, Infinity],
    [5_000, 5_000, 0.1, 5_050],
    [5_000, 5_500, 0.55, 5_550],
    [5_000, 5_980, 0.982, 6_000],
    [5_000, 6_000, 1, Infinity],
  ] as const
) {
  Deno.test(`BA4 ${now - since} ms after it came back a DRA has ${share} of its weight`, () => {
    assertEquals(Math.round(grownShare(since, now, options) * 1000) / 1000, share);
    assertEquals(nextGrowth(since, now, options), next);
  });
}

Deno.test("BA4 without a duration it has all of it at once", () => {
  assertEquals(grownShare(5_000, 5_000, { ...options, duration: 0 }), 1);
  assertEquals(nextGrowth(5_000, 5_000, { ...options, duration: 0 }), Infinity);
});
