/**
 * One line at the bottom of a terminal that changes in place, under lines that stay.
 * @module
 */
import { hasColour, print, printError, type Stream } from "./terminal.ts";

const encoder = new TextEncoder();
const CLEAR_LINE = "\r\x1b[2K";

/**
 * Lines on a stream, with a status line below them where that is possible; elsewhere the status is
 * not shown at all.
 */
export class LiveLine {
  /** Whether a status line is shown. */
  readonly enabled: boolean;
  readonly #stream: Stream;
  #text = "";

  constructor(stream: Stream, enabled: boolean = hasColour(stream)) {
    this.#stream = stream;
    this.enabled = enabled;
  }

  /** Writes a line, or lines, that stay. */
  print(text: string): void {
    this.#erase();
    (this.#stream === "stdout" ? print : printError)(text === "" ? "\n" : text);
    this.#draw();
  }

  /** Shows another status; "" takes the line away. */
  update(text: string): void {
    if (!this.enabled) return;
    this.#erase();
    this.#text = text;
    this.#draw();
  }

  #erase(): void {
    if (this.#text !== "") Deno[this.#stream].writeSync(encoder.encode(CLEAR_LINE));
  }

  #draw(): void {
    if (this.#text === "") return;
    // A line that wraps could not be taken back.
    Deno[this.#stream].writeSync(encoder.encode(cut(this.#text, columns() - 1)));
  }
}

/** The first `width` visible characters of a text with colours in it. */
export function cut(text: string, width: number): string {
  let visible = 0;
  let out = "";
  // deno-lint-ignore no-control-regex
  for (const [piece, colour] of text.matchAll(/(\x1b\[[\d;]*m)|[^]/gu)) {
    if (colour === undefined && ++visible > width) continue;
    out += piece;
  }
  return out;
}

function columns(): number {
  try {
    return Deno.consoleSize().columns;
  } catch {
    return 80;
  }
}
