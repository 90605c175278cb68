/**
 * The statistics block as text.
 * @module
 */
import type { Statistics } from "../diameter/relay/statistics.ts";
import { grouped, table } from "./numbers.ts";

/** What the gateway as a whole has counted. */
export type Counters = Omit<Statistics, "dras">;

/** The block in lines of at most 80 columns, without a line feed at the end. */
export function statisticsText(statistics: Statistics): string {
  const dras = [
    ["DRA", "state", "sent", "received", "bytes sent", "bytes received", "reconnects"],
    ...statistics.dras.map((dra) => [
      dra.name,
      dra.state,
      grouped(dra.messages_sent),
      grouped(dra.messages_received),
      grouped(dra.bytes_sent),
      grouped(dra.bytes_received),
      grouped(dra.reconnects),
    ]),
  ];
  return `${countersText(statistics)}\n\n${table(dras)}`;
}

/** The block without its DRAs. */
export function countersText(statistics: Counters): string {
  const pairs: [name: string, value: string][][] = [
    [
      ["requests", grouped(statistics.total_requests)],
      ["answers", grouped(statistics.total_responses)],
      ["pending", grouped(statistics.active_sessions)],
      ["mean latency", `${statistics.avg_latency_ms.toFixed(2)} ms`],
    ],
    [
      ["completed", grouped(statistics.sessions_completed)],
      ["rejected", grouped(statistics.sessions_rejected)],
      ["expired", grouped(statistics.sessions_expired)],
      ["abandoned", grouped(statistics.sessions_abandoned)],
    ],
    [
      ["to DRAs", grouped(statistics.to_dra)],
      ["from DRAs", grouped(statistics.from_dra)],
      ["to apps", grouped(statistics.to_app)],
      ["from apps", grouped(statistics.from_app)],
    ],
    [
      ["DRAs usable", `${statistics.active_dras} of ${statistics.total_dras}`],
      ["priority", statistics.active_priority === null ? "none" : String(statistics.active_priority)],
      ["failovers", grouped(statistics.failover_count)],
      ["failbacks", grouped(statistics.failback_count)],
    ],
  ];
  return columns(pairs);
}

/** Names and values in columns of their own, whatever their widths. */
function columns(rows: readonly (readonly (readonly [name: string, value: string])[])[]): string {
  const widths: [number, number][] = [];
  for (const row of rows) {
    row.forEach(([name, value], i) => {
      const [nameWidth, valueWidth] = widths[i] ?? [0, 0];
      widths[i] = [Math.max(nameWidth, name.length), Math.max(valueWidth, value.length)];
    });
  }
  return rows.map((row) =>
    row.map(([name, value], i) => `${name.padEnd(widths[i]![0])} ${value.padStart(widths[i]![1])}`).join("   ")
  ).join("\n");
}
