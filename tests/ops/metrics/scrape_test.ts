import { assert, assertEquals } from "@std/assert";
import { CounterFamily } from "../../../src/ops/metrics/counter.ts";
import { HistogramFamily } from "../../../src/ops/metrics/histogram_family.ts";
import { Readings } from "../../../src/ops/metrics/readings.ts";
import { Registry } from "../../../src/ops/metrics/registry.ts";
import { formatFor, scrape } from "../../../src/ops/metrics/scrape.ts";

/** Families of about `lines` lines: half counters, half histograms. */
function large(lines: number): Registry {
  const registry = new Registry();
  const counters = registry.add(new CounterFamily("diamgw_a_total", "A.", ["nth"], lines));
  const histograms = registry.add(new HistogramFamily("diamgw_b_seconds", "B.", ["nth"], { labelSets: lines }));
  for (let i = 0; i < lines / 2; i++) counters.of({ nth: String(i) }).value = i;
  for (let i = 0; i < lines / 40; i++) histograms.of({ nth: String(i) }).observe(i);
  return registry;
}

async function textOf(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of chunks) text += decoder.decode(chunk, { stream: true });
  return text;
}

Deno.test("100,000 lines come in chunks of a moderate size, and say the same as at once", async () => {
  const registry = large(100_000);
  let longest = 0;
  const sized = async function* () {
    for await (const chunk of scrape(registry)) {
      longest = Math.max(longest, chunk.length);
      yield chunk;
    }
  };
  const text = await textOf(sized());
  assertEquals(text, registry.text());
  assert(text.split("\n").length > 99_000, `${text.split("\n").length} lines`);
  assert(longest < 128 * 1024, `a chunk of ${longest} bytes`);
});

Deno.test("a scrape lets the event loop go on after 1 ms of work, however many lines are left", async () => {
  // Each line takes 0.01 ms of this clock: 100 lines are 1 ms, and 16 more may follow until the
  // next look.
  let now = 0;
  let lines = 0;
  let longest = 0;
  let pauses = 0;
  const registry = new Registry();
  registry.add(new Readings("gauge", "diamgw_a", "A.", ["nth"])).from(function* () {
    for (let i = 0; i < 100_000; i++) {
      now += 0.01;
      longest = Math.max(longest, ++lines);
      yield [{ nth: String(i) }, i] as const;
    }
  });
  const pace = {
    now: () => now,
    pause: () => {
      pauses++;
      lines = 0;
      now += 50;
      return Promise.resolve();
    },
  };
  await textOf(scrape(registry, "prometheus", pace));
  assert(longest <= 116, `${longest} lines in one go`);
  assert(pauses >= 100_000 / 116, `${pauses} pauses`);
});

Deno.test("timers go off while a long scrape is written", async () => {
  const registry = large(100_000);
  let ticks = 0;
  const timer = setInterval(() => ticks++, 0);
  const text = await textOf(scrape(registry));
  clearInterval(timer);
  assert(text.length > 1_000_000);
  assert(ticks > 3, `${ticks} ticks`);
});

Deno.test("a reader that goes away in the middle ends the scrape", async () => {
  let read = 0;
  const registry = new Registry();
  registry.add(new Readings("gauge", "diamgw_a", "A.", ["nth"])).from(function* () {
    for (; read < 1_000_000; read++) yield [{ nth: String(read) }, read] as const;
  });
  for await (const _ of scrape(registry)) break;
  assert(read < 100_000, `${read} lines were read`);
});

Deno.test("what must be fetched is fetched before each scrape, and a failure is told", async () => {
  const failures: string[] = [];
  const registry = new Registry((family, error) => failures.push(`${family}: ${(error as Error).message}`));
  let value = 0;
  registry.before(async () => {
    await Promise.resolve();
    value++;
  });
  registry.before(() => Promise.reject(new Error("no luck")));
  registry.add(new Readings("gauge", "diamgw_a", "A.")).from(() => [[{}, value]]);
  await textOf(scrape(registry));
  assert((await textOf(scrape(registry))).endsWith("diamgw_a 2\n"));
  assertEquals(failures, ["process: no luck", "process: no luck"]);
});

/** Accept headers, and who gets OpenMetrics for them. */
const ACCEPTS: readonly (readonly [accept: string | null, format: string])[] = [
  [null, "prometheus"],
  ["", "prometheus"],
  ["*/*", "prometheus"],
  ["text/html,application/xhtml+xml,*/*;q=0.8", "prometheus"],
  ["text/plain;version=0.0.4", "prometheus"],
  ["application/openmetrics-text", "openmetrics"],
  ["Application/OpenMetrics-Text; version=1.0.0; charset=utf-8", "openmetrics"],
  // Prometheus 2.x
  [
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
    "openmetrics",
  ],
  ["text/plain;q=0.9, application/openmetrics-text;q=0.5", "prometheus"],
  ["application/openmetrics-text;q=0", "prometheus"],
  ["application/openmetrics-text;q=x", "prometheus"],
];
for (const [accept, format] of ACCEPTS) {
  Deno.test(`Accept: ${accept} gets ${format}`, () => assertEquals(formatFor(accept), format));
}
