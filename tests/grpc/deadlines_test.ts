import { assert, assertEquals } from "@std/assert";
import { Deadlines } from "../../src/grpc/deadlines.ts";
import { FakeClock } from "../support/fake_clock.ts";

/** Notes when each deadline was over. */
function bench() {
  const clock = new FakeClock();
  const deadlines = new Deadlines(clock);
  const over = new Map<string, number>();
  const arm = (name: string, milliseconds: number) =>
    deadlines.arm({ expired: () => void over.set(name, clock.now()) }, milliseconds, clock.now());
  return { clock, deadlines, over, arm };
}

Deno.test("a deadline is never met too early, and a few milliseconds too late at most", () => {
  const { clock, over, arm } = bench();
  const start = clock.now();
  const waits = [0, 0.001, 1, 4.9, 5, 5.1, 99, 100, 5_119, 5_121, 60_000];
  for (const wait of waits) arm(String(wait), wait);
  clock.advance(70_000);
  for (const wait of waits) {
    const late = over.get(String(wait))! - start - wait;
    assert(late >= 0 && late <= 10, `${wait} ms: ${late} ms late`);
  }
});

Deno.test("a cancelled deadline is not met, and its place is used again", () => {
  const { clock, deadlines, over, arm } = bench();
  const slot = arm("a", 20);
  deadlines.cancel(slot);
  assertEquals(arm("b", 20), slot);
  clock.advance(50);
  assertEquals([...over.keys()], ["b"]);
  assertEquals(deadlines.armed, 0);
});

Deno.test("there is no end to how many deadlines there are", () => {
  const { clock, deadlines, over, arm } = bench();
  for (let i = 0; i < 10_000; i++) arm(String(i), 10 + i % 100);
  assertEquals(deadlines.armed, 10_000);
  clock.advance(200);
  assertEquals([over.size, deadlines.armed], [10_000, 0]);
});

Deno.test("nothing beats while there is nothing to wait for, and the longest wait is no accident", () => {
  const { clock, deadlines, over, arm } = bench();
  assertEquals(clock.alarms, 0);
  const far = arm("far", 99_999_999 * 3_600_000);
  clock.advance(10_000);
  assertEquals([over.size, clock.alarms], [0, 1]);
  deadlines.cancel(far);
  clock.advance(2_000);
  assertEquals(clock.alarms, 0);
  arm("again", 10);
  clock.advance(20);
  assertEquals([...over.keys()], ["again"]);
  deadlines.close();
  assertEquals(clock.alarms, 0);
});

Deno.test("whoever is over may cancel others and arm new ones", () => {
  const clock = new FakeClock();
  const deadlines = new Deadlines(clock);
  const over: string[] = [];
  // Each of two cancels the other, as calls do that end each other.
  const pair = [{ slot: -1 }, { slot: -1 }];
  for (const [nth, one] of pair.entries()) {
    const other = pair[1 - nth]!;
    const expired = () => {
      over.push("one of them");
      deadlines.cancel(other.slot);
      deadlines.arm({ expired: () => void over.push("the next") }, 1, clock.now());
    };
    one.slot = deadlines.arm({ expired }, 10, clock.now());
  }
  clock.advance(100);
  assertEquals(over, ["one of them", "the next"]);
});
