/**
 * One event as one line: JSON for machines, text for people.
 * @module
 */

import { escapeControls } from "./escape_controls.ts";
import type { LogFields } from "./logger.ts";

/** The severities, chatty first. */
export const LEVELS = ["debug", "info", "warning", "error"] as const;

/** One of the severities. */
export type Level = typeof LEVELS[number];

/** What a line says. */
export interface LogEvent {
  /** ms since 1970. */
  readonly time: number;
  readonly level: Level;
  readonly event: string;
  readonly message: string;
  readonly fields: LogFields;
  /** The fields that the message does not hold; absent: all of them. */
  readonly unsaid?: readonly string[] | undefined;
}

/** Writes an event as a line, the line feed included. */
export type Formatter = (event: LogEvent) => string;

/**
 * `{"time": ISO 8601, "level", "event", "message", ...fields}`; a field with one of these names
 * gets a `_` behind it.
 */
export function formatJson({ time, level, event, message, fields }: LogEvent): string {
  const line: Record<string, unknown> = { time: new Date(time).toISOString(), level, event, message };
  for (const [name, value] of Object.entries(fields)) line[name in line ? `${name}_` : name] = value;
  try {
    return `${escapeControls(JSON.stringify(line, (_, value) => plain(value)))}\n`;
  } catch {
    // A cycle. The event matters more than the field that could not be written.
    return `${escapeControls(JSON.stringify({ time: line["time"], level, event, message }))}\n`;
  }
}

const LABELS = { debug: "DEBUG", info: "INFO ", warning: "WARN ", error: "ERROR" } as const;
const COLOURS = { debug: 2, info: 32, warning: 33, error: 31 } as const;

/**
 * `2026-11-21 05:30:00.123 INFO  sentence key=value`, in local time; the keys are those that the
 * sentence leaves out.
 */
export function textFormatter(coloured: boolean): Formatter {
  const paint = (code: number, text: string) => coloured ? `\x1b[${code}m${text}\x1b[0m` : text;
  return ({ time, level, message, fields, unsaid }) => {
    const shown = Object.entries(fields).filter(([name, value]) =>
      value !== undefined && (unsaid?.includes(name) ?? true)
    );
    const values = shown.map(([name, value]) => ` ${paint(COLOURS.debug, `${name}=`)}${formatValue(value)}`).join("");
    const label = paint(COLOURS[level], LABELS[level]);
    // Lines of one event are indented, so that no text from a peer can pass for an event of its
    // own.
    const sentence = message.split("\n").map(escapeControls).join("\n    ");
    return `${localTime(time)} ${label} ${sentence}${values}\n`;
  };
}

function localTime(ms: number): string {
  const offset = new Date(ms).getTimezoneOffset() * 60_000;
  return new Date(ms - offset).toISOString().replace("T", " ").replace("Z", "");
}

function formatValue(value: unknown): string {
  const simple = plain(value);
  if (typeof simple === "string") {
    return /^[\w.:/@+*%-]+$/.test(simple) ? simple : escapeControls(JSON.stringify(simple));
  }
  try {
    return escapeControls(JSON.stringify(simple, (_, below) => plain(below)) ?? String(simple));
  } catch {
    return "[circular]";
  }
}

/** What JSON cannot write, in a form that it can. */
function plain(value: unknown): unknown {
  if (typeof value === "bigint") return value.toString();
  if (value instanceof Error) return value.message;
  if (value instanceof Uint8Array) return value.toHex();
  return value;
}
