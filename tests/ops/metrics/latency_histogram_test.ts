import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { LatencyHistogram } from "../../../src/ops/metrics/latency_histogram.ts";

function histogramOf(values: readonly number[]): LatencyHistogram {
  const histogram = new LatencyHistogram();
  for (const value of values) histogram.record(value);
  return histogram;
}

Deno.test("percentiles are within one percent of the truth, whatever the values", () => {
  const milliseconds = fc.double({ min: 0.02, max: 200_000, noNaN: true });
  fc.assert(
    fc.property(fc.array(milliseconds, { minLength: 1, maxLength: 300 }), (values) => {
      const histogram = histogramOf(values);
      const sorted = values.toSorted((a, b) => a - b);
      for (const percent of [1, 50, 90, 99, 99.9, 100]) {
        const truth = sorted[Math.max(0, Math.ceil(values.length * percent / 100) - 1)]!;
        const told = histogram.percentile(percent);
        assert(Math.abs(told - truth) <= truth * 0.01, `p${percent}: ${told} instead of ${truth}`);
      }
    }),
  );
});

Deno.test("the largest value and the mean are exact", () => {
  const { count, max, mean } = histogramOf([1, 2, 6]).summary();
  assertEquals([count, max, mean], [3, 6, 3]);
});

Deno.test("two histograms add up, and can be emptied", () => {
  const sum = histogramOf([1, 2]);
  sum.add(histogramOf([3, 100]));
  assertEquals([sum.count, sum.max], [4, 100]);
  assert(Math.abs(sum.percentile(75) - 3) < 0.03);
  sum.clear();
  assertEquals(sum.summary(), { count: 0, mean: 0, p50: 0, p90: 0, p99: 0, p999: 0, max: 0 });
});

Deno.test("what no bucket holds counts as the nearest that does", () => {
  assert(histogramOf([-1]).percentile(50) <= 0.0001);
  assertEquals(histogramOf([1e9]).max, 1e9);
  assert(histogramOf([1e9]).percentile(50) > 200_000);
});
