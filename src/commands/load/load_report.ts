/**
 * What came of a load, for people and for scripts.
 * @module
 */
import type { AppSimulatorCounters } from "../../diameter/sim/app_counters.ts";
import type { LatencySummary } from "../../ops/metrics/latency_histogram.ts";
import { grouped, milliseconds, plural, table } from "../../host/numbers.ts";

/** One load, measured. */
export interface LoadReport {
  /** From the first request to the last answer, in seconds; the warm-up is not in it. */
  readonly seconds: number;
  /** Answers in that time. */
  readonly answered: number;
  readonly latency: LatencySummary;
}

/** Whether every request has its answer, once and its own. */
export function isFlawless(counters: AppSimulatorCounters): boolean {
  return counters.lost === 0 && counters.faulty === 0;
}

/**
 * The report as an object of JSON, names in snake case. Counters are those of the whole run,
 * warm-up included; what was not measured is null.
 * @param report undefined when the load ended before its measurement began
 */
export function reportJson(report: LoadReport | undefined, counters: AppSimulatorCounters): Record<string, unknown> {
  return {
    requests: counters.sent,
    answered: counters.answered,
    lost: counters.lost,
    duplicated: counters.duplicated,
    mismatched: counters.mismatched,
    unknown: counters.unknown,
    late: counters.late,
    results: Object.fromEntries(counters.results),
    peer_requests: counters.peerRequests,
    connections_lost: counters.connectionsLost,
    ...(counters.firstFault === "" ? {} : { first_fault: counters.firstFault }),
    seconds: report === undefined ? null : round(report.seconds),
    requests_per_second: report === undefined ? null : Math.round(report.answered / report.seconds),
    latency_ms: report === undefined ? null : latencyJson(report.latency),
  };
}

/** Percentiles as an object of JSON; null when nothing was answered. */
export function latencyJson({ count, mean, p50, p90, p99, p999, max }: LatencySummary): Record<string, number> | null {
  if (count === 0) return null;
  return {
    mean: round(mean),
    p50: round(p50),
    p90: round(p90),
    p99: round(p99),
    "p99.9": round(p999),
    max: round(max),
  };
}

/**
 * The report in lines; the last one says what is lost.
 * @param report undefined when the load ended before its measurement began
 */
export function reportText(report: LoadReport | undefined, counters: AppSimulatorCounters): string {
  const lines = [
    ...(report === undefined ? ["ended before the measurement began"] : [
      `${grouped(report.answered / report.seconds)} requests/s over ${report.seconds.toFixed(1)} s`,
      `latency ${latencyText(report.latency, PERCENTILES)}`,
    ]),
    `results: ${counters.results.map(([result, count]) => `${result} ${grouped(count)}`).join(", ") || "none"}`,
  ];
  if (counters.peerRequests > 0) lines.push(`${plural(counters.peerRequests, "request")} of the other side answered`);
  if (counters.connectionsLost > 0) lines.push(`${plural(counters.connectionsLost, "connection")} lost`);
  const { mismatched, unknown, late } = counters;
  if (mismatched + unknown + late > 0) {
    lines.push(`mismatched ${mismatched}, to nothing that was asked ${unknown}, late ${late}`);
  }
  if (counters.firstFault !== "") lines.push(`first fault: ${counters.firstFault}`);
  lines.push(verdict(counters));
  return lines.join("\n");
}

/** `requests N, answered N, lost 0, duplicated 0`. */
export function verdict({ sent, answered, lost, duplicated }: AppSimulatorCounters): string {
  return `requests ${sent}, answered ${answered}, lost ${lost}, duplicated ${duplicated}`;
}

/** What a latency is told by. */
type Percentile = "p50" | "p90" | "p99" | "p999" | "max";

const NAMES: Readonly<Record<Percentile, string>> = { p50: "p50", p90: "p90", p99: "p99", p999: "p99.9", max: "max" };

/** All of them, as reports show them. */
export const PERCENTILES = ["p50", "p90", "p99", "p999", "max"] as const;

/**
 * `p50 .., p99 ..`; a word in their place when nothing was answered, because then there is no
 * latency.
 */
export function latencyText(latency: LatencySummary, percentiles: readonly Percentile[]): string {
  if (latency.count === 0) return "unknown: nothing was answered";
  return percentiles.map((name) => `${NAMES[name]} ${milliseconds(latency[name])}`).join(", ");
}

/** Several latencies, one below the other; a dash where nothing was answered. */
export function latencyTable(rows: readonly (readonly [name: string, latency: LatencySummary])[]): string {
  const cell = (latency: LatencySummary, name: Percentile) => latency.count === 0 ? "-" : milliseconds(latency[name]);
  return table([
    ["", ...PERCENTILES.map((name) => NAMES[name])],
    ...rows.map(([name, latency]) => [name, ...PERCENTILES.map((percentile) => cell(latency, percentile))]),
  ]);
}

function round(value: number): number {
  return Math.round(value * 10_000) / 10_000;
}
