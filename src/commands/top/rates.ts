/**
 * What happened between two looks at a gateway, for each second.
 *
 * PURE.
 * @module
 */
import { grouped } from "../../host/numbers.ts";
import { instanceKey } from "../admin/grpc.ts";
import type { AppRow, DraRow, StatisticsBlock } from "../admin/shapes.ts";
import type { Snapshot } from "../admin/snapshot.ts";

/** Of one DRA, or one Logic App, as the gateway sees it. */
export interface PeerRates {
  /** Application messages to it, for each second. */
  readonly sent: number;
  readonly received: number;
  readonly bytesSent: number;
  readonly bytesReceived: number;
}

/** Counters of the statistics block whose rates are shown. */
export const COUNTERS = [
  "total_requests",
  "total_responses",
  "to_dra",
  "from_dra",
  "to_app",
  "from_app",
  "sessions_completed",
  "sessions_rejected",
  "sessions_expired",
  "sessions_abandoned",
] as const satisfies readonly (keyof StatisticsBlock)[];

/** One of these. */
export type Counter = typeof COUNTERS[number];

/** All rates; whatever was not there both times, or began anew in between, has none. */
export interface Rates {
  /** Between the two looks. */
  readonly seconds: number;
  readonly counters: Readonly<Record<Counter, number>> | undefined;
  /** By name. */
  readonly dras: ReadonlyMap<string, PeerRates>;
  /** By id. */
  readonly apps: ReadonlyMap<AppRow["id"], PeerRates>;
  /** Events to devices of the chat plane. */
  readonly deliveries: number | undefined;
  /** gRPC calls. */
  readonly calls: number | undefined;
  /** Those of each instance, by {@link instanceKey}. */
  readonly instances: ReadonlyMap<string, number>;
}

/** The rates from `before` to `after`. */
export function ratesBetween(before: Snapshot, after: Snapshot): Rates {
  const seconds = (after.at - before.at) / 1000;
  const names = new Map(before.dras.map((dra) => [dra.name, dra]));
  const ids = new Map(before.apps.map((app) => [app.id, app]));
  // A gateway that was started again counts from 0, and may have passed its old numbers already.
  const isSame = after.status.uptime_seconds >= before.status.uptime_seconds;
  return {
    seconds,
    counters: isSame ? countersBetween(before.status.statistics, after.status.statistics, seconds) : undefined,
    dras: peers(isSame ? after.dras : [], ({ name }) => name, names, seconds),
    apps: peers(isSame ? after.apps : [], ({ id }) => id, ids, seconds),
    calls: isSame ? grew(before.status.grpc?.calls_total, after.status.grpc?.calls_total, seconds) : undefined,
    deliveries: isSame ? grew(before.status.chat?.deliveries, after.status.chat?.deliveries, seconds) : undefined,
    instances: isSame ? instanceRates(before, after, seconds) : new Map(),
  };
}

function grew(before: number | undefined, after: number | undefined, seconds: number): number | undefined {
  if (before === undefined || after === undefined || after < before || seconds <= 0) return undefined;
  return (after - before) / seconds;
}

function instanceRates(before: Snapshot, after: Snapshot, seconds: number): Map<string, number> {
  const calls = ({ clusters }: Snapshot) =>
    new Map(clusters.flatMap(({ name, instances }) => instances.map((one) => [instanceKey(name, one.id), one.calls])));
  const old = calls(before);
  const rates = new Map<string, number>();
  for (const [key, now] of calls(after)) {
    const rate = grew(old.get(key), now, seconds);
    if (rate !== undefined) rates.set(key, rate);
  }
  return rates;
}

function countersBetween(
  before: StatisticsBlock | undefined,
  after: StatisticsBlock | undefined,
  seconds: number,
): Record<Counter, number> | undefined {
  if (before === undefined || after === undefined || seconds <= 0) return undefined;
  const rates = {} as Record<Counter, number>;
  for (const name of COUNTERS) {
    if (after[name] < before[name]) return undefined;
    rates[name] = (after[name] - before[name]) / seconds;
  }
  return rates;
}

function peers<Row extends DraRow | AppRow, Key>(
  rows: readonly Row[],
  key: (row: Row) => Key,
  before: ReadonlyMap<Key, Row>,
  seconds: number,
): Map<Key, PeerRates> {
  const rates = new Map<Key, PeerRates>();
  for (const row of rows) {
    const old = before.get(key(row));
    if (old === undefined || seconds <= 0) continue;
    const rate = (name: "messages_sent" | "messages_received" | "bytes_sent" | "bytes_received") =>
      (row[name] - old[name]) / seconds;
    const found = {
      sent: rate("messages_sent"),
      received: rate("messages_received"),
      bytesSent: rate("bytes_sent"),
      bytesReceived: rate("bytes_received"),
    };
    if (Object.values(found).every((value) => value >= 0)) rates.set(key(row), found);
  }
  return rates;
}

/** A rate in few characters: `0`, `<0.1`, `0.4`, `12,345`; `-` when it is not known. */
export function rateText(rate: number | undefined): string {
  if (rate === undefined) return "-";
  if (rate > 0 && rate < 9.95) return rate < 0.05 ? "<0.1" : rate.toFixed(1).replace(/\.0$/, "");
  return grouped(rate);
}

const STEPS = ["B", "kB", "MB", "GB"] as const;

/** Bytes for each second: `0 B/s`, `12.3 MB/s`; `-` when it is not known. */
export function bytesText(rate: number | undefined): string {
  if (rate === undefined) return "-";
  let value = rate;
  let step = 0;
  while (value >= 999.5 && step < STEPS.length - 1) {
    value /= 1000;
    step++;
  }
  return `${step > 0 && value < 99.95 ? value.toFixed(1) : value.toFixed(0)} ${STEPS[step]}/s`;
}
