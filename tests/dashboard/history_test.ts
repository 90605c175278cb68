import { assertEquals } from "@std/assert";
import { healthOf, History, KEPT, LINES } from "../../src/dashboard/page/history.js";
import type { Dra } from "../../src/dashboard/page/types.d.ts";

function dra(name: string, messages: number, more: Partial<Dra> = {}): Dra {
  return {
    name,
    enabled: true,
    usable: true,
    state: "OPEN",
    watchdog: "okay",
    messages_sent: messages,
    messages_received: 0,
    in_flight: 5,
    latency_ms: { p50: 1, p99: 2 },
    ...more,
  } as Dra;
}

Deno.test("a rate is what was counted between two looks, by the second", () => {
  const history = new History();
  history.add(10_000, [dra("a", 100)], 1);
  history.add(12_000, [dra("a", 300)], 1);
  assertEquals(history.lines(60).lines.map(({ rate }) => rate), [[null, 100]]);
});

Deno.test("a gateway that began to count anew shows a gap and no rate below zero", () => {
  const history = new History();
  history.add(1_000, [dra("a", 5_000)], 1);
  history.add(2_000, [dra("a", 10)], 1);
  history.add(3_000, [dra("a", 20)], 1);
  assertEquals(history.lines(60).lines[0]?.rate, [null, null, 10]);
});

Deno.test("while nobody answers there is a gap, and behind it no rate over the whole of it", () => {
  const history = new History();
  history.add(1_000, [dra("a", 0)], 1);
  history.addGap(2_000);
  history.add(60_000, [dra("a", 6_000)], 1);
  history.add(61_000, [dra("a", 6_100)], 1);
  assertEquals(history.lines(900).lines[0]?.rate, [null, null, null, 100]);
  assertEquals(history.lines(900).lines[0]?.inFlight, [5, null, 5, 5]);
});

Deno.test("of many DRAs those with the most traffic have lines, and the others one together", () => {
  const history = new History();
  const all = (second: number) => Array.from({ length: 50 }, (_, nth) => dra(`d${nth}`, second * nth * 10));
  for (const second of [0, 1, 2]) history.add(second * 1000, all(second), 1);
  const { lines } = history.lines(60);
  assertEquals(lines.length, LINES + 1);
  assertEquals(lines.slice(0, LINES).map(({ name }) => name).sort(), [
    "d42",
    "d43",
    "d44",
    "d45",
    "d46",
    "d47",
    "d48",
    "d49",
  ]);
  const others = lines.at(-1);
  assertEquals([others?.name, others?.color, others?.rate.at(-1), others?.inFlight.at(-1), others?.p99.at(-1)], [
    "42 others",
    null,
    Array.from({ length: 42 }, (_, nth) => nth * 10).reduce((a, b) => a + b),
    42 * 5,
    2,
  ]);
});

Deno.test("what is older than a quarter of an hour is forgotten, and so is a DRA that went with it", () => {
  const history = new History();
  history.add(0, [dra("gone", 1), dra("stays", 1)], 1);
  for (let second = 1; second <= KEPT; second++) history.add(second * 1000, [dra("stays", 1)], 1);
  assertEquals(history.times.length, KEPT);
  assertEquals(history.lines(KEPT).lines.map(({ name }) => name), ["stays"]);
});

Deno.test("a DRA that is connected and gets nothing is unsure, not down", () => {
  assertEquals(
    [
      healthOf(dra("a", 0)),
      healthOf(dra("a", 0, { watchdog: "suspect" })),
      healthOf(dra("a", 0, { usable: false, watchdog: "reopen" })),
      healthOf(dra("a", 0, {
        breaker: { state: "open", error_ratio: 1, consecutive_failures: 5, next_probe_at: null },
      })),
      healthOf(dra("a", 0, { usable: false, state: "RECONNECTING" })),
      healthOf(dra("a", 0, { enabled: false, usable: false })),
    ],
    ["up", "unsure", "unsure", "unsure", "down", "off"],
  );
});
