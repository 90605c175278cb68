import { assert, assertEquals, assertThrows } from "@std/assert";
import { AUTO_LIMIT, Sampler, THINNED } from "../../../src/ops/trace/sampler.ts";

/** Gives `sampler` requests at a steady pace for `seconds` from `start` on; how many it took. */
function run(sampler: Sampler, perSecond: number, seconds: number, start = 0): number {
  let taken = 0;
  const count = perSecond * seconds;
  for (let i = 0; i < count; i++) if (sampler.take((start + i * 1e6 / perSecond) | 0)) taken++;
  return taken;
}

Deno.test("auto takes all up to 10,000 requests a second", () => {
  for (const perSecond of [1, 100, AUTO_LIMIT]) {
    const sampler = new Sampler("auto");
    assertEquals(run(sampler, perSecond, 2), perSecond * 2);
    assertEquals(sampler.oneIn, 1);
  }
});

for (const [perSecond, oneIn] of [[20_000, 20], [50_000, 50], [1_000_000, 1_000]] as const) {
  Deno.test(`auto takes one of ${oneIn} of ${perSecond} requests a second, and says so`, () => {
    const sampler = new Sampler("auto");
    run(sampler, perSecond, 1);
    assertEquals(sampler.oneIn, oneIn);
    assertEquals(run(sampler, perSecond, 1, 1e6), THINNED);
    assertEquals(sampler.oneIn, oneIn);
  });
}

Deno.test("a burst out of nothing is thinned at once, not only in the next window", () => {
  const sampler = new Sampler("auto");
  let taken = 0;
  for (let i = 0; i < 100_000; i++) if (sampler.take(i / 2 | 0)) taken++;
  assert(taken < 5_000, `${taken} in 50 ms`);
  assert(sampler.oneIn >= 16, `1/${sampler.oneIn}`);
});

Deno.test("auto takes all again as soon as there are few", () => {
  const sampler = new Sampler("auto");
  run(sampler, 1_000_000, 1);
  assertEquals(sampler.oneIn, 1_000);
  // The first one may fall to the old share.
  assert(run(sampler, 10, 1, 2e6) >= 9);
  assertEquals(sampler.oneIn, 1);
});

Deno.test("auto goes on when the clock's 32 bits begin anew", () => {
  const sampler = new Sampler("auto");
  assertEquals(run(sampler, 1_000, 2, 2 ** 32 - 1e6), 2_000);
  assertEquals(run(sampler, 1_000, 2, 2 ** 31 - 1e6), 2_000);
});

for (const [share, taken] of [[1, 1000], [0.5, 500], [0.3, 300], [0.001, 1]] as const) {
  Deno.test(`a share of ${share} takes ${taken} of 1000, at any pace`, () => {
    const sampler = new Sampler(share);
    const count = run(sampler, 1000, 1);
    assert(Math.abs(count - taken) <= 1, `${count}`);
    assertEquals(sampler.oneIn, 1 / share);
  });
}

/** The same as `run`, by a caller that passes over what it need not ask for, 50 ms long at most. */
function runIdly(sampler: Sampler, perSecond: number, seconds: number): { taken: number; asked: number } {
  let [taken, asked, passed, since] = [0, 0, 0, 0];
  for (let i = 0; i < perSecond * seconds; i++) {
    const now = (i * 1e6 / perSecond) | 0;
    if (passed < sampler.idle && now - since < 50_000) {
      passed++;
      continue;
    }
    asked++;
    if (sampler.take(now, passed)) taken++;
    [passed, since] = [0, now];
  }
  return { taken, asked };
}

for (const [sample, perSecond] of [["auto", 500_000], ["auto", 20_000], ["auto", 5_000], [0.01, 50_000]] as const) {
  Deno.test(`who asks only when it must gets as many of ${perSecond} a second, at ${sample}`, () => {
    const expected = run(new Sampler(sample), perSecond, 2);
    const sampler = new Sampler(sample);
    const { taken, asked } = runIdly(sampler, perSecond, 2);
    assert(Math.abs(taken - expected) <= expected / 100, `${taken} and not ${expected}`);
    assert(asked <= taken + 41, `${asked} were asked for, ${taken} taken`);
  });
}

Deno.test("who asks only when it must has all recorded again soon after a storm", () => {
  const sampler = new Sampler("auto");
  runIdly(sampler, 1_000_000, 1);
  assertEquals(sampler.oneIn, 1_000);
  let taken = 0;
  // Ten a second, each in a tick of its own.
  for (let i = 0; i < 10; i++) if (sampler.take(2e6 + i * 1e5)) taken++;
  assert(taken >= 9, `${taken}`);
});

for (const share of [0, -1, 1.5, NaN, Infinity]) {
  Deno.test(`a share of ${share} is refused`, () => {
    assertThrows(() => new Sampler(share), RangeError, "expected above 0, to 1");
  });
}
