/**
 * A terminal as one screen of lines. Whatever happens, the terminal is as it was when it ends.
 * @module
 */
import { isTerminal } from "../cli/terminal.ts";
import { type Key, keysIn } from "./keys.ts";

/** What a screen is drawn on. */
export interface Screen extends Disposable {
  /** Changes whenever the window does. */
  readonly columns: number;
  readonly rows: number;
  /** Shows these lines, one for each row; only those that changed are written. */
  draw(lines: readonly string[]): void;
  /** Writes every line at the next draw. */
  forget(): void;
  /** What is typed, until the terminal is gone. */
  keys(): AsyncIterable<Key>;
}

/** Another buffer, no cursor, and lines that end at the edge instead of going on below. */
const ENTER = "\x1b[?1049h\x1b[?25l\x1b[?7l";
const LEAVE = "\x1b[?7h\x1b[?25h\x1b[0m\x1b[?1049l";
/** Terminals that know it show what stands between all at once; the others pass over it. */
const BEGIN = "\x1b[?2026h";
const END = "\x1b[?2026l";

const CLEAR_REST = "\x1b[K";
// deno-lint-ignore no-control-regex
const COLOUR = /\x1b\[[\d;]*m/g;

const encoder = new TextEncoder();

/** Takes the terminal. @param resized is told when the window has another size */
export function openScreen(resized: () => void): Screen {
  return new FullScreen(resized);
}

class FullScreen implements Screen {
  #shown: readonly string[] = [];
  #isOpen = true;
  readonly #hasKeys = Deno.stdin.isTerminal();
  readonly #resized: () => void;
  readonly #leave = () => this[Symbol.dispose]();

  constructor(resized: () => void) {
    this.#resized = () => {
      this.forget();
      resized();
    };
    // Also when somebody else ends the program.
    globalThis.addEventListener("unload", this.#leave);
    if (Deno.build.os !== "windows") Deno.addSignalListener("SIGWINCH", this.#resized);
    if (this.#hasKeys) Deno.stdin.setRaw(true);
    write(ENTER);
  }

  get columns(): number {
    return Deno.consoleSize().columns;
  }

  get rows(): number {
    return Deno.consoleSize().rows;
  }

  draw(lines: readonly string[]): void {
    if (!this.#isOpen) return;
    const { columns } = this;
    let text = this.#shown.length === 0 ? "\x1b[2J" : "";
    lines.forEach((line, row) => {
      if (line === this.#shown[row]) return;
      // Behind a line that fills the row, the cursor stands on its last character.
      const isFull = line.replaceAll(COLOUR, "").length >= columns;
      text += `\x1b[${row + 1};1H${line}\x1b[0m${isFull ? "" : CLEAR_REST}`;
    });
    if (lines.length < this.#shown.length) text += `\x1b[${lines.length + 1};1H\x1b[J`;
    this.#shown = [...lines];
    if (text !== "") write(`${BEGIN}${text}${END}`);
  }

  forget(): void {
    this.#shown = [];
  }

  async *keys(): AsyncGenerator<Key> {
    if (!this.#hasKeys) return;
    const decoder = new TextDecoder();
    const into = new Uint8Array(256);
    for (;;) {
      const count = await Deno.stdin.read(into);
      if (count === null) return;
      yield* keysIn(decoder.decode(into.subarray(0, count), { stream: true }));
    }
  }

  [Symbol.dispose](): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    globalThis.removeEventListener("unload", this.#leave);
    if (Deno.build.os !== "windows") Deno.removeSignalListener("SIGWINCH", this.#resized);
    try {
      write(LEAVE);
      if (this.#hasKeys) Deno.stdin.setRaw(false);
    } catch {
      // The terminal is gone: there is nothing to be put back.
    }
  }
}

/** Whether a screen can be shown: cursor movements are obeyed there. */
export function hasScreen(): boolean {
  return isTerminal("stdout") && Deno.env.get("TERM") !== "dumb";
}

function write(text: string): void {
  let rest = encoder.encode(text);
  while (rest.length > 0) rest = rest.subarray(Deno.stdout.writeSync(rest));
}
