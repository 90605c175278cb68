/**
 * The command table.
 * @module
 */

import { type CommandTable, withMembers } from "./commands/cli/command.ts";
import { runProgram } from "./commands/cli/run_program.ts";

/** Every command; a line each. */
export const commands: CommandTable = {
  serve: withMembers(() => import("./commands/serve/serve.ts"), {
    chat: () => import("./commands/serve/chat.ts"),
    grpc: () => import("./commands/serve/grpc.ts"),
  }),
  demo: withMembers(() => import("./commands/demo/demo.ts"), {
    grpc: () => import("./commands/demo/grpc/demo.ts"),
    chat: () => import("./commands/demo/chat/demo.ts"),
  }),
  bench: withMembers(() => import("./commands/bench/bench.ts"), {
    chat: () => import("./commands/bench/chat/chat.ts"),
    grpc: () => import("./commands/bench/grpc/grpc.ts"),
  }),
  sim: () => import("./commands/sim/sim.ts"),
  send: () => import("./commands/send/send.ts"),
  ping: () => import("./commands/ping/ping.ts"),
  top: () => import("./commands/top/top.ts"),
  status: () => import("./commands/status.ts"),
  check: withMembers(() => import("./commands/check/check.ts"), {
    chat: () => import("./commands/check/chat.ts"),
    grpc: () => import("./commands/check/grpc.ts"),
  }),
  explain: withMembers(() => import("./commands/explain/explain.ts"), {
    grpc: () => import("./commands/explain/grpc.ts"),
  }),
  decode: () => import("./commands/decode/decode.ts"),
  dict: () => import("./commands/dict/dict.ts"),
  version: () => import("./commands/version.ts"),
  completion: async () => ({ default: (await import("./commands/completion/completion.ts")).completion(commands) }),
};

if (import.meta.main) Deno.exit(await runProgram(commands, Deno.args));
