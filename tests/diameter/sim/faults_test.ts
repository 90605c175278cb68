import { assert, assertEquals } from "@std/assert";
import {
  decide,
  DECISION,
  delayOf,
  type Faults,
  NO_FAULTS,
  seededDice,
  touchesAnswers,
} from "../../../src/diameter/sim/faults.ts";

/** Decisions for the requests 1 to `count`, all on one connection. */
function decisions(faults: Partial<Faults>, count = 6): number[] {
  return Array.from({ length: count }, (_, i) => decide({ ...NO_FAULTS, ...faults }, i + 1, i + 1));
}

const { drop, busy, error, duplicate, late, wrongHopByHop, close, silence } = DECISION;

const CASES: [name: string, faults: Partial<Faults>, expected: number[]][] = [
  ["nothing goes wrong by itself", {}, [0, 0, 0, 0, 0, 0]],
  ["every second request is dropped", { dropEvery: 2 }, [0, drop, 0, drop, 0, drop]],
  ["every third is answered busy", { busyEvery: 3 }, [0, 0, busy, 0, 0, busy]],
  ["busy comes before another error", { busyEvery: 2, errorEvery: 3 }, [0, busy, error, busy, 0, busy]],
  ["a dropped request gets no second answer", { dropEvery: 2, duplicateEvery: 2 }, [0, drop, 0, drop, 0, drop]],
  ["an answer can be twice, late and wrong at once", { duplicateEvery: 6, lateEvery: 3, wrongHopByHopEvery: 6 }, [
    0,
    0,
    late,
    0,
    0,
    duplicate | late | wrongHopByHop,
  ]],
  ["silence lasts", { silenceAfter: 4 }, [0, 0, 0, silence, silence, silence]],
  ["closing comes first", { closeAfter: 3, dropEvery: 3 }, [0, 0, close, 0, 0, close]],
];

for (const [name, faults, expected] of CASES) {
  Deno.test(name, () => {
    assertEquals(decisions(faults), expected);
    assertEquals(touchesAnswers({ ...NO_FAULTS, ...faults }), expected.some((decision) => decision !== 0));
  });
}

Deno.test("faults of a connection count its own requests, faults of answers count all", () => {
  const faults = { ...NO_FAULTS, closeAfter: 2, dropEvery: 5 };
  assertEquals(decide(faults, 5, 1), drop);
  assertEquals(decide(faults, 3, 2), close);
});

Deno.test("a delay varies by its jitter, is never negative, and grows for late answers", () => {
  const faults = { ...NO_FAULTS, delay: 5, delayJitter: 10, lateBy: 100 };
  assertEquals(delayOf(faults, 0, 0.5), 5);
  assertEquals(delayOf(faults, 0, 0), 0);
  assertEquals(delayOf(faults, 0, 0.75), 10);
  assertEquals(delayOf(faults, late, 0.5), 105);
});

Deno.test("the same seed gives the same throws, another seed others, all from 0 to below 1", () => {
  const throwsOf = (seed: number) => Array.from({ length: 1000 }, seededDice(seed));
  const first = throwsOf(1);
  assertEquals(throwsOf(1), first);
  assert(throwsOf(2).join() !== first.join());
  assert(first.every((value) => value >= 0 && value < 1));
  const mean = first.reduce((sum, value) => sum + value) / first.length;
  assert(mean > 0.45 && mean < 0.55, `mean ${mean}`);
});
