/**
 * `sim dra`: a DRA that does what it is told, faults included.
 * @module
 */
import { DRA_APPLICATIONS, DraSimulator } from "../diameter/sim/dra.ts";
import type { DraSimulatorCounters } from "../diameter/sim/dra_counters.ts";
import { EquipmentTable, parseEquipment } from "../diameter/sim/equipment.ts";
import { NO_FAULTS } from "../diameter/sim/faults.ts";
import { APPLICATION } from "../diameter/wire/application_ids.ts";
import { FileError, readTextFile } from "../net/read_file.ts";
import { formatAddress } from "../ops/config/address.ts";
import { defineCommand, EXIT } from "./command.ts";
import type { FlagValues } from "./flags.ts";
import { flagTable } from "./flags.ts";
import { LiveLine } from "./live_line.ts";
import { grouped, table } from "./numbers.ts";
import { Interruption } from "./signals.ts";
import { FlagReader } from "./sim_flags.ts";
import { print } from "./terminal.ts";

const NAME = "sim dra";
const STATUSES = ["whitelisted", "blacklisted", "greylisted", "unknown"] as const;

const FLAGS = flagTable({
  listen: { kind: "string", placeholder: "HOST:PORT", help: "where; port 0 takes a free one", required: true },
  "origin-host": {
    kind: "string",
    placeholder: "NAME",
    help: "identity in CEA and answers",
    default: "dra-1.core.example.net",
  },
  "origin-realm": { kind: "string", placeholder: "NAME", help: "its realm", default: "core.example.net" },
  applications: {
    kind: "list",
    placeholder: "ID[:VENDOR],..",
    help: "what the CEA advertises; Relay and S13 otherwise",
  },
  "no-relay": { kind: "boolean", help: "do not advertise Relay" },
  "imei-table": { kind: "string", placeholder: "FILE", help: "YAML (IMEI: status) or CSV (IMEI,status) for S13" },
  "imei-default": {
    kind: "string",
    placeholder: "STATUS",
    help: "status of every other IMEI",
    choices: STATUSES,
    default: "whitelisted",
  },
  delay: { kind: "duration", placeholder: "TIME", help: "every answer comes this much later .." },
  "delay-jitter": { kind: "duration", placeholder: "TIME", help: ".. give or take this much" },
  "result-code": { kind: "string", placeholder: "[VENDOR:]CODE", help: "the result of every answer" },
  "drop-every": every("gets no answer"),
  "busy-every": every("gets 3004 with the E bit"),
  "error-every": every("gets --error-code"),
  "error-code": { kind: "string", placeholder: "[VENDOR:]CODE", help: "what --error-every answers; 5012 otherwise" },
  "duplicate-every": every("gets two answers"),
  "late-every": every("is answered --late-by later"),
  "late-by": { kind: "duration", placeholder: "TIME", help: "for --late-every; 5s otherwise", least: 1 },
  "wrong-hbh-every": every("is answered under a wrong hop-by-hop id"),
  reorder: { kind: "number", placeholder: "N", help: "answers leave in groups of N, last first", least: 1 },
  "close-after": after("drops a connection at its Nth request"),
  "silence-after": after("from its Nth request on a connection stays open and nothing is answered, DWR included"),
  "no-watchdog": { kind: "boolean", help: "leave DWRs unanswered; requests are answered" },
  "slow-reader": { kind: "size", placeholder: "BYTES", help: "read so many bytes a second; 0 reads nothing" },
  "dpr-after": {
    kind: "duration",
    placeholder: "TIME",
    help: "leave each connection with a DPR after so long",
    least: 1,
  },
  "dpr-cause": {
    kind: "number",
    placeholder: "N",
    help: "its Disconnect-Cause: 0 REBOOTING, 1 BUSY, 2 DO_NOT_WANT_TO_TALK_TO_YOU",
    default: 0,
    least: 0,
    most: 2,
  },
  "request-every": {
    kind: "duration",
    placeholder: "TIME",
    help: "send a request of its own on each connection this often (RAR unless told otherwise)",
    least: 1,
  },
  "request-command": {
    kind: "number",
    placeholder: "CODE",
    help: `its command; ${NO_FAULTS.requestCommand} otherwise`,
    least: 1,
    most: 0xffffff,
  },
  "request-application": {
    kind: "number",
    placeholder: "ID",
    help: `its application; ${NO_FAULTS.requestApplication} otherwise`,
    least: 0,
    most: 0xffffffff,
  },
  "request-destination-host": {
    kind: "string",
    placeholder: "NAME",
    help: "its Destination-Host; otherwise the Origin-Hosts seen, in turn",
  },
  seed: { kind: "number", placeholder: "N", help: "of --delay-jitter: the same seed, the same delays; 1 otherwise" },
  duration: { kind: "duration", placeholder: "TIME", help: "end by itself after so long" },
  json: { kind: "boolean", help: "the counters as JSON" },
  quiet: { kind: "boolean", help: "do not tell of connections" },
});

/** Flags that do nothing without another one. */
const NEEDS = {
  "error-code": "error-every",
  "late-by": "late-every",
  "request-command": "request-every",
  "request-application": "request-every",
  "request-destination-host": "request-every",
  seed: "delay-jitter",
} as const;

/** What `--late-every` answers later by, in milliseconds. */
const LATE_BY = 5_000;

/** Runs one simulated DRA until it is told to stop. */
export default defineCommand({
  name: NAME,
  summary: "a DRA that answers what it is sent, with faults if you like",
  arguments: "--listen HOST:PORT [faults]",
  description: `
Answers CER, DWR and DPR, every request of an application that it advertises with 2001, others with 3007, and S13
ME-Identity-Check with the Equipment-Status of its IMEI.
"Every N" counts the requests of all connections, "after N" those of each. It says where it listens on stderr, and
ends with SIGTERM or SIGINT, or after --duration: it leaves with DPR, and its counters go to stdout.`,
  flags: FLAGS,
  examples: [
    ["sim dra --listen 127.0.0.1:3869", "a DRA without faults"],
    ["sim dra --listen 127.0.0.1:0 --imei-table stolen.csv", "an Equipment Identity Register, on a free port"],
    ["sim dra --listen 127.0.0.1:3869 --delay 20ms --delay-jitter 10ms --busy-every 50", "slow, and busy at times"],
    ["sim dra --listen 127.0.0.1:3869 --silence-after 1000", "dies half-open: only its watchdog tells"],
    ["sim dra --listen 127.0.0.1:3869 --request-every 100ms", "asks the Logic Apps that it has heard of"],
  ],
  async run(flags) {
    const live = new LiveLine("stderr");
    const { dra, endpoint } = await simulatorOf(flags, flags.quiet ? undefined : (text) => live.print(text));
    using interruption = new Interruption();
    const address = dra.start();
    live.print(`listening on ${formatAddress(address.hostname, address.port)}`);
    const started = performance.now();
    const status = showStatus(live, dra);
    await interruption.wait(flags.duration);
    status();
    await dra.stop();
    const seconds = (performance.now() - started) / 1000;
    print(
      flags.json
        ? JSON.stringify({ listen: endpoint, ...json(dra.counters), seconds: Math.round(seconds * 1000) / 1000 })
        : text(dra.counters, seconds),
    );
    return EXIT.done;
  },
});

async function simulatorOf(flags: FlagValues<typeof FLAGS>, notice: ((text: string) => void) | undefined) {
  const reader = new FlagReader(NAME);
  const listen = reader.address("listen", flags.listen);
  reader.identity("origin-host", flags["origin-host"]);
  reader.identity("origin-realm", flags["origin-realm"]);
  const listed = reader.applications("applications", flags.applications);
  const applications = (listed ?? DRA_APPLICATIONS)
    .filter(({ id }) => !flags["no-relay"] || id !== APPLICATION.relay);
  if (applications.length === 0) reader.reject("no-relay", "leaves no application to advertise");
  const result = reader.result("result-code", flags["result-code"]);
  const errorResult = reader.result("error-code", flags["error-code"]) ?? NO_FAULTS.errorResult;
  const entries = await readEquipment(reader, flags["imei-table"]);
  reader.check();
  for (const [flag, other] of Object.entries(NEEDS) as [keyof typeof NEEDS, keyof typeof FLAGS][]) {
    if (flags[flag] !== undefined && flags[other] === undefined) {
      reader.reject(flag, `has no effect without --${other}`);
    }
  }
  reader.check();
  const dra = new DraSimulator({
    listen,
    originHost: flags["origin-host"],
    originRealm: flags["origin-realm"],
    applications,
    equipment: new EquipmentTable(entries, flags["imei-default"]),
    ...(flags.seed === undefined ? {} : { seed: flags.seed }),
    ...(notice === undefined ? {} : { notice }),
    faults: {
      delay: flags.delay ?? 0,
      delayJitter: flags["delay-jitter"] ?? 0,
      result,
      dropEvery: flags["drop-every"] ?? 0,
      busyEvery: flags["busy-every"] ?? 0,
      errorEvery: flags["error-every"] ?? 0,
      errorResult,
      duplicateEvery: flags["duplicate-every"] ?? 0,
      lateEvery: flags["late-every"] ?? 0,
      lateBy: flags["late-by"] ?? LATE_BY,
      wrongHopByHopEvery: flags["wrong-hbh-every"] ?? 0,
      reorder: flags.reorder ?? 0,
      closeAfter: flags["close-after"] ?? 0,
      silenceAfter: flags["silence-after"] ?? 0,
      noWatchdog: flags["no-watchdog"],
      readRate: flags["slow-reader"] ?? Infinity,
      dprAfter: flags["dpr-after"] ?? 0,
      dprCause: flags["dpr-cause"],
      requestEvery: flags["request-every"] ?? 0,
      requestCommand: flags["request-command"] ?? NO_FAULTS.requestCommand,
      requestApplication: flags["request-application"] ?? NO_FAULTS.requestApplication,
      requestDestinationHost: flags["request-destination-host"] ?? "",
    },
  });
  return { dra, endpoint: listen.text };
}

async function readEquipment(reader: FlagReader, file: string | undefined) {
  if (file === undefined) return [];
  try {
    return parseEquipment(await readTextFile(file));
  } catch (error) {
    if (!(error instanceof Error) || error instanceof FileError) throw error;
    for (const line of error.message.split("\n")) reader.reject("imei-table", `${file}: ${line}`);
    return [];
  }
}

/** @returns what ends it */
function showStatus(live: LiveLine, dra: DraSimulator): () => void {
  if (!live.enabled) return () => {};
  let [before, at] = [0, performance.now()];
  const timer = setInterval(() => {
    const { requests, answers } = dra.counters;
    const now = performance.now();
    const rate = (requests - before) * 1000 / (now - at);
    [before, at] = [requests, now];
    live.update(
      `${grouped(rate)} requests/s, ${grouped(requests)} requests, ${grouped(answers)} answers, ` +
        `${dra.openConnections} open`,
    );
  }, 500);
  return () => {
    clearInterval(timer);
    live.update("");
  };
}

function json(counters: DraSimulatorCounters): Record<string, number> {
  return {
    connections: counters.connections,
    requests: counters.requests,
    answers: counters.answers,
    unanswered: counters.unanswered,
    t_flagged: counters.tFlagged,
    duplicates: counters.duplicates,
    requests_sent: counters.requestsSent,
    answers_received: counters.answersReceived,
    unmatched_answers: counters.unmatchedAnswers,
    malformed: counters.malformed,
  };
}

function text(counters: DraSimulatorCounters, seconds: number): string {
  const rows = Object.entries(json(counters)).map(([name, value]) => [name.replaceAll("_", " "), grouped(value)]);
  return table([...rows, ["seconds", seconds.toFixed(1)]]);
}

function every(what: string) {
  return { kind: "number", placeholder: "N", help: `every Nth request ${what}`, least: 1 } as const;
}

function after(what: string) {
  return { kind: "number", placeholder: "N", help: what, least: 1 } as const;
}
