/**
 * What came of a load, for people and for scripts.
 * @module
 */
import type { AppSimulatorCounters } from "../diameter/sim/app_counters.ts";
import type { LatencySummary } from "../diameter/sim/latency_histogram.ts";
import { grouped, milliseconds, plural, table } from "./numbers.ts";

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

/** The report as an object of JSON, names in snake case. Counters are those of the whole run, warm-up included. */
export function reportJson(report: LoadReport, counters: AppSimulatorCounters): Record<string, unknown> {
  const { seconds, answered, latency } = report;
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
    seconds: round(seconds),
    requests_per_second: Math.round(answered / seconds),
    latency_ms: latencyJson(latency),
  };
}

/** Percentiles as an object of JSON. */
export function latencyJson({ mean, p50, p90, p99, p999, max }: LatencySummary): Record<string, number> {
  return {
    mean: round(mean),
    p50: round(p50),
    p90: round(p90),
    p99: round(p99),
    "p99.9": round(p999),
    max: round(max),
  };
}

/** The report in lines; the last one says what is lost. */
export function reportText(report: LoadReport, counters: AppSimulatorCounters): string {
  const { seconds, answered, latency } = report;
  const lines = [
    `${grouped(answered / seconds)} requests/s over ${seconds.toFixed(1)} s`,
    latencyText(latency),
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

/** `latency p50 .. p90 .. p99 .. p99.9 .. max ..`. */
export function latencyText({ p50, p90, p99, p999, max }: LatencySummary): string {
  const values: [string, number][] = [["p50", p50], ["p90", p90], ["p99", p99], ["p99.9", p999], ["max", max]];
  return `latency ${values.map(([name, value]) => `${name} ${milliseconds(value)}`).join(", ")}`;
}

/** Several latencies, one below the other. */
export function latencyTable(rows: readonly (readonly [name: string, latency: LatencySummary])[]): string {
  return table([
    ["", "p50", "p90", "p99", "p99.9", "max"],
    ...rows.map(([name, { p50, p90, p99, p999, max }]) => [name, ...[p50, p90, p99, p999, max].map(milliseconds)]),
  ]);
}

function round(value: number): number {
  return Math.round(value * 10_000) / 10_000;
}
