/**
 * What a command is, and the frame that all of them share: flags, help, usage errors.
 * @module
 */

import { describeFlags, type FlagTable, type FlagValues, parseFlags } from "./flags.ts";
import { nearest } from "../../ops/config/nearest.ts";
import { print } from "./terminal.ts";

/** The name of the program, as people type it. */
export const PROGRAM = "diam-gw";

/** The exit codes scripts rely on. */
export const EXIT = { done: 0, failed: 1, usage: 2 } as const;

/** One command of the program. */
export interface Command {
  /** What one types after the program's name: `check`, `sim dra`. */
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** The command line in one line, without the program's name. */
  readonly usage: string;
  /** Its own flags and words; a command that is only the sum of its members has none. */
  readonly page?: CommandPage;
  /** The commands below its name. */
  readonly members?: CommandTable;
  /** Runs to its end; resolves with the exit code. */
  run(args: string[]): Promise<number>;
}

/** What `help`, the man page and the completions of shells know of a command. */
export interface CommandPage {
  readonly description?: string;
  readonly flags: FlagTable;
  readonly positionals?: Positionals;
  readonly examples: readonly (readonly [line: string, does: string])[];
}

/** How many arguments that are no flags a command takes. */
export interface Positionals {
  readonly least: number;
  readonly most: number;
  /** The only words that will do. */
  readonly choices?: readonly string[];
}

/** Bad usage: the lines to show before the program ends with exit code 2. */
export class UsageError extends Error {
  override name = "UsageError";
  constructor(readonly problems: readonly string[], readonly command = "") {
    super(problems.join("\n"));
  }
}

/** How a command is described. */
export interface CommandDefinition<T extends FlagTable> {
  readonly name: string;
  readonly summary: string;
  /** What follows the name in the usage line; `[flags]` if left out. */
  readonly arguments?: string;
  /** More about it, wrapped by hand. */
  readonly description?: string;
  readonly flags: T;
  /** How many arguments that are no flags it takes; none if left out. */
  readonly positionals?: Positionals;
  /** Command lines (without the program's name) and what they do. At least one. */
  readonly examples: readonly (readonly [line: string, does: string])[];
  run(flags: FlagValues<T>, positionals: readonly string[]): Promise<number> | number;
}

/**
 * A command from its description. Its `run` answers `--help` itself, and throws a UsageError with
 * every problem of the command line.
 */
export function defineCommand<const T extends FlagTable>(definition: CommandDefinition<T>): Command {
  const { name, summary } = definition;
  const usage = `${name} ${definition.arguments ?? "[flags]"}`.trimEnd();
  return {
    name,
    summary,
    usage,
    page: definition,
    async run(args) {
      const { values, positionals, help, problems } = parseFlags(definition.flags, args);
      if (help) {
        print(helpText(definition, usage));
        return EXIT.done;
      }
      const all = [...problems, ...countProblems(definition, positionals)];
      if (all.length > 0) throw new UsageError(all, name);
      return await definition.run(values, positionals);
    },
  };
}

/** The word on an argument too many. @param takesFile its place may be behind `-c` */
function unexpected(arg: string, takesFile = false): string {
  return `unexpected argument ${JSON.stringify(arg)}${takesFile ? "; a configuration is given with -c FILE" : ""}`;
}

function countProblems(definition: CommandDefinition<FlagTable>, positionals: readonly string[]): string[] {
  const { least = 0, most = 0, choices } = definition.positionals ?? {};
  const expected = `expected ${definition.name} ${definition.arguments ?? ""}`;
  if (positionals.length < least) return [expected];
  const surplus = positionals.slice(most).map((arg) => unexpected(arg, "config" in definition.flags));
  const wrong = choices === undefined ? [] : positionals.slice(0, most).filter((word) => !choices.includes(word));
  return [...wrong.map((word) => `${expected}, got ${JSON.stringify(word)}`), ...surplus];
}

function helpText(definition: CommandDefinition<FlagTable>, usage: string): string {
  const description = definition.description === undefined ? "" : `\n${definition.description.trim()}\n`;
  const examples = definition.examples.map(([line, does]) => `  ${PROGRAM} ${line}\n      ${does}\n`).join("");
  return `${capital(definition.summary)}.

Usage: ${PROGRAM} ${usage}
${description}
Flags:
${describeFlags(definition.flags)}
Examples:
${examples}`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/**
 * Modules with a command each, by its name; loaded only when it is used, so that starting stays
 * quick.
 */
export type CommandTable = Readonly<Record<string, () => Promise<{ readonly default: Command }>>>;

/** A command made of others: `sim dra` and `sim app` of `sim`. */
export function commandGroup(name: string, summary: string, members: CommandTable): Command {
  const words = Object.keys(members).join("|");
  return {
    name,
    summary,
    usage: `${name} ${words} [flags]`,
    members,
    async run([member = "", ...args]) {
      const load = Object.hasOwn(members, member) ? members[member] : undefined;
      if (load !== undefined) return await (await load()).default.run(args);
      if (member === "--help" || member === "-h") {
        print(`${capital(summary)}.\n\nUsage: ${PROGRAM} ${name} ${words} [flags]\n\n${await listCommands(members)}`);
        return EXIT.done;
      }
      const near = nearest(member, Object.keys(members));
      const hint = near === undefined ? "" : `; did you mean "${PROGRAM} ${name} ${near}"?`;
      throw new UsageError([
        `expected ${PROGRAM} ${name} ${words}${member === "" ? "" : `, got ${JSON.stringify(member)}`}${hint}`,
      ], name);
    },
  };
}

/**
 * A command that has others below its name: `serve`, and `serve grpc`. Whatever is not the word of
 * one of them goes to the command itself.
 */
export function withMembers(loadCommand: CommandTable[string], members: CommandTable): CommandTable[string] {
  return async () => {
    const { default: command } = await loadCommand();
    const run = async (args: string[]) => {
      const [member = "", ...rest] = args;
      const load = Object.hasOwn(members, member) ? members[member] : undefined;
      return load === undefined ? await command.run(args) : await (await load()).default.run(rest);
    };
    return { default: { ...command, members, run } };
  };
}

/** Every command of the table with those below it, each before its members. */
export async function allCommands(table: CommandTable): Promise<Command[]> {
  const commands = await Promise.all(Object.values(table).map(async (load) => (await load()).default));
  const each = commands.map(async (command) => [command, ...await allCommands(command.members ?? {})]);
  return (await Promise.all(each)).flat();
}

/** Name and summary of every command, a line each. */
export async function listCommands(table: CommandTable): Promise<string> {
  const commands = await Promise.all(Object.values(table).map(async (load) => (await load()).default));
  const width = Math.max(...commands.map(({ name }) => name.length));
  return commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}\n`).join("");
}
