import { assert, assertEquals } from "@std/assert";
import { assemble } from "../../../src/diameter/relay/assemble.ts";
import { DEFAULT_OPTIONS } from "../../../src/diameter/relay/core/options.ts";
import { statusOf } from "../../../src/diameter/relay/status.ts";
import { FakeClock } from "../../support/fake_clock.ts";

Deno.test("the latency of a DRA is in milliseconds, and that of now: what is older than 20 s is not in it", () => {
  const clock = new FakeClock();
  const dras = [{ name: "dra-1", host: "127.0.0.1", port: 3868, priority: 1, weight: 100, originHost: "", bind: "" }];
  const parts = assemble({ ...DEFAULT_OPTIONS, draPool: { ...DEFAULT_OPTIONS.draPool, dras } }, undefined, clock);
  const latency = () => statusOf(parts).dras[0]!.latency;
  const pass = (seconds: number) => {
    for (let i = 0; i < seconds * 10; i++) {
      clock.advance(100);
      parts.housekeeping.tick();
    }
  };
  const { duration } = parts.pool.dras[0]!.meters;
  assertEquals(latency(), { p50: undefined, p99: undefined });
  pass(1);
  duration.observe(2_000, 99);
  duration.observe(500_000, 99);
  const { p50, p99 } = latency();
  assert(Math.abs(p50! - 2) < 0.1 && Math.abs(p99! - 500) < 20, `${p50} ms, ${p99} ms`);
  pass(11);
  duration.observe(2_000, 100);
  assert(latency().p99! > 400);
  pass(10);
  assert(latency().p99! < 3, "it is quick again");
  pass(20);
  assertEquals(latency(), { p50: undefined, p99: undefined });
  parts.toDras.dispose();
  parts.toApps.dispose();
});
