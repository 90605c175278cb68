/**
 * `bench chat`: how fast does the chat gateway spread events on this machine?
 * @module
 */
import { DEFAULT_CHAT } from "../../../chat/config/options.ts";
import { ChatService } from "../../../chat/proto/mod.ts";
import { CoreServer } from "../../../chat/sim/core_server.ts";
import { FanoutReaders, type FanoutResult } from "../../../chat/sim/fanout.ts";
import { grouped, milliseconds } from "../../../host/numbers.ts";
import { type Endpoint, endpointText } from "../../../net/connection.ts";
import { reasonOf } from "../../../net/reason.ts";
import { VERSION } from "../../../version.ts";
import { defineCommand, EXIT } from "../../cli/command.ts";
import { LiveLine } from "../../cli/live_line.ts";
import { Interruption } from "../../cli/signals.ts";
import { palette, print, printError } from "../../cli/terminal.ts";
import { AskedThread } from "../../load/thread.ts";
import { ChatDoor, webAddress } from "../../sim/chat_door.ts";
import { FlagReader } from "../../sim/flags.ts";
import type { ChatAnswer, ChatQuestion } from "./chat_worker.ts";
import { memberOf, PAYLOAD_BYTES, Publishers } from "./publishers.ts";

const NAME = "bench chat";
/** Publications a second of the open loop. */
const RATE = 50;
const WARMUP = 500;

/** Measures deliveries, latency and processor time. */
export default defineCommand({
  name: NAME,
  summary: "load one room of a chat gateway; deliveries a second, latency, processor time",
  arguments: "[--against URL] [--members 1000] [--window 4] [flags]",
  description: `
One room, its members on WebSockets (JSON), events with payloads of ${PAYLOAD_BYTES} bytes that devices send through the gateway and
the core. First a closed loop: --window publications outstanding, each until its last member has it. Then ${RATE} a second,
with the time until the last member has it. Without --against it measures a gateway of its own, in a thread of its own
with default limits; load and core share another, so the figure for throughput is that of all three. Processor time is
that of the gateway's thread. With --against it loads a gateway that runs: with --dev, or with its secret.
The exit code is 1 when an event did not reach every member once.`,
  flags: {
    against: { kind: "string", placeholder: "URL", help: "a gateway that runs: http://HOST:PORT" },
    members: { kind: "number", placeholder: "N", help: "members", default: 1_000, least: 1, most: 20_000 },
    window: { kind: "number", placeholder: "N", help: "publications outstanding", default: 4, least: 1, most: 1_000 },
    duration: { kind: "duration", placeholder: "TIME", help: "of each of both loops", default: 5_000, least: 100 },
    secret: { kind: "string", placeholder: "SECRET", help: "of the gateway of --against; signs tokens (HS256)" },
    audience: { kind: "string", placeholder: "NAME", help: "of these tokens", default: DEFAULT_CHAT.auth.audience },
    json: { kind: "boolean", help: "the results as JSON" },
  },
  examples: [
    ["bench chat", "a gateway of its own"],
    ["bench chat --window 32 --members 2000", "more at a time, a larger room"],
    ["bench chat --against http://127.0.0.1:8080 --json", "serve chat --dev, for a script"],
  ],
  async run(flags) {
    const reader = new FlagReader(NAME);
    const against = flags.against === undefined ? undefined : webAddress(reader, "against", flags.against);
    if (flags.secret !== undefined && against === undefined) reader.reject("secret", "has no effect without --against");
    reader.check();
    using interruption = new Interruption();
    const options = { ...flags, signal: interruption.signal };
    try {
      const result = against === undefined ? await own(options) : await measure(against, options);
      if (options.signal.aborted) return EXIT.failed;
      print(flags.json ? json(result, options) : text(result, options));
      return EXIT.done;
    } catch (error) {
      printError(`${NAME}: ${reasonOf(error)}`);
      return EXIT.failed;
    }
  },
});

interface Options {
  readonly members: number;
  readonly window: number;
  readonly duration: number;
  readonly secret: string | undefined;
  readonly audience: string;
  readonly signal: AbortSignal;
}

interface Loop extends FanoutResult {
  /** Of our own gateway. */
  readonly cpuSeconds?: number;
}

interface Result {
  readonly closed: Loop;
  readonly open: Loop;
}

async function own(options: Options): Promise<Result> {
  const core = await CoreServer.start({ listen: { hostname: "127.0.0.1", port: 0 }, service: ChatService });
  const thread = new AskedThread<ChatQuestion, ChatAnswer>(new URL("./chat_worker.ts", import.meta.url));
  const secret = crypto.randomUUID();
  try {
    const started = await thread.ask({ kind: "start", core: endpointText(core.address), secret });
    if (started.kind !== "started") throw new Error("the gateway did not start");
    const result = await measure(started.address, { ...options, secret }, async () => {
      const answer = await thread.ask({ kind: "usage" });
      return answer.kind === "usage" ? answer.cpuSeconds : 0;
    });
    await thread.ask({ kind: "stop" });
    return result;
  } finally {
    thread.terminate();
    await core.stop();
  }
}

/** @param usage processor seconds of the gateway so far */
async function measure(to: Endpoint, options: Options, usage?: () => Promise<number>): Promise<Result> {
  const { members, window, duration, signal } = options;
  const live = new LiveLine("stderr");
  const room = `bench-${crypto.randomUUID().slice(0, 8)}`;
  const door = new ChatDoor(endpointText(to), options);
  const readers = new FanoutReaders();
  const publishers = new Publishers(room);
  const timer = setInterval(() => live.update(`${grouped(readers.size)} members`), 500);
  const loop = async (run: () => Promise<FanoutResult>): Promise<Loop> => {
    const before = await usage?.();
    const result = await run();
    const after = await usage?.();
    return before === undefined || after === undefined ? result : { ...result, cpuSeconds: after - before };
  };
  const publish = () => publishers.publish();
  try {
    const profile = (index: number) => `${room}-${index + 1}`;
    const names = Array.from({ length: members }, (_, index) => profile(index));
    const talkers = publishers.profiles;
    await door.makeRoom(room, [...names, ...talkers], await door.token(names[0]!, "bench"));
    await publishers.open(to, (name) => door.token(name, "bench"));
    await readers.open(to, members, async (index) => {
      return memberOf(room, await door.token(names[index]!, "bench"), "bench");
    });
    await readers.closedLoop(1, WARMUP, publish, signal);
    const closed = await loop(() => readers.closedLoop(window, duration, publish, signal));
    const open = await loop(() => readers.openLoop(RATE, duration, publish, signal));
    publishers.check();
    return { closed, open };
  } catch (error) {
    publishers.check();
    throw error;
  } finally {
    clearInterval(timer);
    live.update("");
    readers.close();
    publishers.close();
  }
}

function text({ closed, open }: Result, { members, window }: Options): string {
  const { bold } = palette("stdout");
  const cost = (loop: Loop) => {
    const each = perDelivery(loop);
    return each === null ? "" : `; gateway: ${each.toFixed(2)} us of processor time per delivery`;
  };
  return [
    bold(`One room, ${grouped(members)} members on WebSockets, JSON, payloads of ${PAYLOAD_BYTES} bytes`),
    `${window} outstanding: ${grouped(closed.deliveries / closed.seconds)} deliveries/s` +
    ` over ${closed.seconds.toFixed(1)} s${cost(closed)}`,
    `${RATE} a second: the last member has it after p50 ${milliseconds(percentile(open, 0.5))}, ` +
    `p99 ${milliseconds(percentile(open, 0.99))}${cost(open)}`,
    `events ${grouped(closed.published + open.published)}, each read once by every member`,
  ].join("\n");
}

function json({ closed, open }: Result, { members, window }: Options): string {
  const loop = (of: Loop) => ({
    seconds: rounded(of.seconds),
    published: of.published,
    deliveries: of.deliveries,
    deliveries_per_second: Math.round(of.deliveries / of.seconds),
    last_member_ms: { p50: rounded(percentile(of, 0.5)), p99: rounded(percentile(of, 0.99)) },
    gateway_cpu_us_per_delivery: perDelivery(of),
  });
  return JSON.stringify({
    members,
    payload_bytes: PAYLOAD_BYTES,
    processors: navigator.hardwareConcurrency,
    deno: Deno.version.deno,
    version: VERSION,
    closed_loop: { window, ...loop(closed) },
    open_loop: { rate: RATE, ...loop(open) },
  });
}

function perDelivery({ cpuSeconds, deliveries }: Loop): number | null {
  return cpuSeconds === undefined || deliveries === 0 ? null : rounded(cpuSeconds * 1e6 / deliveries);
}

function percentile({ latencies }: FanoutResult, part: number): number {
  return latencies[Math.floor(latencies.length * part)] ?? 0;
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
