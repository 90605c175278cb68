/**
 * The command table.
 * @module
 */

import type { CommandTable } from "./commands/command.ts";
import { runProgram } from "./commands/run_program.ts";

/** Every command; a line each. */
export const commands: CommandTable = {
  serve: () => import("./commands/serve.ts"),
  demo: () => import("./commands/demo.ts"),
  bench: () => import("./commands/bench.ts"),
  sim: () => import("./commands/sim.ts"),
  send: () => import("./commands/send.ts"),
  check: () => import("./commands/check.ts"),
  decode: () => import("./commands/decode.ts"),
  version: () => import("./commands/version.ts"),
};

if (import.meta.main) Deno.exit(await runProgram(commands, Deno.args));
