/**
 * Where output goes, and how it may look there.
 * @module
 */
import { escapeControls, escapeControlsInLines } from "../../ops/log/escape_controls.ts";

/** The two streams people see. */
export type Stream = "stdout" | "stderr";

/** Whether a person is looking at the stream. */
export function isTerminal(stream: Stream): boolean {
  return Deno[stream].isTerminal();
}

/**
 * Whether the stream may carry colours, progress bars and cursor movements: a terminal, and
 * `NO_COLOR` is not set.
 */
export function hasColour(stream: Stream): boolean {
  return isTerminal(stream) && !Deno.noColor && Deno.env.get("TERM") !== "dumb";
}

const STYLES = { bold: 1, dim: 2, inverse: 7, red: 31, green: 32, yellow: 33, blue: 34, cyan: 36 } as const;

/**
 * Paints text; every style is there on every stream, and does nothing where there are no colours.
 */
export type Palette = Readonly<Record<keyof typeof STYLES, (text: string) => string>>;

/** The styles for a stream. */
export function palette(stream: Stream, coloured: boolean = hasColour(stream)): Palette {
  const style = (code: number) => (text: string) => coloured ? `\x1b[${code}m${text}\x1b[0m` : text;
  return Object.fromEntries(Object.entries(STYLES).map(([name, code]) => [name, style(code)])) as Palette;
}

/** Writes results, in lines, to stdout. Of control characters only our own colours get there. */
export function print(text: string): void {
  write("stdout", text);
}

/** Writes errors and remarks: a line, or lines, to stderr. */
export function printError(text: string): void {
  write("stderr", text);
}

/** Writes a sentence that may quote a peer to stderr: one line, whatever is in it. */
export function printSentence(text: string): void {
  printError(escapeControls(text));
}

/**
 * Whether `error` says that the reader of our output has gone, as `head` does when it has enough.
 */
export function isBrokenPipe(error: unknown): boolean {
  return error instanceof Deno.errors.BrokenPipe || (error instanceof Error && error.message.includes("os error 32"));
}

const encoder = new TextEncoder();

function write(stream: Stream, text: string): void {
  let rest = encoder.encode(harmless(text.endsWith("\n") || text === "" ? text : `${text}\n`, stream));
  try {
    while (rest.length > 0) rest = rest.subarray(Deno[stream].writeSync(rest));
  } catch (error) {
    // Remarks that nobody can read, because the reader has gone or the disk is full, stop nothing.
    if (stream === "stderr") return;
    if (!isBrokenPipe(error)) throw error;
    // Nobody reads on: there is nothing left to do, and nothing to complain about.
    Deno.exit(0);
  }
}

// deno-lint-ignore no-control-regex
const COLOURS = /(\x1b\[[\d;]*m)/;

/** Whoever writes peers' text escapes it; this catches what was forgotten. */
function harmless(text: string, stream: Stream): string {
  const pieces = hasColour(stream) ? text.split(COLOURS) : [text];
  return pieces.map((piece, i) => i % 2 === 1 ? piece : escapeControlsInLines(piece)).join("");
}
