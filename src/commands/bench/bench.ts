/**
 * `bench`: how fast is the gateway on this machine?
 * @module
 */
import { AppSimulator } from "../../diameter/sim/app.ts";
import type { AppSimulatorCounters } from "../../diameter/sim/app_counters.ts";
import { DraSimulator } from "../../diameter/sim/dra.ts";
import type { Endpoint } from "../../net/connection.ts";
import { VERSION } from "../../version.ts";
import { BenchGateway } from "../load/gateway.ts";
import { defineCommand, EXIT } from "../cli/command.ts";
import { LiveLine } from "../cli/live_line.ts";
import { runLoad } from "../load/load.ts";
import {
  isFlawless,
  latencyTable,
  latencyText,
  type LoadReport,
  PERCENTILES,
  reportJson,
  reportText,
} from "../load/load_report.ts";
import { grouped, milliseconds } from "../../host/numbers.ts";
import { Interruption } from "../cli/signals.ts";
import { FlagReader } from "../sim/flags.ts";
import { palette, print } from "../cli/terminal.ts";

const NAME = "bench";
/** Requests a second of the open loop, unless told otherwise. */
const USUAL_RATE = 5_000;

/** Measures throughput, processor time and added latency. */
export default defineCommand({
  name: NAME,
  summary: "load a gateway; throughput, latency percentiles, processor time",
  arguments: "[grpc] [--against HOST:PORT] [flags]",
  description: `
Without --against it measures a gateway of its own, default options, in a thread of its own; Logic Apps and a DRA that
answers at once are simulated in another. First a closed loop (as many requests as the windows allow), then an open
loop at --rate, directly to the DRA and through the gateway: the difference is what the gateway adds. With --rate the
closed loop is left out. With --against only that address is loaded: closed loop, or open loop with --rate.
Processor time is that of the gateway's thread. Every answer is checked; the exit code is 1 when one was lost, came
twice or was wrong. Figures depend on the machine and on what else it does: compare runs, not machines.

"bench grpc" loads a gateway for gRPC.`,
  flags: {
    against: { kind: "string", placeholder: "HOST:PORT", help: "a running gateway or DRA to load instead" },
    connections: { kind: "number", placeholder: "N", help: "Logic Apps", default: 10, least: 1, most: 10_000 },
    window: {
      kind: "number",
      placeholder: "N",
      help: "outstanding per connection",
      default: 64,
      least: 1,
      most: 16_384,
    },
    rate: { kind: "number", placeholder: "N", help: "requests per second of the open loop; 5000 otherwise", least: 1 },
    duration: { kind: "duration", placeholder: "TIME", help: "of each measurement", default: 5_000, least: 1 },
    warmup: { kind: "duration", placeholder: "TIME", help: "before each", default: 1_000 },
    "destination-realm": { kind: "string", placeholder: "NAME", help: "where to", default: "core.example.net" },
    timeout: { kind: "duration", placeholder: "TIME", help: "then a request is lost", default: 10_000, least: 1 },
    json: { kind: "boolean", help: "the results as JSON" },
  },
  examples: [
    ["bench", "all of it, in about 18 seconds"],
    ["bench --connections 100 --duration 10s", "more Logic Apps, longer"],
    ["bench --rate 20000", "what the gateway adds to a request at that rate"],
    ["bench --against 127.0.0.1:3868 --json", "a gateway that runs already, for a script"],
  ],
  async run(flags) {
    const reader = new FlagReader(NAME);
    const against = flags.against === undefined ? undefined : reader.address("against", flags.against, 1);
    reader.check();
    using interruption = new Interruption();
    const bench = new Bench({ ...flags, signal: interruption.signal });
    const results = against === undefined ? await own(bench, flags.rate) : await others(bench, against, flags.rate);
    if (flags.json) {
      const { connections, window } = flags;
      const machine = { processors: navigator.hardwareConcurrency, deno: Deno.version.deno, version: VERSION };
      print(JSON.stringify({ connections, window, ...machine, ...results }));
    }
    if (interruption.signal.aborted) bench.live.print("interrupted: only what was measured until then is shown");
    return bench.flawless ? EXIT.done : EXIT.failed;
  },
});

/** A gateway that is there already. */
async function others(bench: Bench, against: Endpoint & { readonly text: string }, rate: number | undefined) {
  const { report, counters } = await bench.measure(`${against.text}: `, against, rate);
  bench.say(`${against.text}, ${rate === undefined ? "closed loop" : `open loop at ${grouped(rate)} requests/s`}`);
  bench.say(reportText(report, counters));
  return { against: against.text, ...(rate === undefined ? {} : { rate }), ...reportJson(report, counters) };
}

/** A gateway of our own, and a DRA behind it. What an interruption leaves out is not shown. */
async function own(bench: Bench, rate: number | undefined): Promise<Record<string, unknown>> {
  const dra = new DraSimulator();
  const direct = dra.start();
  const gateway = await BenchGateway.start(direct);
  try {
    const closed = rate === undefined ? await closedLoop(bench, gateway) : undefined;
    const open = await openLoop(bench, gateway, direct, rate ?? USUAL_RATE);
    bench.say(bench.verdict());
    return {
      ...(closed === undefined ? {} : { closed_loop: closed }),
      ...(open === undefined ? {} : { open_loop: open }),
    };
  } finally {
    await gateway.stop();
    await dra.stop();
  }
}

/** @returns undefined when nothing of it was measured */
async function openLoop(bench: Bench, gateway: BenchGateway, dra: Endpoint, rate: number) {
  const { bold } = palette("stdout");
  const direct = await bench.measure("directly to the DRA: ", dra, rate);
  if (direct.report === undefined) return undefined;
  const through = await bench.measure("through the gateway: ", gateway.address, rate);
  bench.say(bold(`Open loop, ${grouped(rate)} requests/s, each timed from when it was due`));
  bench.say(latencyTable([
    ["directly to the DRA", direct.report.latency],
    ...(through.report === undefined ? [] : [["through the gateway", through.report.latency] as const]),
  ]));
  const result = { rate, direct: reportJson(direct.report, direct.counters) };
  if (through.report === undefined) {
    bench.say("\n");
    return result;
  }
  const latencies = [direct.report.latency, through.report.latency];
  const added = latencies.some(({ count }) => count === 0) ? undefined : latencies[1]!.p50 - latencies[0]!.p50;
  bench.say(added === undefined ? "\n" : `the gateway adds ${milliseconds(Math.max(0, added))} to the median\n\n`);
  return {
    ...result,
    gateway: reportJson(through.report, through.counters),
    added_p50_ms: added === undefined ? null : Math.round(added * 10_000) / 10_000,
  };
}

/** @returns undefined when nothing of it was measured */
async function closedLoop(bench: Bench, gateway: BenchGateway): Promise<Record<string, unknown> | undefined> {
  const { bold } = palette("stdout");
  let cpu = 0;
  const { report, counters } = await bench.measure("through the gateway: ", gateway.address, undefined, async () => {
    cpu = await gateway.cpuSeconds();
  });
  if (report === undefined) return undefined;
  const used = await gateway.cpuSeconds() - cpu;
  const perMillion = report.answered === 0 ? undefined : used * 1e6 / report.answered;
  const { connections, window } = bench.options;
  bench.say(bold(`Closed loop, ${connections} connections, ${window} requests outstanding on each`));
  bench.say(`${grouped(report.answered / report.seconds)} requests/s through the gateway`);
  bench.say(`latency ${latencyText(report.latency, PERCENTILES)}`);
  bench.say(
    `gateway: ${perMillion === undefined ? "" : `${perMillion.toFixed(2)} processor seconds per million requests, `}` +
      `${(used * 100 / report.seconds).toFixed(0)} % of one processor\n\n`,
  );
  return {
    ...reportJson(report, counters),
    gateway_cpu_seconds: Math.round(used * 1000) / 1000,
    gateway_cpu_seconds_per_million_requests: perMillion === undefined ? null : Math.round(perMillion * 1000) / 1000,
  };
}

interface BenchOptions {
  readonly connections: number;
  readonly window: number;
  readonly duration: number;
  readonly warmup: number;
  readonly timeout: number;
  readonly "destination-realm": string;
  readonly json: boolean;
  readonly signal: AbortSignal;
}

/** Measurements, and what became of all their requests. */
class Bench {
  readonly live = new LiveLine("stderr");
  readonly #done: AppSimulator[] = [];

  constructor(readonly options: BenchOptions) {}

  /** Whether no measurement saw a loss or a wrong answer. */
  get flawless(): boolean {
    return this.#done.every(({ counters }) => isFlawless(counters));
  }

  /** One line over all measurements. */
  verdict(): string {
    const sum = { requests: 0, answered: 0, lost: 0, duplicated: 0 };
    for (const { counters } of this.#done) {
      sum.requests += counters.sent;
      sum.answered += counters.answered;
      sum.lost += counters.lost;
      sum.duplicated += counters.duplicated;
    }
    const fault = this.#done.map(({ counters }) => counters.firstFault).find((text) => text !== "");
    const line = Object.entries(sum).map(([name, value]) => `${name} ${value}`).join(", ");
    return fault === undefined ? line : `first fault: ${fault}\n${line}`;
  }

  /** A line of the results, unless they are to be JSON. */
  say(text: string): void {
    if (!this.options.json) print(text);
  }

  /**
   * Loads `target`: closed loop without a rate, open loop with one. Without a report when it was
   * interrupted before the measurement began.
   */
  async measure(
    title: string,
    target: Endpoint,
    rate: number | undefined,
    measuring?: () => Promise<void>,
  ): Promise<{ report: LoadReport | undefined; counters: AppSimulatorCounters }> {
    const { connections, window, timeout, warmup, duration, signal } = this.options;
    const apps = new AppSimulator({
      connect: target,
      connections,
      timeout,
      destinationRealm: this.options["destination-realm"],
      ...(rate === undefined ? { window } : { rate }),
    });
    this.#done.push(apps);
    const { counters } = apps;
    if (signal.aborted) return { report: undefined, counters };
    try {
      await apps.start();
      const report = await runLoad(
        apps,
        { warmup, duration, requests: undefined, signal, ...(measuring === undefined ? {} : { measuring }) },
        this.live,
        title,
      );
      return { report, counters };
    } finally {
      await apps.stop();
    }
  }
}
