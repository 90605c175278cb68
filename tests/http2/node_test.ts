import { assertEquals } from "@std/assert";
import { Http2Node } from "../../src/http2/node.ts";
import { RunningClock } from "../../src/net/clock.ts";
import { FakeClock } from "../support/fake_clock.ts";

Deno.test("there is one alarm for all connections, and none without any", () => {
  const clock = new FakeClock();
  const node = new Http2Node({ clock });
  const ticks: number[] = [];
  const [one, other] = [1, 2].map((name) => ({ tick: () => void ticks.push(name) }));
  assertEquals(clock.alarms, 0);
  node.add(one!);
  node.add(other!);
  assertEquals(clock.alarms, 1);
  clock.advance(250);
  assertEquals(ticks, [1, 2, 1, 2]);
  node.remove(one!);
  clock.advance(100);
  assertEquals(ticks, [1, 2, 1, 2, 2]);
  node.remove(other!);
  node.remove(other!);
  assertEquals(clock.alarms, 0);
});

Deno.test("one that goes at its own tick takes the alarm with it", () => {
  const clock = new FakeClock();
  const node = new Http2Node({ clock });
  const one = { tick: () => node.remove(one) };
  node.add(one);
  clock.advance(100);
  assertEquals([clock.alarms, node.size], [0, 0]);
  node.add(one);
  assertEquals(clock.alarms, 1);
  node.remove(one);
});

Deno.test("while the process is stopped no connection ages", () => {
  const hands = new FakeClock();
  const node = new Http2Node({ clock: new RunningClock(hands) });
  const times: number[] = [];
  const one = { tick: (now: number) => void times.push(now) };
  node.add(one);
  hands.advance(200);
  const before = times.at(-1)!;
  // A jump in which no alarm went off.
  const now = hands.now();
  hands.now = () => now + 60_000;
  assertEquals(node.clock.now() - before < 1_000, true);
  node.remove(one);
  assertEquals(hands.alarms, 0);
});
