/**
 * Counting and telling: counters, histograms and readings, and Prometheus' text of them.
 * Must not know what is counted: names and labels come from whoever counts.
 * @module
 */
export { Counter, CounterFamily } from "./counter.ts";
export { CountersByNumber } from "./counters_by_number.ts";
export type { Family, Labels, TextFormat } from "./family.ts";
export { DURATION_BOUNDS, Histogram, OVERHEAD_BOUNDS } from "./histogram.ts";
export { HistogramFamily, type HistogramOptions } from "./histogram_family.ts";
export { type LagClock, LagMeter } from "./lag_meter.ts";
export { addProcessMetrics, type ProcessUsage } from "./process_metrics.ts";
export { Readings, type Source } from "./readings.ts";
export { type ReadFailure, Registry } from "./registry.ts";
export { addLagMetric, addMemoryMetrics, type MemoryUsage } from "./runtime_metrics.ts";
export { CONTENT_TYPE, formatFor, scrape } from "./scrape.ts";
export { type Pace, Turns } from "./turns.ts";
