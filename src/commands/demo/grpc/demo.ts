/**
 * `demo grpc`: sessions outlive the instance that served them.
 * @module
 */
import { formatDuration } from "../../../ops/config/units.ts";
import { grpcEventLog } from "../../../host/grpc_event_log.ts";
import { createLogger } from "../../../ops/log/mod.ts";
import { defineCommand, EXIT, UsageError } from "../../cli/command.ts";
import { nearest } from "../../../ops/config/nearest.ts";
import { LiveLine } from "../../cli/live_line.ts";
import { Interruption } from "../../cli/signals.ts";
import { palette, print } from "../../cli/terminal.ts";
import { DEFAULT_DURATION, playStory, SHORTEST } from "./story.ts";
import type { StackOptions } from "./stack.ts";
import { playScenario, ScenarioFailed, SCENARIOS } from "./scenarios.ts";

const NAME = "demo grpc";

/** Shows what the gRPC plane is for, on this machine alone. */
export default defineCommand({
  name: NAME,
  summary: "show sessions that outlive their instance, on loopback; nothing to configure",
  arguments: "[--duration 20s] [--scenario NAME]... [--list]",
  description: `
Starts an auth service, a discoverer, three instances of a service, the gateway in front of them and clients, all in
this process, on ports of 127.0.0.1 that are free. Clients log in and call with their session; the gateway keeps each
session on one instance. One instance is killed under load: its sessions and running streams go on elsewhere, and it
comes back. Every answer is checked; the exit code is 1 when one was lost or wrong.
--scenario plays one situation instead, and says whether it holds; --list names them, "all" plays every one.`,
  flags: {
    duration: {
      kind: "duration",
      placeholder: "TIME",
      help: `how long all of it lasts; ${formatDuration(DEFAULT_DURATION)} unless given`,
      least: SHORTEST,
    },
    scenario: { kind: "list", placeholder: "NAME", help: "play this situation; repeatable" },
    list: { kind: "boolean", help: "name the situations, and end" },
    log: {
      kind: "string",
      placeholder: "LEVEL",
      help: "the gateway's own log on stderr",
      choices: ["off", "debug", "info", "warning", "error"],
      default: "off",
    },
  },
  examples: [
    ["demo grpc", "watch it"],
    ["demo grpc --scenario session_transfer", "one situation"],
    ["demo grpc --scenario all", "every one; the exit code says whether all hold"],
  ],
  async run({ duration, scenario: wanted, list, log: level }) {
    if (list) {
      for (const [name, { shows }] of Object.entries(SCENARIOS)) print(`${name.padEnd(32)}${shows}`);
      return EXIT.done;
    }
    const log = level === "off" ? undefined : createLogger({ level });
    const parts: Pick<StackOptions, "watch"> = log === undefined
      ? {}
      : { watch: (gateway) => void gateway.on(grpcEventLog(log)) };
    try {
      if (wanted.length > 0) return await playAll(named(wanted), parts);
      using interruption = new Interruption();
      const { signal } = interruption;
      const say = new LiveLine("stdout");
      const { calls, answered, lost, wrong, transferred } = await playStory({
        duration: duration ?? DEFAULT_DURATION,
        say: (line) => say.print(line),
        signal,
        ...parts,
      });
      const good = lost === 0 && wrong === 0 && calls === answered && calls > 0 && !signal.aborted;
      const { bold, green, red } = palette("stdout");
      if (wrong > 0) print(red(`wrong answers: ${wrong}`));
      if (signal.aborted) print(red("interrupted before the end"));
      const result = `calls ${calls}, answered ${answered}, lost ${lost}, transferred ${transferred}`;
      print((good ? green : red)(bold(result)));
      return good ? EXIT.done : EXIT.failed;
    } finally {
      await log?.close();
    }
  },
});

/** The names that were given, all known. */
function named(wanted: readonly string[]): readonly string[] {
  const known = Object.keys(SCENARIOS);
  const problems = wanted.filter((name) => name !== "all" && !known.includes(name)).map((name) => {
    const near = nearest(name, known);
    return `--scenario: no scenario ${JSON.stringify(name)}; ${
      near === undefined ? `expected one of ${known.join(", ")}` : `did you mean "${near}"?`
    }`;
  });
  if (problems.length > 0) throw new UsageError(problems, NAME);
  return wanted.includes("all") ? known : [...new Set(wanted)];
}

/** One after the other; the exit code says whether all hold. */
async function playAll(names: readonly string[], parts: Pick<StackOptions, "watch">) {
  const { bold, green, red, dim } = palette("stdout");
  let failed = 0;
  for (const name of names) {
    const scenario = SCENARIOS[name]!;
    print(`${bold(name)}: ${scenario.shows}`);
    try {
      await playScenario(
        { ...scenario, options: { ...scenario.options, ...parts } },
        (line) => print(dim(`  ${line}`)),
      );
      print(green("  it holds"));
    } catch (error) {
      if (!(error instanceof ScenarioFailed)) throw error;
      failed++;
      print(red(`  it does not hold: ${error.message}`));
    }
  }
  if (names.length > 1) {
    print(
      (failed === 0 ? green : red)(bold(`scenarios ${names.length}, held ${names.length - failed}, failed ${failed}`)),
    );
  }
  return failed === 0 ? EXIT.done : EXIT.failed;
}
