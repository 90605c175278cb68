/**
 * What keys do: a machine from state and key to state and, sometimes, something to be done.
 *
 * PURE.
 * @module
 */
import type { Key } from "./keys.ts";

/** What the tables are sorted by, in the order in which `s` goes through them. */
export const SORTS = ["priority", "traffic", "in flight", "name"] as const;

/** One of these. */
export type Sort = typeof SORTS[number];

/** What is done to a DRA. */
export type Action =
  | { readonly verb: "disable" | "enable" | "reconnect"; readonly dra: string }
  | { readonly verb: "weight"; readonly dra: string; readonly value: number };

/** What is asked at the foot of the screen. */
export type Prompt =
  | { readonly kind: "confirm"; readonly action: Action }
  | { readonly kind: "weight"; readonly dra: string; readonly typed: string };

/** A line at the foot that goes away with the next key. */
export interface Note {
  readonly text: string;
  readonly isError: boolean;
}

/** What keys have led to. */
export interface Control {
  readonly sort: Sort;
  /** Name of the DRA that keys act on; undefined before the first one is known. */
  readonly selected: string | undefined;
  readonly prompt: Prompt | undefined;
  readonly note: Note | undefined;
  readonly isHelp: boolean;
}

/** Before the first key. */
export const FIRST_CONTROL: Control = {
  sort: "priority",
  selected: undefined,
  prompt: undefined,
  note: undefined,
  isHelp: false,
};

/** What a key led to. */
export interface Pressed {
  readonly control: Control;
  /** To be done now. */
  readonly action?: Action;
  readonly isQuit?: true;
  /** To be drawn anew, whatever the screen shows. */
  readonly isRedraw?: true;
}

/** The highest weight. */
const MOST_WEIGHT = 65_535;

/** How far the page keys go. */
const PAGE = 10;

/** @param dras their names, in the order in which they are shown */
export function press(control: Control, key: Key, dras: readonly string[]): Pressed {
  if (key === "interrupt") return { control, isQuit: true };
  if (key === "redraw") return { control, isRedraw: true };
  if (control.prompt !== undefined) return answer({ ...control, note: undefined }, control.prompt, key);
  if (control.isHelp) return key === "q" ? { control, isQuit: true } : { control: { ...control, isHelp: false } };
  return command({ ...control, note: undefined }, key, dras);
}

function command(control: Control, key: Key, dras: readonly string[]): Pressed {
  const { sort, selected } = control;
  const move = (to: (from: number) => number): Pressed => {
    const from = Math.max(0, selected === undefined ? 0 : dras.indexOf(selected));
    const at = Math.min(Math.max(0, to(from)), dras.length - 1);
    return { control: { ...control, selected: dras[at] } };
  };
  const ask = (verb: "disable" | "enable" | "reconnect"): Pressed =>
    selected === undefined || !dras.includes(selected)
      ? noDra(control)
      : { control: { ...control, prompt: { kind: "confirm", action: { verb, dra: selected } } } };
  switch (key) {
    case "q":
      return { control, isQuit: true };
    case "?":
    case "h":
      return { control: { ...control, isHelp: true } };
    case "s":
      return { control: { ...control, sort: SORTS[(SORTS.indexOf(sort) + 1) % SORTS.length]! } };
    case "up":
    case "k":
      return move((from) => from - 1);
    case "down":
    case "j":
      return move((from) => from + 1);
    case "page up":
      return move((from) => from - PAGE);
    case "page down":
      return move((from) => from + PAGE);
    case "home":
    case "g":
      return move(() => 0);
    case "end":
    case "G":
      return move(() => dras.length - 1);
    case "d":
      return ask("disable");
    case "e":
      return ask("enable");
    case "r":
      return ask("reconnect");
    case "w":
      return selected === undefined || !dras.includes(selected)
        ? noDra(control)
        : { control: { ...control, prompt: { kind: "weight", dra: selected, typed: "" } } };
    default:
      return { control };
  }
}

function noDra(control: Control): Pressed {
  return { control: { ...control, note: { text: "no DRA is selected", isError: true } } };
}

/** Nothing but `y` does anything; for a weight, the number and Enter are the answer. */
function answer(control: Control, prompt: Prompt, key: Key): Pressed {
  const closed = { ...control, prompt: undefined };
  const given = (note: string): Pressed => ({ control: { ...closed, note: { text: note, isError: false } } });
  if (key === "escape") return given("nothing was changed");
  if (prompt.kind === "confirm") {
    if (key === "y" || key === "Y") return { control: closed, action: prompt.action };
    return key === "n" || key === "N" || key === "enter" ? given("nothing was changed") : { control };
  }
  const { dra, typed } = prompt;
  const type = (text: string): Pressed => ({ control: { ...control, prompt: { kind: "weight", dra, typed: text } } });
  if (key === "backspace") return type(typed.slice(0, -1));
  if (key === "enter") {
    if (typed === "") return given("nothing was changed");
    return { control: closed, action: { verb: "weight", dra, value: Number(typed) } };
  }
  const longer = `${typed}${key}`;
  return /^\d+$/.test(longer) && Number(longer) <= MOST_WEIGHT ? type(String(Number(longer))) : { control };
}
