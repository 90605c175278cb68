/**
 * The gRPC plane as people read it: a table of all instances, each with why it does not serve.
 *
 * PURE.
 * @module
 */
import { grouped } from "../../host/numbers.ts";
import { escapeControls } from "../../ops/log/escape_controls.ts";
import type { Palette } from "../cli/terminal.ts";
import { type Column, cut, tableLines } from "./columns.ts";
import type { ClusterRow } from "./shapes.ts";

/** An instance, and whose. */
type Row = ClusterRow["instances"][number] & { readonly cluster: string };

/** Its name among all instances of all clusters. */
export function instanceKey(cluster: string, id: string): string {
  return JSON.stringify([cluster, id]);
}

/**
 * The table, its head first; what does not serve has a line more. @param rate calls for each
 * second, as text, where they are known
 */
export function instanceLines(
  clusters: readonly ClusterRow[],
  width: number,
  colours: Palette,
  rate?: (key: string) => string,
): string[] {
  const { bold, dim } = colours;
  const rows: Row[] = clusters.flatMap(({ name, instances }) => instances.map((one) => ({ ...one, cluster: name })));
  const { head, rows: lines } = tableLines(columns(colours, rate), rows, width);
  const found = rows.length === 0 ? [] : [bold(head)];
  rows.forEach(({ state, last_error: error }, nth) => {
    found.push(lines[nth]!);
    if (state !== "ready" && error) found.push(dim(cut(`    ${escapeControls(error)}`, width)));
  });
  for (const { name, instances, discoverer } of clusters) {
    const cluster = escapeControls(name);
    if (instances.length === 0) found.push(cut(`cluster ${cluster} has no instance`, width));
    const error = discoverer?.last_error ?? "";
    if (error !== "") found.push(dim(cut(`    discoverer of ${cluster}: ${escapeControls(error)}`, width)));
  }
  return found;
}

function columns({ green, yellow, red, dim }: Palette, rate?: (key: string) => string): readonly Column<Row>[] {
  const paint = ({ state, enabled }: Row) =>
    state === "ready" || state === "idle" ? green : !enabled ? dim : /failed|unhealthy/.test(state) ? red : yellow;
  return [
    { title: "CLUSTER", rank: 0, most: 32, text: ({ cluster }) => escapeControls(cluster) },
    { title: "INSTANCE", rank: 0, most: 40, text: ({ id }) => escapeControls(id) },
    {
      title: "ADDRESS",
      rank: 5,
      most: 48,
      text: ({ id, address }) => id === address ? "" : escapeControls(address),
    },
    { title: "STATE", rank: 0, least: "connecting".length, text: ({ state }) => escapeControls(state), paint },
    ...(rate === undefined ? [] : [
      {
        title: "CALLS/S",
        align: "right",
        rank: 1,
        text: ({ cluster, id }: Row) => rate(instanceKey(cluster, id)),
      } as const,
    ]),
    { title: "IN FLIGHT", align: "right", rank: 2, text: (row) => grouped(row.in_flight) },
    { title: "CALLS", align: "right", rank: 4, text: ({ calls }) => grouped(calls) },
    { title: "FAILURES", align: "right", rank: 3, text: ({ failures }) => grouped(failures) },
    { title: "SESSIONS", align: "right", rank: 6, text: (row) => grouped(row.sticky_keys) },
  ];
}
