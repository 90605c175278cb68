/**
 * From the command line to an exit code.
 * @module
 */

import { FileError } from "../../net/read_file.ts";
import { escapeControls } from "../../ops/log/mod.ts";
import { type CommandTable, EXIT, PROGRAM, UsageError } from "./command.ts";
import { findCommand, help, overview } from "../help.ts";
import { isBrokenPipe, printError } from "./terminal.ts";

/**
 * Runs the command that `args` name. Never rejects: what goes wrong is on stderr, and in the exit
 * code.
 */
export async function runProgram(table: CommandTable, args: readonly string[]): Promise<number> {
  const [name, ...rest] = args;
  try {
    switch (name) {
      case undefined:
        printError(await overview(table));
        return EXIT.usage;
      case "help":
      case "--help":
      case "-h":
        return await help(table, rest);
      case "--version":
      case "-V":
        return await (await findCommand(table, "version")).run(rest);
      default:
        return await (await findCommand(table, name)).run(rest);
    }
  } catch (error) {
    if (isBrokenPipe(error)) return EXIT.done;
    if (error instanceof UsageError) {
      const hint = ["Try", PROGRAM, error.command, "--help"].filter((word) => word !== "").join(" ");
      printError([...error.problems, hint].join("\n"));
      return EXIT.usage;
    }
    if (error instanceof FileError) {
      printError(error.message);
      return EXIT.usage;
    }
    printError(`${PROGRAM} ${name}: ${explain(error)}`);
    return EXIT.failed;
  }
}

/**
 * A failure in a sentence; a mistake of ours with its place, which whoever reports it will be asked
 * for.
 */
function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const ours = [TypeError, ReferenceError, RangeError].some((mistake) => error instanceof mistake);
  return ours ? error.stack ?? error.message : escapeControls(error.message);
}
