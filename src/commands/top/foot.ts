/**
 * The line at the foot of the screen.
 *
 * PURE.
 * @module
 */
import { escapeControls } from "../../ops/log/escape_controls.ts";
import { cut } from "../admin/columns.ts";
import type { Palette } from "../cli/terminal.ts";
import type { Prompt, Sort } from "./control.ts";
import type { View } from "./view.ts";

/**
 * Keys that the foot tells of, in their order; the higher the number, the sooner one is left out.
 */
const KEYS: readonly (readonly [text: (sort: Sort) => string, rank: number])[] = [
  [() => "q quit", 0],
  [() => "? help", 0],
  [() => "j/k select", 3],
  [(sort) => `s sort (${sort})`, 2],
  [() => "d disable", 1],
  [() => "e enable", 1],
  [() => "r reconnect", 4],
  [() => "w weight", 5],
];

/** The question that is asked, else what came of the last key, else the keys there are. */
export function footLine({ control, snapshot }: View, width: number, { inverse, red, dim, bold }: Palette): string {
  const { prompt, note } = control;
  if (prompt !== undefined) {
    const text = promptText(prompt, snapshot.dras.find(({ name }) => name === nameIn(prompt))?.weight);
    return inverse(cut(text, width).padEnd(width));
  }
  if (note !== undefined) return (note.isError ? red : bold)(cut(escapeControls(note.text), width));
  // The others are about DRAs.
  let keys = snapshot.status.statistics === undefined ? KEYS.slice(0, 2) : KEYS;
  const text = () => keys.map(([text]) => text(control.sort)).join("  ");
  while (text().length > width && keys.length > 1) {
    const last = keys.reduce((worst, key) => key[1] >= worst[1] ? key : worst);
    keys = keys.filter((key) => key !== last);
  }
  return dim(cut(text(), width));
}

function nameIn(prompt: Prompt): string {
  return prompt.kind === "weight" ? prompt.dra : prompt.action.dra;
}

const QUESTIONS = {
  disable: (dra: string) => `Disable ${dra}: a DPR, and no requests until it is enabled again?`,
  enable: (dra: string) => `Enable ${dra}?`,
  reconnect: (dra: string) => `Reconnect ${dra}: its pending requests go to others?`,
  weight: (dra: string) => `Another weight for ${dra}?`,
} as const;

function promptText(prompt: Prompt, weight: number | undefined): string {
  const dra = escapeControls(nameIn(prompt));
  if (prompt.kind === "confirm") return `${QUESTIONS[prompt.action.verb](dra)} (y/n)`;
  return `Weight of ${dra}, now ${weight ?? "?"}, until the next reload (0..65535, Enter): ${prompt.typed}_`;
}
