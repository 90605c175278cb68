/**
 * Events as lines, whatever their kinds: a newer gateway may have others.
 *
 * PURE.
 * @module
 */
import { GAP } from "../../ops/admin/event_log.ts";
import type { AdminEventFrame } from "../../ops/admin/event_reader.ts";
import { isMapping } from "../../ops/config/path.ts";
import { escapeControls } from "../../ops/log/escape_controls.ts";
import type { EventLine } from "./view.ts";

/**
 * An event as it came; undefined when it is none. @param now ms since 1970, for one without a time
 */
export function eventLine({ kind, data }: AdminEventFrame, now: number): EventLine | undefined {
  if (!isMapping(data)) return undefined;
  const { at, kind: _, ...members } = data;
  const time = typeof at === "string" ? Date.parse(at) : NaN;
  return { time: Number.isNaN(time) ? now : time, kind, members };
}

/** `dra down dra-east: connection reset`: who first, then from and to, the reason last. */
export function eventText({ kind, members }: EventLine): string {
  if (kind === GAP) return "some events were missed";
  const { dra, app, from, to, reason, ...others } = members;
  const words = [kind.replaceAll("_", " ")];
  for (const name of [dra, app]) if (name !== undefined && name !== "") words.push(valueText(name));
  if (from !== undefined && to !== undefined) words.push(`${valueText(from)} -> ${valueText(to)}`);
  for (const [name, value] of Object.entries(others)) {
    // Lists and objects are for programs.
    if (typeof value !== "object" && value !== "") words.push(`${name.replaceAll("_", " ")} ${valueText(value)}`);
  }
  const why = reason === undefined || reason === "" ? "" : `: ${valueText(reason)}`;
  return escapeControls(`${words.join(" ")}${why}`);
}

/** Whether an operator should look up. */
export function isBad({ kind }: EventLine): boolean {
  return /down|fail(ed|over)|unhealthy|violation|no_|refused|error|suspect|limit|lost/.test(kind);
}

/** `15:04:05`, local time, as the log has it. */
export function clockText(time: number): string {
  const date = new Date(time);
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map((part) => String(part).padStart(2, "0")).join(":");
}

function valueText(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value) ?? "";
}
