/**
 * `bench grpc`: how fast is the gRPC gateway on this machine?
 * @module
 */
import { GrpcLoad } from "../../../grpc/sim/load.ts";
import { echoMethods } from "../../../grpc/sim/echo.ts";
import { ECHO_REQUEST, METHOD } from "../../../grpc/sim/my_service.ts";
import { GrpcServer } from "../../../rpc/server.ts";
import { grouped } from "../../../host/numbers.ts";
import type { Endpoint } from "../../../net/connection.ts";
import { pause } from "../../../net/pause.ts";
import type { LatencySummary } from "../../../ops/metrics/latency_histogram.ts";
import { VERSION } from "../../../version.ts";
import { defineCommand, EXIT } from "../../cli/command.ts";
import { LiveLine } from "../../cli/live_line.ts";
import { Interruption } from "../../cli/signals.ts";
import { palette, print } from "../../cli/terminal.ts";
import { latencyJson, latencyText, PERCENTILES } from "../../load/load_report.ts";
import { AskedThread } from "../../load/thread.ts";
import { FlagReader } from "../../sim/flags.ts";
import { listenAddress } from "../../sim/service.ts";
import type { GrpcAnswer, GrpcQuestion } from "./grpc_worker.ts";

const NAME = "bench grpc";
/** The message that is sent. */
const TEXT = "hello, world";
/** ms that the gateway may take to reach the backend. */
const PATIENCE = 10_000;

/** Measures throughput, latency, and processor time. */
export default defineCommand({
  name: NAME,
  summary: "load a gRPC gateway with unary calls; throughput, latency percentiles, processor time",
  arguments: "[--against HOST:PORT] [flags]",
  description: `
A closed loop: --streams calls outstanding on each of --connections connections. Without --against it measures a
gateway of its own, in a thread of its own, with default limits and one route; the load, and an instance that echoes,
share another, so the figure for throughput is that of all three. Processor time is that of the gateway's thread.
With --against it calls that address: MyServiceEcho of the example unless --method says otherwise, with one message of
the example; every --header is sent along. The exit code is 1 when a call ended with anything but OK.`,
  flags: {
    against: { kind: "string", placeholder: "HOST:PORT", help: "a gateway or service that runs already" },
    connections: { kind: "number", placeholder: "N", help: "connections", default: 10, least: 1, most: 10_000 },
    streams: { kind: "number", placeholder: "N", help: "calls at a time on each", default: 20, least: 1, most: 1_000 },
    duration: { kind: "duration", placeholder: "TIME", help: "of the measurement", default: 10_000, least: 100 },
    warmup: { kind: "duration", placeholder: "TIME", help: "before it", default: 1_000 },
    method: { kind: "string", placeholder: "/PACKAGE.SERVICE/METHOD", help: "what to call", default: METHOD.echo },
    header: { kind: "list", placeholder: "NAME=VALUE", help: "send this along; repeatable" },
    json: { kind: "boolean", help: "the results as JSON" },
  },
  examples: [
    ["bench grpc", "a gateway of its own"],
    ["bench grpc --against 127.0.0.1:10000 --header session-id=abc --json", "a gateway that runs, for a script"],
  ],
  async run(flags) {
    const reader = new FlagReader(NAME);
    const against = flags.against === undefined ? undefined : listenAddress(reader, "against", flags.against);
    if (!/^\/[^/]+\/[^/]+$/.test(flags.method)) {
      reader.reject("method", `expected /PACKAGE.SERVICE/METHOD, got ${JSON.stringify(flags.method)}`);
    }
    const metadata = Object.fromEntries(flags.header.map((text) => headerOf(reader, text)));
    reader.check();
    using interruption = new Interruption();
    const options = { ...flags, metadata, signal: interruption.signal };
    const result = against === undefined ? await own(options) : await measure(against, options);
    if (result === undefined) return EXIT.failed;
    print(flags.json ? json(result, options) : text(result, options));
    return result.failed.size === 0 && result.answered > 0 ? EXIT.done : EXIT.failed;
  },
});

interface Options {
  readonly connections: number;
  readonly streams: number;
  readonly duration: number;
  readonly warmup: number;
  readonly method: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

interface Result {
  readonly seconds: number;
  readonly answered: number;
  readonly failed: ReadonlyMap<string, number>;
  readonly latency: LatencySummary;
  /** Of our own gateway. */
  readonly cpuSeconds?: number;
}

/** @returns undefined when it was interrupted before the measurement */
async function own(options: Options): Promise<Result | undefined> {
  const methods = echoMethods({ id: "bench", delay: 0, shutdown: () => {} });
  const server = new GrpcServer({ listen: { hostname: "127.0.0.1", port: 0 }, methods: () => methods });
  const thread = new AskedThread<GrpcQuestion, GrpcAnswer>(new URL("./grpc_worker.ts", import.meta.url));
  const usage = async () => {
    const answer = await thread.ask({ kind: "usage" });
    return answer.kind === "usage" ? answer : { cpuSeconds: 0, isReady: false };
  };
  try {
    const started = await thread.ask({ kind: "start", backend: server.address });
    if (started.kind !== "started") throw new Error("Cannot measure: the gateway did not start");
    const deadline = performance.now() + PATIENCE;
    while (!(await usage()).isReady) {
      if (performance.now() > deadline) throw new Error("Cannot measure: the gateway does not reach its backend");
      await pause(10, options.signal);
    }
    let before = 0;
    const result = await measure(started.address, options, async () => {
      before = (await usage()).cpuSeconds;
    });
    if (result === undefined) return undefined;
    const cpuSeconds = (await usage()).cpuSeconds - before;
    await thread.ask({ kind: "stop" });
    return { ...result, cpuSeconds };
  } finally {
    thread.terminate();
    await server.stop(0);
  }
}

async function measure(
  to: Endpoint,
  { connections, streams, method, metadata, warmup, duration, signal }: Options,
  measuring: () => Promise<void> = () => Promise.resolve(),
): Promise<Result | undefined> {
  const load = new GrpcLoad({
    to,
    connections,
    streams,
    method,
    metadata,
    request: ECHO_REQUEST.encode({ text: TEXT }),
  });
  const { counters } = load;
  const live = new LiveLine("stderr");
  await load.start();
  const timer = setInterval(() => live.update(`answered ${grouped(counters.answered)}`), 500);
  try {
    await pause(warmup, signal);
    if (signal.aborted) return undefined;
    await measuring();
    load.reset();
    const started = performance.now();
    await pause(duration, signal);
    const seconds = (performance.now() - started) / 1000;
    const { answered, failed, latency } = counters;
    return { seconds, answered, failed: new Map(failed), latency: latency.summary() };
  } finally {
    clearInterval(timer);
    live.update("");
    await load.end();
  }
}

function text({ seconds, answered, failed, latency, cpuSeconds }: Result, { connections, streams }: Options): string {
  const { bold, red } = palette("stdout");
  const failures = [...failed].map(([status, count]) => `${status} ${grouped(count)}`).join(", ");
  return [
    bold(`Closed loop, ${connections} connections, ${streams} calls outstanding on each`),
    `${grouped(answered / seconds)} calls/s over ${seconds.toFixed(1)} s`,
    `latency ${latencyText(latency, PERCENTILES)}`,
    ...(cpuSeconds === undefined || answered === 0 ? [] : [
      `gateway: ${(cpuSeconds * 1e6 / answered).toFixed(2)} processor seconds per million calls, ` +
      `${(cpuSeconds * 100 / seconds).toFixed(0)} % of one processor`,
    ]),
    failures === "" ? "every call ended with OK" : red(`calls that did not end with OK: ${failures}`),
  ].join("\n");
}

function json({ seconds, answered, failed, latency, cpuSeconds }: Result, { connections, streams, method }: Options) {
  const perMillion = cpuSeconds === undefined || answered === 0 ? null : cpuSeconds * 1e6 / answered;
  return JSON.stringify({
    connections,
    streams,
    method,
    processors: navigator.hardwareConcurrency,
    deno: Deno.version.deno,
    version: VERSION,
    seconds: Math.round(seconds * 1000) / 1000,
    answered,
    calls_per_second: Math.round(answered / seconds),
    failed: Object.fromEntries(failed),
    latency_ms: latencyJson(latency),
    gateway_cpu_seconds_per_million_calls: perMillion === null ? null : Math.round(perMillion * 1000) / 1000,
  });
}

function headerOf(reader: FlagReader, text: string): [string, string] {
  const [, name = "", value = ""] = /^([!#$%&'*+.^_`|~0-9a-z-]+)=(.*)$/s.exec(text) ?? [];
  if (name === "") {
    reader.reject("header", `expected NAME=VALUE with a name in lower case, got ${JSON.stringify(text)}`);
  }
  return [name, value];
}
