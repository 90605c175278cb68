import { assertEquals } from "@std/assert";
import { RunningClock } from "../../src/net/clock.ts";
import { FakeClock } from "../support/fake_clock.ts";

/**
 * A clock over time that can stand still for the process: `sleep` lets real time pass in which no
 * alarm goes off.
 */
function clockThatSleeps() {
  const hands = new FakeClock();
  let asleep = 0;
  const clock = new RunningClock({
    now: () => hands.now() + asleep,
    setTimeout: (callback, delay) => hands.setTimeout(callback, delay),
    clearTimeout: (alarm) => hands.clearTimeout(alarm),
  });
  return { clock, hands, sleep: (milliseconds: number) => void (asleep += milliseconds) };
}

Deno.test("a sleep makes no alarm late, and nothing is too late right after it", () => {
  const { clock, hands, sleep } = clockThatSleeps();
  const end = clock.keepBeat();
  let rang = 0;
  clock.setTimeout(() => rang++, 300);
  hands.advance(200);
  const before = clock.now();
  sleep(3_600_000);
  assertEquals(clock.now() - before, 0);
  hands.advance(200);
  assertEquals([rang, clock.now() - before], [0, 0]);
  hands.advance(400);
  assertEquals(rang, 1);
  end();
  assertEquals(hands.alarms, 0);
});

Deno.test("without anybody who wants beats all time counts, and short delays always do", () => {
  const { clock, hands, sleep } = clockThatSleeps();
  const start = clock.now();
  sleep(5_000);
  assertEquals(clock.now() - start, 5_000);
  const [end, again] = [clock.keepBeat(), clock.keepBeat()];
  hands.advance(10_000);
  sleep(500);
  assertEquals(clock.now() - start, 15_500);
  end();
  end();
  sleep(5_000);
  hands.advance(1_000);
  assertEquals(clock.now() - start < 16_500, true);
  again();
  sleep(5_000);
  const late = clock.now();
  sleep(5_000);
  assertEquals(clock.now() - late, 5_000);
});

Deno.test("it never goes back, however short the nights", () => {
  const { clock, hands, sleep } = clockThatSleeps();
  const end = clock.keepBeat();
  let last = clock.now();
  for (let i = 0; i < 200; i++) {
    hands.advance(i % 130);
    sleep(i % 3 === 0 ? 1_001 + i : i % 7);
    const now = clock.now();
    assertEquals(now >= last, true);
    last = now;
  }
  end();
});
