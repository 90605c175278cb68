import { assertEquals, assertThrows } from "@std/assert";
import { CounterFamily } from "../../../src/ops/metrics/counter.ts";
import { HistogramFamily } from "../../../src/ops/metrics/histogram_family.ts";
import { Readings } from "../../../src/ops/metrics/readings.ts";
import { Registry } from "../../../src/ops/metrics/registry.ts";

Deno.test("every family shows HELP and TYPE while it is empty", () => {
  const registry = new Registry();
  registry.add(new CounterFamily("diamgw_screened_total", "Screened.", ["rule"]));
  registry.add(new Readings("gauge", "diamgw_sessions", "Sessions."));
  registry.add(new HistogramFamily("diamgw_wait_seconds", "Waits.", ["dra"]));
  assertEquals(
    registry.text(),
    `# HELP diamgw_screened_total Screened.
# TYPE diamgw_screened_total counter
# HELP diamgw_sessions Sessions.
# TYPE diamgw_sessions gauge
# HELP diamgw_wait_seconds Waits.
# TYPE diamgw_wait_seconds histogram
`,
  );
});

/** A label value, and how it stands between the quotes. */
const VALUES: readonly (readonly [value: string, shown: string])[] = [
  ["dra-1", "dra-1"],
  ["", ""],
  ['a"b', 'a\\"b'],
  ["a\\b", "a\\\\b"],
  ["a\nb", "a\\nb"],
  ["\\n", "\\\\n"],
  ["Zürich {1}, =", "Zürich {1}, ="],
];
for (const [value, shown] of VALUES) {
  Deno.test(`the label value ${JSON.stringify(value)} is escaped`, () => {
    const family = new CounterFamily("diamgw_a_total", "A.", ["dra"]);
    family.of({ dra: value });
    assertEquals([...family.lines()], [`diamgw_a_total{dra="${shown}"} 0\n`]);
  });
}

/** A number, and how it is written. */
const NUMBERS: readonly (readonly [value: number, shown: string])[] = [
  [0, "0"],
  [-0, "0"],
  [1.5, "1.5"],
  [2 ** 53, "9007199254740992"],
  [1e21, "1e+21"],
  [1e-7, "1e-7"],
  [NaN, "NaN"],
  [Infinity, "+Inf"],
  [-Infinity, "-Inf"],
];
for (const [value, shown] of NUMBERS) {
  Deno.test(`the number ${value} is written ${shown}`, () => {
    const family = new Readings("gauge", "diamgw_a", "A.").from(() => [[{}, value]]);
    assertEquals([...family.lines()], [`diamgw_a ${shown}\n`]);
  });
}

Deno.test("a help text with line ends and backslashes stays one line", () => {
  const registry = new Registry();
  registry.add(new Readings("gauge", "diamgw_a", 'One\\two\n"three".'));
  assertEquals(registry.text().split("\n")[0], '# HELP diamgw_a One\\\\two\\n"three".');
  assertEquals(registry.text("openmetrics").split("\n")[0], '# HELP diamgw_a One\\\\two\\n\\"three\\".');
});

Deno.test("OpenMetrics names a counter without _total above its samples, and ends with EOF", () => {
  const registry = new Registry();
  registry.add(new CounterFamily("diamgw_failovers_total", "Failovers."));
  assertEquals(
    registry.text("openmetrics"),
    "# HELP diamgw_failovers Failovers.\n# TYPE diamgw_failovers counter\ndiamgw_failovers_total 0\n# EOF\n",
  );
});

Deno.test("a family that cannot be read is told, and the others are shown", () => {
  const failures: unknown[] = [];
  const registry = new Registry((family, error) => failures.push(`${family}: ${(error as Error).message}`));
  registry.add(new Readings("gauge", "diamgw_a", "A.")).from(() => {
    throw new Error("no luck");
  });
  registry.add(new CounterFamily("diamgw_b_total", "B."));
  assertEquals(registry.text().split("\n").filter((line) => !line.startsWith("#")), ["diamgw_b_total 0", ""]);
  assertEquals(failures, ["diamgw_a: no luck"]);
});

Deno.test("a name can be declared once", () => {
  const registry = new Registry();
  registry.add(new CounterFamily("diamgw_a_total", "A."));
  assertThrows(
    () => registry.add(new CounterFamily("diamgw_a_total", "B.")),
    TypeError,
    "diamgw_a_total: it is declared already",
  );
});
