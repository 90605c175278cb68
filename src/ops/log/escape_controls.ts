/**
 * Text of strangers on its way to a terminal.
 * @module
 */

/** C0 and C1 controls, and what shows text in another order or not at all. */
// deno-lint-ignore no-control-regex
const CONTROLS = /[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/**
 * One line in which everything that a terminal would obey is shown as `\u001b`, the form that JSON
 * knows too.
 */
export function escapeControls(text: string): string {
  return text.replace(CONTROLS, escape);
}

/** The same with line feeds and tabs as they are, for text in lines. */
export function escapeControlsInLines(text: string): string {
  return text.replace(CONTROLS, (char) => char === "\n" || char === "\t" ? char : escape(char));
}

function escape(char: string): string {
  return `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
