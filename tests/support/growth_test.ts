import { assertEquals } from "@std/assert";
import { growthOf } from "./growth.ts";

const ALLOWED = { share: 0.1, more: 5 };

Deno.test("a figure that only swings is flat, however far single samples are off", () => {
  const swings = Array.from({ length: 60 }, (_, nth) => 100 + (nth % 7) + (nth % 20 === 19 ? 500 : 0));
  assertEquals(growthOf(swings, ALLOWED).flat, true);
});

Deno.test("a figure that grows a little all the time is not flat", () => {
  assertEquals(growthOf(Array.from({ length: 60 }, (_, nth) => 100 + nth), ALLOWED), {
    before: 112,
    after: 150,
    flat: false,
  });
});

Deno.test("what the start costs is no growth, and no excuse for it", () => {
  const start = [10, 20, 40, 60, 80];
  const steady = Array.from({ length: 55 }, () => 100);
  assertEquals(growthOf([...start, ...steady], ALLOWED).flat, true);
  assertEquals(growthOf([900, 900, 900, 900, 900, ...steady.map((level, nth) => level + nth)], ALLOWED).flat, false);
});
