import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  afterConnection,
  type Backoff,
  FRESH_BACKOFF,
  nextAttempt,
  STABLE_AFTER,
} from "../../../src/diameter/peer/backoff.ts";

const OPTIONS = { initial: 5_000, multiplier: 1.5, max: 300_000, jitter: 0.2, afterRefusal: 300_000 };

/** The waits of `count` failures in a row, without jitter. */
function waits(count: number, options = OPTIONS): number[] {
  let backoff: Backoff = FRESH_BACKOFF;
  return Array.from({ length: count }, () => {
    const step = nextAttempt(backoff, options, false, 0.5);
    backoff = step.backoff;
    return step.wait;
  });
}

Deno.test("W11 the waits grow from initial by the multiplier, up to max", () => {
  assertEquals(waits(4), [5_000, 7_500, 11_250, 16_875]);
  assertEquals(waits(30).at(-1), 300_000);
});

Deno.test("W11 every wait lies within its jitter, whatever the dice say, and is never negative", () => {
  const options = fc.record({
    initial: fc.nat({ max: 60_000 }),
    multiplier: fc.double({ min: 1, max: 5, noNaN: true }),
    max: fc.nat({ max: 600_000 }),
    jitter: fc.double({ min: 0, max: 1, noNaN: true }),
    afterRefusal: fc.nat({ max: 600_000 }),
  });
  const dice = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  fc.assert(fc.property(options, fc.nat({ max: 2_000 }), fc.boolean(), dice, (options, failures, refused, dice) => {
    const { wait, backoff } = nextAttempt({ failures }, options, refused, dice);
    let grown = Math.min(options.max, options.initial);
    for (let i = 0; i < failures; i++) grown = Math.min(options.max, grown * options.multiplier);
    const base = refused ? Math.max(options.afterRefusal, grown) : grown;
    assert(Number.isInteger(wait) && wait >= 0, `${wait}`);
    assert(wait >= base * (1 - options.jitter) - 1 && wait <= base * (1 + options.jitter) + 1, `${wait} of ${base}`);
    assertEquals(backoff.failures, failures + 1);
  }));
});

Deno.test("W11 the ends of the jitter are reached", () => {
  assertEquals(nextAttempt(FRESH_BACKOFF, OPTIONS, false, 0).wait, 4_000);
  assertEquals(nextAttempt(FRESH_BACKOFF, OPTIONS, false, 0.999999).wait, 6_000);
});

Deno.test("X4 a peer that does not want us is left alone for after_refusal", () => {
  assertEquals(nextAttempt(FRESH_BACKOFF, OPTIONS, true, 0.5).wait, 300_000);
  assertEquals(nextAttempt(FRESH_BACKOFF, { ...OPTIONS, afterRefusal: 1_000 }, true, 0.5).wait, 5_000);
});

Deno.test("W11 only a connection that was usable for a minute makes the waits begin anew", () => {
  const failed: Backoff = { failures: 7 };
  assertEquals(afterConnection(failed, STABLE_AFTER - 1), failed);
  assertEquals(afterConnection(failed, STABLE_AFTER), FRESH_BACKOFF);
  assertEquals(STABLE_AFTER, 60_000);
});
