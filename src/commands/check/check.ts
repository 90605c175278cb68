/**
 * `check`: is this configuration good, and what does it amount to?
 * @module
 */
import { readWholeConfig } from "../../host/config.ts";
import { configFileName } from "../../ops/config/mod.ts";
import { defineCommand, UsageError } from "../cli/command.ts";
import { checkFlags, reportOn } from "./report.ts";

/** Validates a configuration file. */
export default defineCommand({
  name: "check",
  summary: "validate a configuration file",
  arguments: "[grpc|chat] -c FILE|- [--print] [--resolve] [--json]",
  description: `
Prints "FILE: ok" and what it configures. Every error is one line on stderr, with its place in the file, and the exit
code is then 2; warnings are lines on stderr too and change nothing. Without -c, the file is the one that DIAM_GW_CONFIG
names; "-" is standard input. "check grpc" and "check chat" look at what "serve grpc" and "serve chat"
would run with, environment and all.

--json writes one object: file, ok, errors, warnings and, with --print, config. Each error and warning has key, line,
column, severity and message; line and column are null for what does not stand in the file.`,
  flags: checkFlags,
  examples: [
    ["check -c diam-gw.yaml", "is it good?"],
    ["check -c diam-gw.yaml --print", "what does it amount to, with every default?"],
    ["check -c diam-gw.yaml --json", "the same for a script: ok, errors, warnings"],
    ["check -c - --resolve < diam-gw.yaml", "a file that comes from elsewhere, and the names in it"],
    ["check grpc -c gateway.yaml", "would serve grpc start with it?"],
  ],
  async run(flags) {
    const file = configFileName(flags.config);
    if (file === undefined) throw new UsageError(["--config: missing; give -c FILE, or set DIAM_GW_CONFIG"], "check");
    return await reportOn(file, flags, () => readWholeConfig(file));
  },
});
