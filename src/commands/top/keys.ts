/**
 * What was typed.
 *
 * PURE.
 * @module
 */

/** A character that was typed, or the name of a key that types none. */
export type Key = string;

/** Keys that type no character, by what a terminal in raw mode sends for them. */
const NAMED: Readonly<Record<string, Key>> = {
  "\x1b[A": "up",
  "\x1bOA": "up",
  "\x1b[B": "down",
  "\x1bOB": "down",
  "\x1b[H": "home",
  "\x1b[F": "end",
  "\x1b[5~": "page up",
  "\x1b[6~": "page down",
  "\x1b": "escape",
  "\r": "enter",
  "\n": "enter",
  "\x7f": "backspace",
  "\b": "backspace",
  "\x03": "interrupt",
  "\x04": "interrupt",
  "\x0c": "redraw",
};

/**
 * Sequences of unknown keys are one key each, so that none of their characters is taken for
 * another.
 */
// deno-lint-ignore no-control-regex
const KEYS = /\x1b[[O][\d;]*[A-Za-z~]|[^]/gu;

/** The keys in what one read of the terminal gave. */
export function keysIn(text: string): Key[] {
  return [...text.matchAll(KEYS)].map(([key]) => NAMED[key] ?? key);
}
