/**
 * `demo`: a gateway loses a DRA under load, and no answer.
 * @module
 */
import { formatDuration } from "../../ops/config/units.ts";
import { createLogger } from "../../ops/log/mod.ts";
import { defineCommand, EXIT } from "../cli/command.ts";
import { DEFAULT_PHASES, DemoFailure, DemoScenario, Interrupted, phasesFor, SHORTEST_RUN } from "./scenario.ts";
import { APP_COUNT, DEMO_CONFIG, DemoStage, DRA_1_DELAY, RATE } from "./stage.ts";
import { eventLog } from "../../host/event_log.ts";
import { LiveLine } from "../cli/live_line.ts";
import { latencyText } from "../load/load_report.ts";
import { grouped } from "../../host/numbers.ts";
import { Interruption } from "../cli/signals.ts";
import { statisticsText } from "../../host/statistics_text.ts";
import { isTerminal, palette, print } from "../cli/terminal.ts";

/** Shows what the gateway is for, on this machine alone. */
export default defineCommand({
  name: "demo",
  summary: "show a failover on loopback; nothing to configure",
  arguments: "[grpc] [--duration 30s] [--log LEVEL] [--print-config]",
  description: `
Starts a gateway, two simulated DRAs and ${APP_COUNT} simulated Logic Apps in this process, on ports of 127.0.0.1 that are
free, and sends ${
    grouped(RATE)
  } S13 requests a second. dra-1 (priority 1) is killed under load; what was pending there goes to
dra-2; dra-1 comes back, answers its watchdogs, and gets its traffic back. Every answer is checked.

On a terminal the traffic goes on afterwards until Ctrl-C; elsewhere, and with --duration, the demo ends by itself.
The exit code is 1 when an answer was lost, came twice or was wrong, and when failover or failback did not happen.
The gateway's timers are shorter than a real site's: --print-config shows them.

"demo grpc" shows the gateway for gRPC: sessions that outlive their instance.`,
  flags: {
    duration: {
      kind: "duration",
      placeholder: "DURATION",
      help: "how long all of it lasts, at least 8s or so",
      least: 1,
    },
    log: {
      kind: "string",
      placeholder: "LEVEL",
      help: "the gateway's own log on stderr",
      choices: ["off", "debug", "info", "warning", "error"],
      default: "off",
    },
    "print-config": { kind: "boolean", help: "print the configuration of the gateway, and end" },
  },
  examples: [
    ["demo", "watch it"],
    ["demo --duration 30s", "with longer steady parts; ends by itself"],
    ["demo --log info 2>demo.log", "keep the gateway's log"],
    ["demo grpc", "sessions of gRPC, one of whose instances is killed"],
  ],
  async run({ duration, log: level, "print-config": printConfig }) {
    if (printConfig) {
      print(DEMO_CONFIG);
      return EXIT.done;
    }
    const stage = new DemoStage();
    const log = level === "off" ? undefined : createLogger({ level });
    if (log !== undefined) stage.gateway.on(eventLog(log));
    const goOn = duration === undefined && isTerminal("stdout");
    const phases = duration === undefined ? DEFAULT_PHASES : phasesFor(duration);
    using interruption = new Interruption();
    try {
      introduce(stage);
      if (duration !== undefined && duration < SHORTEST_RUN) {
        const least = Math.ceil(SHORTEST_RUN / 1000);
        print(`  --duration ${formatDuration(duration)} is too short for all of this: it takes ${least} s or so.\n\n`);
      }
      const scenario = new DemoScenario(stage, new LiveLine("stdout"), palette("stdout"), interruption.signal);
      const complaint = await play(scenario, phases, goOn);
      return await conclude(stage, scenario, complaint);
    } finally {
      await stage.stop();
      await log?.close();
    }
  },
});

/** What is set up, and which of its times are not those of a real site. */
function introduce({ dras, config: { gateway, dra_pool } }: DemoStage): void {
  const { bold, dim } = palette("stdout");
  const [first, second] = dras.map((dra) => dra.start().port);
  const { watchdogInterval, reopenWatchdogs, reconnect, failbackDelay } = dra_pool;
  print(`
  ${bold(`${APP_COUNT} Logic Apps`)} ──► ${bold("gateway")} ─┬─► ${
    bold("dra-1")
  } 127.0.0.1:${first}  priority 1, answers after ${DRA_1_DELAY} ms
                            └─► ${bold("dra-2")} 127.0.0.1:${second}  priority 2

  S13 ME-Identity-Check, ${grouped(RATE)} requests/s in all, every answer checked. All of it is one process on loopback.
${
    dim(
      `  Timers are short for the show: watchdog ${
        formatDuration(watchdogInterval)
      }, ${reopenWatchdogs} watchdogs until a lost DRA is OKAY,
  reconnect after ${formatDuration(reconnect.initial)} to ${formatDuration(reconnect.max)}, failback_delay ${
        formatDuration(failbackDelay)
      }, answer_timeout ${formatDuration(gateway.answerTimeout)}.`,
    )
  }

`);
}

/** Plays the scenario. @returns what did not happen; undefined when all of it did */
async function play(scenario: DemoScenario, phases: typeof DEFAULT_PHASES, goOn: boolean): Promise<string | undefined> {
  try {
    await scenario.play(phases);
    if (goOn) await scenario.goOn();
    return undefined;
  } catch (error) {
    if (error instanceof Interrupted) return "interrupted before the end of the scenario";
    if (error instanceof DemoFailure) return error.message;
    throw error;
  }
}

/** Waits for the last answers and draws the line. @returns the exit code */
async function conclude(stage: DemoStage, scenario: DemoScenario, complaint: string | undefined): Promise<number> {
  const { bold, green, red } = palette("stdout");
  const connected = stage.connected;
  if (connected) await stage.apps.end();
  scenario.finish();
  print(`\n${statisticsText(stage.gateway.statistics)}\n\n`);
  print(`latency at the Logic Apps: ${latencyText(scenario.latency.summary(), ["p50", "p99", "max"])}`);
  const counters = connected ? stage.apps.counters : undefined;
  const { sent = 0, answered = 0, lost = 0, duplicated = 0, mismatched = 0, unknown = 0 } = counters ?? {};
  const results = (counters?.results ?? []).map(([result, count]) => `${result} ${grouped(count)}`).join(", ");
  print(`results: ${results || "none"}`);
  if (mismatched + unknown > 0) print(red(`wrong answers: ${mismatched + unknown}; ${counters?.firstFault}`));
  if (complaint !== undefined) print(red(`failed: ${complaint}`));
  const good = sent > 0 && lost + duplicated + mismatched + unknown === 0;
  print((good ? green : red)(bold(`requests ${sent}, answered ${answered}, lost ${lost}, duplicated ${duplicated}`)));
  return good && complaint === undefined ? EXIT.done : EXIT.failed;
}
