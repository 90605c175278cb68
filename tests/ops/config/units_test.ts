import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { formatDuration, formatSize, parseDuration, parseSize } from "../../../src/ops/config/units.ts";

const DURATIONS: [text: string, ms: number | undefined][] = [
  ["250ms", 250],
  ["30s", 30_000],
  ["5m", 300_000],
  ["1h", 3_600_000],
  ["1.5s", 1_500],
  ["1m30s", 90_000],
  ["0", 0],
  ["0s", 0],
  ["30", undefined],
  ["", undefined],
  ["s", undefined],
  ["-1s", undefined],
  ["1 s", undefined],
  ["1d", undefined],
  ["5M", undefined],
];

Deno.test("a duration is a number with its unit, and a bare 0", () => {
  for (const [text, ms] of DURATIONS) assertEquals(parseDuration(text), ms, text);
});

const SIZES: [text: string, bytes: number | undefined][] = [
  ["20", 20],
  ["20B", 20],
  ["64KiB", 65_536],
  ["1MiB", 1_048_576],
  ["2GiB", 2 ** 31],
  ["64kb", undefined],
  ["64 KiB", undefined],
  ["-1", undefined],
  ["", undefined],
];

Deno.test("a size is a number of bytes or one with a binary unit", () => {
  for (const [text, bytes] of SIZES) assertEquals(parseSize(text), bytes, text);
});

Deno.test("a duration or size that is printed reads as the same value", () => {
  fc.assert(fc.property(fc.nat(2_000_000_000), (n) => {
    assertEquals(parseDuration(formatDuration(n)), n);
    assertEquals(parseSize(formatSize(n)), n);
  }));
});

Deno.test("durations and sizes are printed the way people write them", () => {
  const shown = [0, 250, 1_500, 30_000, 60_000, 90_000, 300_000, 3_600_000].map(formatDuration);
  assertEquals(shown, ["0s", "250ms", "1500ms", "30s", "60s", "90s", "5m", "1h"]);
  assertEquals([0, 1000, 65_536, 2 ** 20].map(formatSize), ["0", "1000", "64KiB", "1MiB"]);
});
