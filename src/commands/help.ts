/**
 * The help of the program as a whole; each command writes its own.
 * @module
 */

import { allCommands, type CommandTable, EXIT, listCommands, PROGRAM, UsageError } from "./cli/command.ts";
import { print } from "./cli/terminal.ts";
import { nearest } from "../ops/config/nearest.ts";

/** What the program is and which commands it has. */
export async function overview(table: CommandTable): Promise<string> {
  const rows = await listCommands({ ...table, help: () => Promise.resolve({ default: HELP_ROW }) });
  return `A Diameter gateway between Logic Apps and a pool of DRAs, and a proxy and load balancer for gRPC.

Usage: ${PROGRAM} COMMAND [flags]

Commands:
${rows}
"${PROGRAM} help COMMAND" (or "${PROGRAM} COMMAND --help") tells more about one; "${PROGRAM} -V" is the version;
"${PROGRAM} help --all" is all of it.
`;
}

/** Of the line between two commands in the text of all. */
const RULE_WIDTH = 72;

const HELP_ROW = { name: "help", summary: "this text, or that of a command", usage: "", run: () => Promise.resolve(0) };

/** `help`, `help --all`, `help COMMAND`: the last is the same as `COMMAND --help`. */
export async function help(table: CommandTable, [name, ...rest]: readonly string[]): Promise<number> {
  if (name === undefined || ["help", "--help", "-h"].includes(name)) {
    print(await overview(table));
    return EXIT.done;
  }
  if (name === "--all") {
    print(await overview(table));
    for (const command of await allCommands(table)) {
      print(`\n${"-".repeat(RULE_WIDTH)}\n${PROGRAM} ${command.name}\n`);
      await command.run(["--help"]);
    }
    return EXIT.done;
  }
  return await (await findCommand(table, name)).run([...rest, "--help"]);
}

/**
 * Loads the command called `name`.
 *
 * @throws {UsageError} that names the nearest one, if there is none
 */
export async function findCommand(table: CommandTable, name: string) {
  const load = Object.hasOwn(table, name) ? table[name] : undefined;
  if (load !== undefined) return (await load()).default;
  const known = [...Object.keys(table), "help"];
  const near = nearest(name, known);
  const isFlag = name.startsWith("-");
  const hint = near !== undefined
    ? `did you mean "${PROGRAM} ${near}"?`
    : isFlag
    ? `a command comes first: ${PROGRAM} COMMAND ${name}`
    : `there are ${known.join(", ")}`;
  throw new UsageError([`unknown ${isFlag ? "flag" : "command"} ${name}; ${hint}`]);
}
