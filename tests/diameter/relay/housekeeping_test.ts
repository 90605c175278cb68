/** What is done now and then. */
import { assertEquals } from "@std/assert";
import { DEFAULT_OPTIONS } from "../../../src/diameter/relay/core/options.ts";
import { Meters } from "../../../src/diameter/relay/core/meters.ts";
import { TICK } from "../../../src/diameter/relay/core/transactions.ts";
import { Housekeeping, type Kept } from "../../../src/diameter/relay/housekeeping.ts";

Deno.test("latencies are those of the last 10 to 20 seconds: what was slow an hour ago is forgotten", () => {
  const meters = new Meters();
  let now = 0;
  const nothing = {
    rest: () => {},
    advance: () => {},
    callWaiting: () => {},
    releaseQueued: () => {},
    links: () => [],
  };
  const runtime = {
    clock: { now: () => now },
    tickAt: (milliseconds: number) => Math.floor(milliseconds / TICK) + 1,
    options: DEFAULT_OPTIONS,
    segments: nothing,
    blocks: nothing,
    budgets: { answers: { exhausted: false } },
    meters,
  };
  const parts = {
    runtime,
    duplicates: { isOn: false },
    pool: nothing,
    apps: [],
    intakes: [],
    requests: nothing,
    toDras: nothing,
    toApps: nothing,
  };
  const housekeeping = new Housekeeping(parts as unknown as Kept);
  const { duration } = meters.ofDra("dra-1");
  const pass = (milliseconds: number) => {
    for (const end = now + milliseconds; now < end; now += TICK) housekeeping.tick();
  };
  pass(1_000);
  duration.observe(5_000_000);
  pass(9_000);
  assertEquals(Math.round(duration.quantile(0.5)!), 5);
  pass(20_000);
  assertEquals(duration.quantile(0.5), undefined);
  assertEquals(duration.count, 1, "what Prometheus reads stays");
});
