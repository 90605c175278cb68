/**
 * The head of the screen.
 *
 * PURE.
 * @module
 */
import { grouped } from "../../host/numbers.ts";
import { escapeControls } from "../../ops/log/escape_controls.ts";
import { cut } from "../admin/columns.ts";
import { ageText } from "../admin/text.ts";
import type { Palette } from "../cli/terminal.ts";
import { clockText } from "./events.ts";
import { type Counter, rateText } from "./rates.ts";
import type { View } from "./view.ts";

/** Who it is, how it is, and the numbers of the gateway as a whole. */
export function headLines(
  { url, now, snapshot, rates, history, lost }: View,
  width: number,
  colours: Palette,
): string[] {
  const { bold, green, yellow, red, inverse } = colours;
  const { status, isReady, reason } = snapshot;
  const { statistics } = status;
  const state = isReady ? status.state : `not ready, ${status.state}`;
  const paint = !isReady ? red : status.state === "ready" ? green : yellow;
  const clock = clockText(now);
  const name = cut(escapeControls(status.origin_host ?? url), Math.max(8, width - state.length - clock.length - 4));
  const about = `  diam-gw ${escapeControls(status.version)}  up ${ageText(status.uptime_seconds)}`;
  const left = `${name}  ${state}`;
  const space = width - left.length - clock.length;
  const middle = space > about.length ? about : "";
  const lines = [
    space < 1
      ? bold(cut(left, width))
      : `${bold(name)}  ${paint(state)}${middle}${" ".repeat(space - middle.length)}${clock}`,
  ];
  if (lost !== undefined) {
    const text = `no answer from ${url} for ${ageText((now - lost.since) / 1000)}: ${escapeControls(lost.reason)}`;
    lines.push(inverse(red(cut(text, width))));
  } else if (reason !== "") lines.push(paint(cut(escapeControls(reason), width)));
  if (status.grpc !== undefined) {
    const { grpc } = status;
    lines.push(...packed(
      [
        ["gRPC calls", `${rateText(rates?.calls)}/s`, 9, bold],
        ["in flight", grouped(grpc.calls_in_flight), 6, bold],
        ["clients", grouped(grpc.connections), 5, bold],
        ["sent again", grouped(grpc.retries_total), 0, bold],
        ["transferred", grouped(grpc.transfers_total), 0, bold],
      ],
      width,
      colours,
    ));
  }
  if (status.chat !== undefined) {
    const { connections, rooms, slow_consumers: slow, core, cache } = status.chat;
    lines.push(...packed(
      [
        ["chat deliveries", `${rateText(rates?.deliveries)}/s`, 9, bold],
        ["devices", grouped(connections), 6, bold],
        ["rooms", grouped(rooms), 5, bold],
        ["slow", grouped(slow), 0, bold],
        ["breaker", escapeControls(core.breaker), 0, core.breaker === "closed" ? bold : red],
        ["cache", cache.up ? "up" : "down", 0, cache.up ? bold : red],
      ],
      width,
      colours,
    ));
  }
  if (statistics === undefined) {
    return (status.grpc ?? status.chat) === undefined ? [...lines, cut("no Diameter plane runs in it", width)] : lines;
  }
  const rate = (counter: Counter) => `${rateText(rates?.counters?.[counter])}/s`;
  const priority = statistics.active_priority === null ? "none" : String(statistics.active_priority);
  const when = (isSo: boolean, style: Style) => isSo ? style : bold;
  const { active_dras: usable, total_dras: all } = statistics;
  const items: readonly Item[] = [
    ["requests", rate("total_requests"), 9, bold],
    ["answers", rate("total_responses"), 9, bold],
    ["in flight", grouped(statistics.active_sessions), 6, bold],
    ["mean", `${statistics.avg_latency_ms.toFixed(2)} ms`, 8, bold],
    ["rejected", rate("sessions_rejected"), 5, when((rates?.counters?.sessions_rejected ?? 0) > 0, yellow)],
    ["expired", rate("sessions_expired"), 5, when((rates?.counters?.sessions_expired ?? 0) > 0, red)],
    ["abandoned", rate("sessions_abandoned"), 5, bold],
    ["DRAs usable", `${usable} of ${all}`, 0, when(usable < all, usable === 0 ? red : yellow)],
    ["priority", priority, 0, bold],
    ["failovers", grouped(statistics.failover_count), 0, bold],
    ["failbacks", grouped(statistics.failback_count), 0, bold],
  ];
  lines.push(...packed(items, width, colours));
  const graph = sparkline(history, width - "requests/s  ".length - 12);
  if (graph !== "") {
    const most = Math.max(...history.slice(-graph.length));
    lines.push(`${colours.dim("requests/s")}  ${colours.cyan(graph)} ${colours.dim(`most ${rateText(most)}`)}`);
  }
  return lines;
}

type Style = (text: string) => string;
/** `least` characters for the value, so that what stands behind it does not move. */
type Item = readonly [name: string, value: string, least: number, style: Style];

/** `name value` as often as it goes into a line. */
function packed(items: readonly Item[], width: number, { dim }: Palette): string[] {
  const lines: string[] = [];
  let line = "";
  let used = 0;
  for (const [name, value, least, style] of items) {
    const length = name.length + 1 + Math.max(least, value.length);
    if (used > 0 && used + 3 + length > width) {
      lines.push(line.trimEnd());
      [line, used] = ["", 0];
    }
    line += `${used > 0 ? "   " : ""}${dim(name)} ${style(value)}${" ".repeat(Math.max(0, least - value.length))}`;
    used += (used > 0 ? 3 : 0) + length;
  }
  return [...lines, line.trimEnd()];
}

const BARS = "▁▂▃▄▅▆▇█";

/**
 * The last `width` values as bars, the greatest of them as the highest; "" when there is no room,
 * or nothing to show.
 */
export function sparkline(values: readonly number[], width: number): string {
  const shown = width < 8 ? [] : values.slice(-width);
  if (shown.length < 2) return "";
  const most = Math.max(...shown);
  return shown.map((value) => BARS[most === 0 ? 0 : Math.round(value / most * (BARS.length - 1))]).join("");
}
