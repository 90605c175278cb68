/**
 * Command line flags as a table: parsing, `--help` text and errors all come from it, so every
 * command behaves alike.
 * @module
 */

import { parseArgs } from "@std/cli";
import { nearest } from "../../ops/config/nearest.ts";
import { formatSize, longDuration, LONGEST_DURATION, parseDuration, parseSize } from "../../ops/config/units.ts";

interface Common {
  /** One line of help, without a full stop. */
  readonly help: string;
  /** One letter: `c` for `-c`. */
  readonly short?: string;
}

interface Valued extends Common {
  /** What stands for the value in help: `HOST:PORT`. */
  readonly placeholder: string;
  /** Without it, leaving the flag out is an error. */
  readonly required?: true;
  /** Giving it twice is an error; else the last one counts. */
  readonly once?: true;
}

/**
 * One flag. Durations are given and returned in ms, sizes in bytes; `least` and `most` bound both
 * and numbers.
 */
export type Flag =
  | (Common & { readonly kind: "boolean" })
  | (Valued & { readonly kind: "string"; readonly default?: string; readonly choices?: readonly string[] })
  | (Valued & { readonly kind: "list" })
  | (Valued & {
    readonly kind: "number" | "duration" | "size";
    readonly default?: number;
    readonly least?: number;
    readonly most?: number;
    /** Numbers are whole unless this is set. */
    readonly fraction?: true;
  });

/** The flags of a command by their long names, in the order of the help text. */
export type FlagTable = Readonly<Record<string, Flag>>;

type Bare<F extends Flag> = F extends { kind: "boolean" } ? boolean
  : F extends { kind: "list" } ? readonly string[]
  : F extends { kind: "string"; choices: readonly (infer C)[] } ? C
  : F extends { kind: "string" } ? string
  : number;
type Always = { kind: "boolean" } | { kind: "list" } | { required: true } | { default: string | number };

/**
 * The values: an absent boolean is false, an absent list is empty, anything else absent is its
 * default or undefined.
 */
export type FlagValues<T extends FlagTable> = {
  readonly [Name in keyof T]: T[Name] extends Always ? Bare<T[Name]> : Bare<T[Name]> | undefined;
};

/** What a command line says. */
export interface ParsedFlags<T extends FlagTable> {
  readonly values: FlagValues<T>;
  /** What is no flag, and everything after `--`. */
  readonly positionals: readonly string[];
  /** `--help` or `-h` was there; then the rest was not looked at. */
  readonly help: boolean;
  /** One line per problem; with any, `values` is not to be used. */
  readonly problems: readonly string[];
}

/** Helps the compiler keep the literal types of a table. */
export function flagTable<const T extends FlagTable>(table: T): T {
  return table;
}

/**
 * Parses `--name=value`, `--name value`, `-n value`, `-nvalue` and bare booleans. A value may be a
 * negative number.
 *
 * ```ts
 * import { flagTable, parseFlags } from "./flags.ts";
 *
 * const flags = flagTable({ rate: { kind: "number", placeholder: "N", help: "requests per second", default: 100 } });
 * console.log(parseFlags(flags, ["--rate", "5"]).values.rate); // 5
 * ```
 */
export function parseFlags<T extends FlagTable>(table: T, args: readonly string[]): ParsedFlags<T> {
  const end = args.indexOf("--");
  const help = args.slice(0, end < 0 ? undefined : end).some((arg) => arg === "--help" || arg === "-h");
  if (help) return { values: {} as FlagValues<T>, positionals: [], help, problems: [] };

  const problems: string[] = [];
  const names = Object.keys(table);
  const unknown = new Set<string>();
  const parsed = parseArgs(joinValues(table, args, problems), {
    string: [...names, "_"],
    collect: names,
    unknown: (arg, key) => {
      if (key === undefined) return true;
      unknown.add(arg.replace(/=.*/s, ""));
      return false;
    },
  });
  for (const arg of unknown) problems.push(`unknown flag ${arg}${suggestion(arg, names)}`);

  const values: Record<string, unknown> = {};
  for (const [name, flag] of Object.entries(table)) {
    const given = (parsed[name] ?? []) as readonly string[];
    const read = "once" in flag && given.length > 1
      ? new Unreadable(`expected one ${flag.placeholder}, got ${given.map((text) => JSON.stringify(text)).join(", ")}`)
      : readFlag(flag, given);
    if (read instanceof Unreadable) problems.push(`--${name}: ${read.message}`);
    else values[name] = read;
    const missing = "required" in flag && given.length === 0 &&
      !problems.some((line) => line.startsWith(`--${name}: `));
    if (missing) problems.push(`--${name}: missing; give --${name} ${flag.placeholder}`);
  }
  return { values: values as FlagValues<T>, positionals: parsed._.map(String), help, problems };
}

/** A flag's value does not have the form it should. */
class Unreadable {
  constructor(readonly message: string) {}
}

/**
 * Writes every flag as `--name=value`, the one form that cannot be misread (a value may begin with
 * a hyphen).
 */
function joinValues(table: FlagTable, args: readonly string[], problems: string[]): string[] {
  const joined: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] ?? "";
    if (arg === "--") return [...joined, ...args.slice(i)];
    const found = lookUp(table, arg);
    if (found === undefined) {
      joined.push(arg);
      continue;
    }
    const { name, flag, value } = found;
    const next = args[i + 1];
    // The parser takes one "no-" off what has a value, whoever it belongs to.
    const key = name.startsWith("no-") ? `no-${name}` : name;
    if (value !== undefined) {
      joined.push(`--${key}=${value}`);
    } else if (flag.kind === "boolean") {
      joined.push(`--${key}=true`);
    } else if (next !== undefined && (!next.startsWith("-") || /^-(\.?\d.*)?$/.test(next))) {
      joined.push(`--${key}=${next}`);
      i++;
    } else {
      problems.push(`--${name}: needs a value: --${name} ${flag.placeholder}`);
    }
  }
  return joined;
}

function lookUp(table: FlagTable, arg: string): { name: string; flag: Flag; value: string | undefined } | undefined {
  const long = /^--([^=]+)(?:=(.*))?$/s.exec(arg);
  const short = /^-([A-Za-z])(?:=?(.+))?$/s.exec(arg);
  for (const [name, flag] of Object.entries(table)) {
    if (long?.[1] === name) return { name, flag, value: long[2] };
    if (short !== null && flag.short === short[1]) return { name, flag, value: short[2] };
  }
  return undefined;
}

function suggestion(arg: string, names: readonly string[]): string {
  const near = nearest(arg.replace(/^-+/, ""), [...names, "help"]);
  return near === undefined ? "" : `; did you mean --${near}?`;
}

function readFlag(flag: Flag, given: readonly string[]): unknown {
  const last = given.at(-1);
  switch (flag.kind) {
    case "boolean":
      if (last === undefined || last === "false") return false;
      return last === "true" ? true : new Unreadable(`expected true or false, got ${JSON.stringify(last)}`);
    case "list":
      return given;
    case "string":
      if (last === undefined) return flag.default;
      if (flag.choices === undefined || flag.choices.includes(last)) return last;
      return new Unreadable(`expected ${alternatives(flag.choices)}, got ${JSON.stringify(last)}`);
    default:
      return last === undefined ? flag.default : readNumber(flag, last);
  }
}

const NUMERIC = {
  number: { parse: (text: string) => /^-?(\d+\.?\d*|\.\d+)$/.test(text) ? Number(text) : undefined, format: String },
  duration: { parse: parseDuration, format: longDuration },
  size: { parse: parseSize, format: formatSize },
};
/** What a timer, or a number, can hold. */
const MOST = { number: Infinity, duration: LONGEST_DURATION, size: Number.MAX_SAFE_INTEGER };
const EXAMPLES = { number: "", duration: " such as 250ms, 30s, 5m or 1h", size: " in bytes, or such as 64KiB or 1MiB" };

function readNumber(flag: Flag & { kind: "number" | "duration" | "size" }, text: string): number | Unreadable {
  const { parse, format } = NUMERIC[flag.kind];
  const { kind, fraction, least = kind === "number" ? -Infinity : 0, most = MOST[kind] } = flag;
  const noun = kind === "number" && !fraction ? "whole number" : kind;
  const value = parse(text);
  if (value === undefined || (noun === "whole number" && !Number.isSafeInteger(value))) {
    return new Unreadable(`expected a ${noun}${EXAMPLES[kind]}, got ${JSON.stringify(text)}`);
  }
  if (value >= least && value <= most) return value;
  const range = most === Infinity || (most === MOST[kind] && value < least)
    ? `of ${format(least)} or more`
    : least === -Infinity || flag.least === undefined
    ? `of ${format(most)} or less`
    : `from ${format(least)} to ${format(most)}`;
  return new Unreadable(`expected a ${noun} ${range}, got ${text}`);
}

function alternatives(words: readonly string[]): string {
  return words.length < 2 ? words.join() : `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
}

/** How each flag of a table is written, and what it does. */
export function flagRows(table: FlagTable): (readonly [form: string, does: string])[] {
  const rows = Object.entries(table).map(([name, flag]) => {
    const value = flag.kind === "boolean" ? "" : ` ${flag.placeholder}`;
    return [
      `${flag.short === undefined ? "" : `-${flag.short}, `}--${name}${value}`,
      `${flag.help}${notes(flag)}`,
    ] as const;
  });
  return [...rows, ["-h, --help", "this text"]];
}

/** The lines of help for the flags of a table, two columns. */
export function describeFlags(table: FlagTable): string {
  const rows = flagRows(table);
  const width = Math.min(32, Math.max(...rows.map(([left]) => left.length)));
  return rows.map(([left, right]) => {
    const gap = left.length > width ? `\n${" ".repeat(width + 2)}` : " ".repeat(width - left.length);
    return `  ${left}${gap}  ${right}\n`;
  }).join("");
}

function notes(flag: Flag): string {
  if (flag.kind === "boolean") return "";
  if (flag.kind === "list") return " (repeatable)";
  const said: string[] = [];
  if (flag.kind === "string" && flag.choices !== undefined) said.push(alternatives(flag.choices));
  if (flag.required) said.push("required");
  if (flag.default !== undefined && flag.default !== "") {
    said.push(
      `default ${
        typeof flag.default === "string" ? flag.default : NUMERIC[flag.kind as "number"].format(flag.default)
      }`,
    );
  }
  return said.length === 0 ? "" : ` (${said.join("; ")})`;
}
