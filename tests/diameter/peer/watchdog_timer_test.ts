import { assert, assertEquals } from "@std/assert";
import { WatchdogTimer } from "../../../src/diameter/peer/watchdog_timer.ts";
import { FakeClock } from "../../support/fake_clock.ts";

const SECOND = 1000;
const TW = 30 * SECOND;

interface Setup {
  readonly clock: FakeClock;
  readonly timer: WatchdogTimer;
  /** What the watchdog asked for, with the second in which it did. */
  readonly calls: string[];
}

function setUp({ interval = TW, jitter = 0, reopenWatchdogs = 3, dice = (): number => 0.5 } = {}): Setup {
  const clock = new FakeClock();
  const start = clock.now();
  const calls: string[] = [];
  const note = (what: string) => void calls.push(`${what} at ${(clock.now() - start) / SECOND} s`);
  const timer = new WatchdogTimer(
    () => ({ interval, jitter, reopenWatchdogs }),
    {
      sendWatchdog: () => note("DWR"),
      failover: () => note("failover"),
      failback: () => note("failback"),
      close: () => {
        note("close");
        timer.down();
      },
    },
    clock,
    dice,
  );
  return { clock, timer, calls };
}

Deno.test("W2 W3 W4 a peer that falls silent: DWR after one Tw, SUSPECT after two, closed after three", () => {
  const { clock, timer, calls } = setUp();
  timer.up();
  assertEquals(timer.state, "okay");
  clock.advance(TW);
  assertEquals(timer.pending, true);
  clock.advance(TW);
  assertEquals(timer.state, "suspect");
  clock.advance(TW);
  assertEquals(timer.state, "down");
  clock.advance(10 * TW);
  assertEquals(calls, ["failback at 0 s", "DWR at 30 s", "failover at 60 s", "close at 90 s"]);
  assertEquals(clock.alarms, 0);
});

Deno.test("W2 any message puts the DWR off, not only a DWA", () => {
  const { clock, timer, calls } = setUp();
  timer.up();
  for (let i = 0; i < 20; i++) {
    clock.advance(TW - SECOND);
    assertEquals(timer.received(clock.now()), true);
  }
  assertEquals(calls, ["failback at 0 s"]);
  clock.advance(TW);
  assertEquals(calls.length, 2);
});

Deno.test("W2 a peer that answers its DWRs stays OKAY for ever", () => {
  const { clock, timer, calls } = setUp();
  timer.up();
  for (let i = 0; i < 5; i++) {
    clock.advance(TW);
    timer.answered();
  }
  assertEquals(calls.slice(1), ["DWR at 30 s", "DWR at 60 s", "DWR at 90 s", "DWR at 120 s", "DWR at 150 s"]);
  assertEquals(timer.state, "okay");
  timer.stop();
});

Deno.test("W4 any message in SUSPECT leads back to OKAY", () => {
  const { clock, timer, calls } = setUp();
  timer.up();
  clock.advance(2 * TW + SECOND);
  assertEquals(timer.received(clock.now()), true);
  assertEquals(timer.state, "okay");
  assertEquals(calls.at(-1), "failback at 61 s");
  timer.stop();
});

Deno.test("W5 a peer that was lost is asked at once, and OKAY after its third DWA", () => {
  const { clock, timer, calls } = setUp();
  timer.up();
  timer.down();
  assertEquals(clock.alarms, 0);
  clock.advance(5 * SECOND);
  calls.length = 0;
  timer.up();
  assertEquals(timer.state, "reopen");
  assertEquals(timer.received(clock.now()), false, "messages are thrown away");
  timer.answered();
  clock.advance(TW);
  timer.answered();
  assertEquals([timer.state, timer.numDwa], ["reopen", 2]);
  clock.advance(TW);
  timer.answered();
  assertEquals(timer.state, "okay");
  assertEquals(timer.received(clock.now()), true);
  assertEquals(calls, ["DWR at 5 s", "DWR at 35 s", "DWR at 65 s", "failback at 65 s"]);
  timer.stop();
});

Deno.test("W6 a peer that falls silent in REOPEN is closed at the second expiry", () => {
  const { clock, timer, calls } = setUp();
  timer.up();
  timer.down();
  calls.length = 0;
  timer.up();
  clock.advance(TW);
  assertEquals(timer.numDwa, -1);
  clock.advance(TW);
  assertEquals(calls, ["DWR at 0 s", "close at 60 s"]);
  assertEquals(timer.state, "down");
  assertEquals(clock.alarms, 0);
});

Deno.test("W6 one missed DWA in REOPEN costs one more", () => {
  const { clock, timer } = setUp();
  timer.up();
  timer.down();
  timer.up();
  clock.advance(TW + SECOND);
  for (let i = 0; i < 3; i++) {
    timer.answered();
    assertEquals(timer.state, "reopen");
    clock.advance(TW);
  }
  timer.answered();
  assertEquals(timer.state, "okay");
  timer.stop();
});

Deno.test("W7 after a DPR the next connection is OKAY", () => {
  const { clock, timer } = setUp();
  timer.up();
  timer.left();
  assertEquals([timer.state, clock.alarms], ["initial", 0]);
  timer.up();
  assertEquals(timer.state, "okay");
  timer.stop();
  assertEquals(clock.alarms, 0);
});

Deno.test("W1 Tw is drawn anew, from interval minus jitter to interval plus jitter, each time it is set", () => {
  const rolls = [0, 0.999999, 0.25, 0.5];
  let rolled = 0;
  const { clock, timer, calls } = setUp({ jitter: 2 * SECOND, dice: () => rolls[rolled++ % rolls.length]! });
  timer.up();
  const gaps: number[] = [];
  let last = clock.now();
  for (let i = 0; i < rolls.length; i++) {
    while (calls.length < i + 2) clock.advance(1);
    gaps.push((clock.now() - last) / SECOND);
    last = clock.now();
    // An answer right after the DWR draws once more: the DWR's own draw is never used.
    rolled--;
    timer.answered();
  }
  for (const [i, gap] of gaps.entries()) {
    const expected = [28, 32, 29, 30][i]!;
    assert(Math.abs(gap - expected) < 0.01, `gap ${i} was ${gap} s, not ${expected} s`);
  }
  timer.stop();
});

Deno.test("W1 with the real dice every wait lies within two seconds of Tw, and they differ", () => {
  const { clock, timer, calls } = setUp({ jitter: 2 * SECOND, dice: Math.random });
  timer.up();
  const gaps = new Set<number>();
  for (let i = 0; i < 50; i++) {
    const before = clock.now();
    const seen = calls.length;
    while (calls.length === seen) clock.advance(5);
    const gap = clock.now() - before;
    assert(gap >= 28 * SECOND - 5 && gap <= 32 * SECOND + 5, `${gap} ms`);
    gaps.add(gap);
    timer.answered();
  }
  assert(gaps.size > 10, `only ${gaps.size} different waits`);
  timer.stop();
});

Deno.test("W12 a changed interval counts from the next time that Tw is set", () => {
  let interval = TW;
  const clock = new FakeClock();
  let sent = 0;
  const timer = new WatchdogTimer(
    () => ({ interval, jitter: 0, reopenWatchdogs: 3 }),
    { sendWatchdog: () => sent++, failover() {}, failback() {}, close() {} },
    clock,
  );
  timer.up();
  interval = 10 * SECOND;
  clock.advance(TW);
  assertEquals(sent, 1);
  timer.answered();
  clock.advance(10 * SECOND);
  assertEquals(sent, 2);
  timer.stop();
});

Deno.test("an observer is told of changes, and of nothing else", () => {
  let changes = 0;
  const clock = new FakeClock();
  const timer = new WatchdogTimer(
    () => ({ interval: TW, jitter: 0, reopenWatchdogs: 3 }),
    { sendWatchdog() {}, failover() {}, failback() {}, close() {}, changed: () => changes++ },
    clock,
  );
  timer.up();
  assertEquals(changes, 1);
  timer.received(clock.now());
  assertEquals(changes, 1);
  clock.advance(TW);
  assertEquals(changes, 2);
  timer.stop();
});
