/**
 * The commands as completions see them: what may come next, and which values a flag takes.
 * @module
 */
import { allCommands, type Command, type CommandTable } from "../cli/command.ts";
import type { Flag } from "../cli/flags.ts";

/** What completes a value: a file, one of some words, or nothing that is known. */
export type Value = "file" | "unknown" | readonly string[];

/** A word that may come next, and what it is. */
export interface Word {
  readonly word: string;
  readonly help: string;
}

/** One flag; `value` is undefined for one without. */
export interface FlagEntry {
  readonly name: string;
  readonly short: string | undefined;
  readonly help: string;
  readonly repeatable: boolean;
  readonly placeholder: string;
  readonly value: Value | undefined;
}

/** What may follow one command; that without a name is the program itself. */
export interface Entry {
  /** The words of its name: `sim dra`. */
  readonly path: string;
  readonly words: readonly Word[];
  readonly flags: readonly FlagEntry[];
  /** Whether it takes arguments that may be files. */
  readonly takesFiles: boolean;
}

const HELP: FlagEntry = {
  name: "help",
  short: "h",
  help: "this text",
  repeatable: false,
  placeholder: "",
  value: undefined,
};

/** Every command, the program itself first. */
export async function completionTable(table: CommandTable): Promise<Entry[]> {
  const commands = await allCommands(table);
  const top: Word[] = commands.filter(({ name }) => !name.includes(" ")).map(asWord);
  const help = { word: "help", help: "the help of a command" };
  return [
    { path: "", words: [...top, help], flags: [HELP], takesFiles: false },
    ...commands.map((command) => entryOf(command, commands)),
    { path: "help", words: top, flags: [{ ...HELP, name: "all", short: undefined, help: "all" }], takesFiles: false },
  ];
}

function asWord({ name, summary }: Command): Word {
  return { word: name.slice(name.lastIndexOf(" ") + 1), help: summary };
}

function entryOf({ name, page, members = {} }: Command, commands: readonly Command[]): Entry {
  const below = commands.filter((other) => Object.keys(members).some((word) => other.name === `${name} ${word}`));
  const choices = page?.positionals?.choices;
  return {
    path: name,
    words: [...below.map(asWord), ...(choices ?? []).map((word) => ({ word, help: "" }))],
    flags: [...Object.entries(page?.flags ?? {}).map(([flag, of]) => flagEntry(flag, of)), HELP],
    takesFiles: choices === undefined && (page?.positionals?.most ?? 0) > 0,
  };
}

function flagEntry(name: string, flag: Flag): FlagEntry {
  return {
    name,
    short: flag.short,
    help: flag.help,
    repeatable: flag.kind === "list",
    placeholder: flag.kind === "boolean" ? "" : flag.placeholder,
    value: valueOf(flag),
  };
}

function valueOf(flag: Flag): Value | undefined {
  if (flag.kind === "boolean") return undefined;
  if (flag.kind === "string" && flag.choices !== undefined) return flag.choices;
  if (/^[a-z]+(\|[a-z]+)+$/.test(flag.placeholder)) return flag.placeholder.split("|");
  return /FILE|DIR/.test(flag.placeholder) ? "file" : "unknown";
}

/** `text` as one word of a POSIX shell. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
