import { assertEquals } from "@std/assert";
import { Deadlines } from "../../../src/diameter/client/deadlines.ts";
import { FakeClock } from "../../support/fake_clock.ts";

const { test } = Deno;

/** Deadlines that end those of `due` that have come. */
function deadlinesOf(due: Set<number>): { clock: FakeClock; deadlines: Deadlines; ended: number[]; sweeps: number[] } {
  const clock = new FakeClock();
  const ended: number[] = [];
  const sweeps: number[] = [];
  const deadlines = new Deadlines(clock, (now) => {
    sweeps.push(now);
    for (const one of due) {
      if (one > now) continue;
      due.delete(one);
      ended.push(one);
    }
    return Math.min(Infinity, ...due);
  });
  return { clock, deadlines, ended, sweeps };
}

test("each deadline is met, in whatever order they were noted", () => {
  const due = new Set([1_500, 1_100, 1_300]);
  const { clock, deadlines, ended } = deadlinesOf(due);
  for (const one of due) deadlines.note(one);
  for (const [step, expected] of [[99, 0], [2, 1], [199, 2], [200, 3]] as const) {
    clock.advance(step);
    assertEquals(ended.length, expected, `at ${clock.now()}`);
  }
  assertEquals([ended, clock.alarms], [[1_100, 1_300, 1_500], 0]);
});

test("a deadline noted while others are met is not forgotten", () => {
  const clock = new FakeClock();
  const swept: number[] = [];
  const deadlines: Deadlines = new Deadlines(clock, (now) => {
    swept.push(now);
    if (swept.length === 1) deadlines.note(1_200);
    return Infinity;
  });
  deadlines.note(1_100);
  clock.advance(1_000);
  assertEquals(swept, [1_100, 1_200]);
});

test("there is one timer for all of them, and none for those that never come", () => {
  const due = new Set([1_100, 1_101, Infinity]);
  const { clock, deadlines, ended, sweeps } = deadlinesOf(due);
  for (const one of due) deadlines.note(one);
  assertEquals(clock.alarms, 1);
  clock.advance(10_000);
  assertEquals([ended, sweeps.length, clock.alarms], [[1_100, 1_101], 2, 0]);
});

test("stopped, they are all forgotten", () => {
  const { clock, deadlines, sweeps } = deadlinesOf(new Set([1_100]));
  deadlines.note(1_100);
  deadlines.stop();
  clock.advance(1_000);
  assertEquals([sweeps.length, clock.alarms], [0, 0]);
});
