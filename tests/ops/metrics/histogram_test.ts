import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { Buckets, Histogram } from "../../../src/ops/metrics/histogram.ts";
import { HistogramFamily } from "../../../src/ops/metrics/histogram_family.ts";

const BOUNDS = [0.0001, 0.001, 0.0025, 0.1, 10];

/**
 * Each value in microseconds, and the number of the bucket that it belongs into: bounds are
 * inclusive.
 */
const PLACES: readonly (readonly [value: number, bucket: number])[] = [
  [0, 0],
  [-5, 0],
  [NaN, 0],
  [1, 0],
  [99, 0],
  [100, 0],
  [101, 1],
  [1000, 1],
  [1001, 2],
  [2500, 2],
  [2501, 3],
  [100_000, 3],
  [10_000_000, 4],
  [10_000_001, 5],
  [0x7fff_ffff, 5],
  [0x8000_0000, 5],
  [1e15, 5],
  [Infinity, 5],
];

for (const [value, bucket] of PLACES) {
  Deno.test(`${value} microseconds belong into bucket ${bucket}`, () => {
    const histogram = new Histogram(new Buckets(BOUNDS));
    histogram.observe(value);
    assertEquals([...histogram.counts].indexOf(1), bucket);
    assertEquals(histogram.count, 1);
  });
}

Deno.test("every value is counted in the bucket of the first bound that it does not exceed", () => {
  const bounds = fc.uniqueArray(fc.integer({ min: 1, max: 0x7fff_fffe }), { minLength: 1, maxLength: 30 });
  fc.assert(fc.property(bounds, fc.array(fc.integer({ min: 0, max: 0x7fff_ffff })), (limits, values) => {
    limits.sort((a, b) => a - b);
    const histogram = new Histogram(new Buckets(limits.map((limit) => limit / 1e6)));
    for (const value of values) histogram.observe(value);
    const expected = [...limits, Infinity].map((limit, i) =>
      values.filter((value) => value <= limit && value > (limits[i - 1] ?? -1)).length
    );
    assertEquals([...histogram.counts], expected);
    assertEquals(histogram.sum, values.reduce((sum, value) => sum + value, 0) / 1e6);
  }));
});

Deno.test("quantiles are within 1/32 of the value that has that rank", () => {
  const shares = [0, 0.5, 0.9, 0.99, 1];
  fc.assert(fc.property(fc.array(fc.integer({ min: 0, max: 0x7fff_ffff }), { minLength: 1 }), (values) => {
    const histogram = new Histogram(new Buckets(BOUNDS));
    for (const value of values) histogram.observe(value);
    const sorted = [...values].sort((a, b) => a - b);
    for (const share of shares) {
      const exact = sorted[Math.max(1, Math.ceil(sorted.length * share)) - 1]!;
      const got = histogram.quantile(share)! * 1e6;
      assert(Math.abs(got - exact) <= exact / 32 + 1e-3, `${share}: ${got} instead of ${exact}`);
    }
  }));
});

Deno.test("quantiles of nothing are undefined, and forget what came before the last turn but one", () => {
  const histogram = new Histogram(new Buckets(BOUNDS));
  assertEquals(histogram.quantile(0.5), undefined);
  histogram.observe(20, 5);
  histogram.turn();
  assertEquals(histogram.quantile(0.5), 20 / 1e6);
  histogram.observe(8);
  histogram.turn();
  assertEquals(histogram.quantile(1), 8 / 1e6);
  histogram.turn();
  assertEquals(histogram.quantile(0.5), undefined);
  assertEquals([histogram.count, histogram.sum], [6, 108 / 1e6]);
});

Deno.test("a histogram counts on above what 32 bits hold", () => {
  const histogram = new Histogram(new Buckets([1]));
  histogram.observe(1, 4e9);
  histogram.observe(1, 4e9);
  assertEquals([...histogram.counts], [8e9, 0]);
});

Deno.test("a family of histograms shows buckets that add up, then sum and count", () => {
  const family = new HistogramFamily("diamgw_request_duration_seconds", "How long.", ["dra"], { bounds: [0.001, 1] });
  family.of({ dra: "east" }).observe(1000, 2);
  family.of({ dra: "east" }).observe(500_000);
  family.of({ dra: "east" }).observe(2_000_000);
  assertEquals(
    [...family.lines("prometheus")].join(""),
    [
      'diamgw_request_duration_seconds_bucket{dra="east",le="0.001"} 2',
      'diamgw_request_duration_seconds_bucket{dra="east",le="1"} 3',
      'diamgw_request_duration_seconds_bucket{dra="east",le="+Inf"} 4',
      'diamgw_request_duration_seconds_sum{dra="east"} 2.502',
      'diamgw_request_duration_seconds_count{dra="east"} 4',
      "",
    ].join("\n"),
  );
  assertEquals([...family.lines("openmetrics")].join("").split("\n")[1]?.includes('le="1.0"'), true);
});

Deno.test("a histogram without labels is there from the start, and may count milliseconds", () => {
  const family = new HistogramFamily("diamgw_stay_seconds", "Stay.", [], { bounds: [86400], unitsPerSecond: 1000 });
  assertEquals([...family.lines("prometheus")].join("").split("\n")[0], 'diamgw_stay_seconds_bucket{le="86400"} 0');
  family.of({}).observe(86_400_000);
  family.of({}).observe(86_400_001);
  assertEquals([...family.of({}).counts], [1, 1]);
});

Deno.test("a value that comes many times in a row is counted each time, whenever somebody looks", () => {
  const histogram = new Histogram(new Buckets([0.001, 0.002]));
  for (const value of [500, 500, 500, 1500, 1500, 500, 0, 0, -1]) histogram.observe(value);
  assertEquals([...histogram.counts], [7, 2, 0]);
  assertEquals(histogram.count, 9);
  assertEquals(histogram.sum, 0.005);
  histogram.observe(-5, 3);
  histogram.observe(3000, 2);
  assertEquals(histogram.sum, 0.011);
  assertEquals([...histogram.counts], [10, 2, 2]);
  histogram.observe(3000);
  histogram.turn();
  histogram.observe(3000);
  assertEquals(histogram.count, 16);
  assertEquals(Math.round(histogram.quantile(1)! * 1000), 3);
});

for (const bounds of [[], [0], [-1, 1], [1, 1], [2, 1], [NaN]]) {
  Deno.test(`bounds [${bounds}] are refused`, () => {
    assertThrows(() => new Buckets(bounds), RangeError, "rising bounds");
  });
}
