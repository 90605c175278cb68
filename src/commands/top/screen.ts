/**
 * What a screen of a given size shows of a gateway.
 *
 * PURE.
 * @module
 */
import { grouped, plural } from "../../host/numbers.ts";
import { escapeControls } from "../../ops/log/escape_controls.ts";
import { cut, type TableLines, tableLines } from "../admin/columns.ts";
import { instanceLines } from "../admin/grpc.ts";
import { troubleText } from "../admin/text.ts";
import { cut as cutPainted } from "../cli/live_line.ts";
import type { Palette } from "../cli/terminal.ts";
import { appColumns, draColumns } from "./columns.ts";
import { clockText, eventText, isBad } from "./events.ts";
import { footLine } from "./foot.ts";
import { headLines } from "./head.ts";
import { HELP } from "./help.ts";
import { rateText } from "./rates.ts";
import { sortedApps, sortedDras, type View } from "./view.ts";

/** Lines of events where there is little room. */
const FEW_EVENTS = 4;
/** Logic Apps of which something is seen before there is room for more events. */
const FEW_APPS = 3;

/**
 * The lines of the screen: exactly `height` of them, none wider than `width`. With an infinite
 * height there are as many as it takes, and no line of keys at the foot.
 */
export function compose(view: View, width: number, height: number, colours: Palette): string[] {
  const head = headLines(view, width, colours);
  const foot = height === Infinity ? [] : [footLine(view, width, colours)];
  const room = Math.max(0, height - head.length - foot.length);
  const body = view.control.isHelp ? helpLines(width, colours) : bodyLines(view, width, room, colours);
  const lines = [...head, ...body.slice(0, room)];
  if (height !== Infinity) {
    while (lines.length + foot.length < height) lines.push("");
    lines.splice(Math.max(0, height - foot.length), Infinity, ...foot);
  }
  // What was made to fit does; on a screen that is narrower than anything can be, this cuts it.
  return lines.map((line) => cutPainted(line, width));
}

/** What each plane that runs has to show, and events, as far as there is room. */
function bodyLines(view: View, width: number, room: number, colours: Palette): string[] {
  const { status, clusters } = view.snapshot;
  const rate = (key: string) => rateText(view.rates?.instances.get(key));
  const grpc = status.grpc === undefined ? [] : instanceLines(clusters, width, colours, rate);
  if (status.statistics === undefined) {
    const wanted = view.events.length === 0 ? 0 : 2 + Math.min(FEW_EVENTS, view.events.length);
    const lines = grpc.slice(0, Math.max(0, room - wanted));
    if (lines.length > 0) lines.push("");
    return [...lines, ...eventLines(view, width, room - lines.length, colours)];
  }
  // Beside DRAs and Logic Apps, instances have a third.
  const shown = grpc.slice(0, Math.min(grpc.length, Math.floor(room / 3)));
  const extra = shown.length === 0 ? [] : [...shown, ""];
  return [...extra, ...diameterLines(view, width, room - extra.length, colours)];
}

/** DRAs first, then Logic Apps, then events, each as far as there is room. */
function diameterLines(view: View, width: number, room: number, colours: Palette): string[] {
  const { snapshot, events, rates, control } = view;
  const dras = draLines(view, width, colours);
  const apps = sortedApps(snapshot, rates, control.sort);
  const wantedEvents = events.length === 0 ? 0 : 2 + Math.min(FEW_EVENTS, events.length);
  const wantedApps = apps.length === 0 ? 2 : 3 + Math.min(FEW_APPS, apps.length);
  const forDras = Math.min(dras.lines.length + 1, Math.max(room - wantedEvents - wantedApps, Math.min(room, 5)));
  const lines = window(dras, forDras, colours);
  const appTable = tableLines(appColumns(view, width, colours), apps, width);
  const appRoom = Math.min(room - lines.length - wantedEvents, appTable.rows.length + 3);
  if (appRoom >= 2) lines.push("", ...appLines(view, appTable, appRoom - 1, width, colours));
  const eventRoom = room - lines.length - 1;
  if (events.length > 0 && eventRoom >= 2) lines.push("", ...eventLines(view, width, eventRoom, colours));
  return lines;
}

interface DraLines {
  readonly head: string;
  /** The rows, each with why it is not used. */
  readonly lines: readonly string[];
  /** First and last line of the one that is selected. */
  readonly selected: readonly [first: number, last: number];
}

function draLines({ snapshot, rates, control }: View, width: number, colours: Palette): DraLines {
  const rows = sortedDras(snapshot, rates, control.sort);
  const isSelected = ({ name }: { readonly name: string }) => name === control.selected;
  const table = tableLines(
    draColumns(rates, isSelected, colours),
    rows,
    width,
    // Styles within a line that is shown inverse would end that.
    (row) => !isSelected(row),
  );
  const lines: string[] = [];
  let selected: readonly [number, number] = [0, 0];
  rows.forEach((row, nth) => {
    const first = lines.length;
    const line = table.rows[nth]!;
    lines.push(isSelected(row) ? colours.inverse(line.padEnd(width)) : line);
    const trouble = troubleText(row);
    if (trouble !== "") lines.push(colours.dim(cut(`    ${escapeControls(trouble)}`, width)));
    if (isSelected(row)) selected = [first, lines.length - 1];
  });
  return { head: table.head, lines, selected };
}

/** So much of the DRAs as goes into `room` lines, with the one that is selected among them. */
function window({ head, lines, selected }: DraLines, room: number, { bold }: Palette): string[] {
  if (room <= 0) return [];
  if (lines.length === 0) return ["no DRA is configured"];
  const shown = Math.max(1, room - 1);
  // No further than it takes; all of the one that is selected, or its beginning.
  const start = Math.max(0, Math.min(selected[1] - shown + 1, selected[0]));
  return [bold(head), ...lines.slice(start, start + shown)].slice(0, room);
}

function appLines(
  { snapshot }: View,
  { head, rows }: TableLines,
  room: number,
  width: number,
  { bold, dim }: Palette,
): string[] {
  if (rows.length === 0) return [dim(cut("no Logic App is connected", width))];
  const isWhole = rows.length <= room - 1 && !snapshot.hasMoreApps;
  if (!isWhole && room < 3) {
    return [dim(cut(`${snapshot.hasMoreApps ? "more than " : ""}${plural(rows.length, "Logic App")}`, width))];
  }
  const shown = isWhole ? rows : rows.slice(0, room - 2);
  const left = rows.length - shown.length;
  const more = snapshot.hasMoreApps ? `more than ${grouped(left)}` : grouped(left);
  const rest = isWhole ? [] : [dim(cut(`... and ${more} other${left === 1 ? "" : "s"}`, width))];
  return [bold(head), ...shown, ...rest];
}

function eventLines({ events }: View, width: number, room: number, { bold, dim, yellow }: Palette): string[] {
  if (room < 2 || events.length === 0) return [];
  const lines = events.slice(0, room - 1).map((event) => {
    const clock = clockText(event.time);
    const text = cut(eventText(event), Math.max(0, width - clock.length - 1));
    return `${dim(cut(clock, width))} ${isBad(event) ? yellow(text) : text}`;
  });
  return [bold(cut("EVENTS", width)), ...lines];
}

function helpLines(width: number, { bold, dim }: Palette): string[] {
  const keys = Math.max(...HELP.map(([key]) => key.length));
  return [
    "",
    bold(cut("Keys", width)),
    ...HELP.map(([key, does]) => cut(`  ${key.padEnd(keys)}  ${does}`, width)),
    "",
    dim(cut("any key goes back", width)),
  ];
}
