/**
 * The columns of the tables. What matters least is left out first where the screen is narrow.
 *
 * PURE.
 * @module
 */
import { grouped } from "../../host/numbers.ts";
import { escapeControls } from "../../ops/log/escape_controls.ts";
import type { Column } from "../admin/columns.ts";
import type { AppRow, DraRow } from "../admin/shapes.ts";
import { addressText, latencyText, useText, weightText } from "../admin/text.ts";
import type { Palette } from "../cli/terminal.ts";
import { bytesText, type PeerRates, type Rates, rateText } from "./rates.ts";
import type { View } from "./view.ts";

/** Characters of a name or address at most. */
const LONGEST_NAME = 32;
const LONGEST_IDENTITY = 64;
/** And of an identity on a narrow screen, beside which some numbers have room. */
const SHORTEST_IDENTITY = 24;
const NUMBERS = 22;

/** The columns of the DRAs. */
export function draColumns(
  rates: Rates | undefined,
  isSelected: (dra: DraRow) => boolean,
  { green, yellow, red, dim }: Palette,
): readonly Column<DraRow>[] {
  const of = ({ name }: DraRow) => rates?.dras.get(name);
  const style = ({ usable, enabled, watchdog }: DraRow) =>
    usable ? (watchdog === "okay" ? green : yellow) : enabled ? red : dim;
  return [
    {
      title: "  DRA",
      rank: 0,
      most: LONGEST_NAME,
      text: (dra) => `${isSelected(dra) ? ">" : " "} ${escapeControls(dra.name)}`,
    },
    { title: "ADDRESS", rank: 12, most: LONGEST_NAME, text: (dra) => escapeControls(addressText(dra)) },
    { title: "PRIO", align: "right", rank: 6, text: ({ priority }) => String(priority) },
    { title: "WEIGHT", align: "right", rank: 9, text: weightText },
    { title: "USE", rank: 0, text: useText, paint: style },
    { title: "STATE", rank: 2, least: "DISCONNECTED".length, text: ({ state }) => escapeControls(state), paint: style },
    { title: "WATCHDOG", rank: 10, text: ({ watchdog }) => escapeControls(watchdog) },
    { title: "TO/S", align: "right", rank: 0, least: 7, text: (dra) => rateText(of(dra)?.sent) },
    { title: "FROM/S", align: "right", rank: 3, least: 7, text: (dra) => rateText(of(dra)?.received) },
    { title: "IN FLIGHT", align: "right", rank: 4, text: (dra) => grouped(dra.in_flight) },
    { title: "P50 MS", align: "right", rank: 8, text: (dra) => latencyText(dra.latency_ms?.p50) },
    { title: "P99 MS", align: "right", rank: 5, text: (dra) => latencyText(dra.latency_ms?.p99) },
    ...bytesColumns(of, 13),
    { title: "RECONNECTS", align: "right", rank: 15, text: (dra) => grouped(dra.reconnects) },
  ];
}

/** The columns of the Logic Apps. */
export function appColumns({ rates }: View, width: number, { yellow }: Palette): readonly Column<AppRow>[] {
  const of = ({ id }: AppRow) => rates?.apps.get(id);
  return [
    {
      title: "  LOGIC APP",
      rank: 0,
      most: Math.min(LONGEST_IDENTITY, Math.max(SHORTEST_IDENTITY, width - NUMBERS)),
      text: ({ origin_host: host }) => `  ${escapeControls(host === "" ? "(no CER yet)" : host)}`,
    },
    { title: "REMOTE", rank: 3, most: LONGEST_IDENTITY, text: ({ remote }) => escapeControls(remote) },
    {
      title: "STATE",
      rank: 4,
      text: ({ state }) => escapeControls(state),
      paint: ({ state }) => state === "OPEN" ? undefined : yellow,
    },
    { title: "TO/S", align: "right", rank: 2, least: 7, text: (app) => rateText(of(app)?.sent) },
    { title: "FROM/S", align: "right", rank: 0, least: 7, text: (app) => rateText(of(app)?.received) },
    { title: "IN FLIGHT", align: "right", rank: 1, text: (app) => grouped(app.in_flight) },
    ...bytesColumns(of, 5),
  ];
}

function bytesColumns<Row>(of: (row: Row) => PeerRates | undefined, rank: number): readonly Column<Row>[] {
  return [
    { title: "BYTES TO", align: "right", rank, least: 9, text: (row) => bytesText(of(row)?.bytesSent) },
    { title: "BYTES FROM", align: "right", rank, least: 9, text: (row) => bytesText(of(row)?.bytesReceived) },
  ];
}
