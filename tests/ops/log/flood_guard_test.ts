import { assertEquals } from "@std/assert";
import { guardFloods } from "../../../src/ops/log/flood_guard.ts";
import type { LogFields, Logger } from "../../../src/ops/log/logger.ts";
import { FakeClock } from "../../support/fake_clock.ts";

/** A guard in front of a logger that remembers: `event repeated`. */
function guarded(level = "info") {
  const lines: string[] = [];
  const note = (event: string, _message: string, fields?: LogFields) =>
    void lines.push(fields?.["repeated"] === undefined ? event : `${event} ${fields["repeated"]}`);
  const enabled = (asked: string) => asked !== "debug" || level === "debug";
  const clock = new FakeClock();
  const target: Logger = { debug: note, info: note, warning: note, error: note, enabled };
  return { log: guardFloods(target, clock), lines, clock, taken: () => lines.splice(0) };
}

Deno.test("lines that differ in nothing but remote and numbers: five are written, then one a second with their number", () => {
  const { log, taken, clock } = guarded();
  const flood = (count: number) => {
    for (let i = 0; i < count; i++) {
      log.warning("app_refused", `no ${i}`, { remote: `10.0.0.1:${i}`, reason: `bad length ${i}`, pending: i });
    }
  };
  flood(105);
  assertEquals(taken(), Array(5).fill("app_refused"));
  clock.advance(1_000);
  assertEquals(taken(), ["app_refused 100"]);
  flood(7);
  clock.advance(1_000);
  assertEquals(taken(), ["app_refused 7"]);
  // It was quiet for a second: from the beginning.
  clock.advance(1_000);
  flood(6);
  assertEquals(taken(), Array(5).fill("app_refused"));
  log.close();
  assertEquals(taken(), ["app_refused 1"]);
  assertEquals(clock.alarms, 0);
});

Deno.test("a flood of one thing hides no other, of the same event or of another", () => {
  const { log, taken } = guarded();
  for (let i = 0; i < 100; i++) log.warning("app_refused", "m", { remote: `10.0.0.1:${i}`, reason: "TLS" });
  taken();
  log.warning("app_refused", "m", { remote: "10.0.0.2:1", reason: "no CER in time" });
  log.warning("dra_down", "m", { dra: "dra-1", reason: "lost" });
  log.warning("dra_down", "m", { dra: "dra-2", reason: "lost" });
  assertEquals(taken(), ["app_refused", "dra_down", "dra_down"]);
  log.close();
});

Deno.test("what a stranger makes up anew each time is bounded too", () => {
  const { log, taken, clock } = guarded();
  for (let i = 0; i < 20_000; i++) log.warning("app_refused", "m", { reason: `I am ${"x".repeat(i % 5000)}` });
  const written = taken().length;
  clock.advance(1_000);
  const counted = taken().map((line) => Number(line.split(" ")[1]));
  assertEquals(written + counted.reduce((sum, count) => sum + count, 0), 20_000);
  assertEquals(written <= 5 * 501, true, `${written} lines`);
  log.close();
});

Deno.test("lines below the level are not counted", () => {
  const { log, taken, clock } = guarded();
  for (let i = 0; i < 100; i++) log.debug("app_silent", "m");
  assertEquals(clock.alarms, 0);
  log.close();
  assertEquals(taken(), []);
});
