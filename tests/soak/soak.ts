/**
 * `deno task soak --minutes N --rate N`: a gateway process between DRAs that have one trouble after
 * the other and Logic Apps that come and go. Exit code 1 when an answer was lost, came twice or
 * reached somebody else, when the books do not add up, or when memory or open files grow.
 * @module
 */
import { parseArgs } from "@std/cli";
import { DraSimulator } from "../../src/diameter/sim/dra.ts";
import { FaultPlan } from "./fault_plan.ts";
import { FROM_SOURCE, GatewayProcess, type ProcessSample } from "../support/gateway_process.ts";
import { growthOf } from "../support/growth.ts";
import { LoadPlan, type LoadTotals } from "./load_plan.ts";

const DRAS = 3;
/** Milliseconds between two samples, and between two lines. */
const SAMPLE_STEP = 1_000;
const LINE_STEP = 10_000;
/** What the last third may have more than the first; the pools may still grow a little. */
const MEMORY_ALLOWED = { share: 0.1, more: 12e6 };
const FILES_ALLOWED = { share: 0, more: 8 };

const flags = parseArgs(Deno.args, { string: ["minutes", "rate", "program"] });
const minutes = Number(flags["minutes"] ?? 10);
const rate = Number(flags["rate"] ?? 3_000);
if (!(minutes > 0) || !(rate > 0)) {
  console.error(
    "Expected --minutes N and --rate N (requests a second), both more than 0; --program FILE for a built one",
  );
  Deno.exit(2);
}
const command = typeof flags["program"] === "string" ? [flags["program"]] : FROM_SOURCE;

Deno.exit(await soak());

async function soak(): Promise<number> {
  const dras = Array.from(
    { length: DRAS },
    (_, nth) => new DraSimulator({ originHost: `dra-${nth + 1}.core.example.net`, watchdogInterval: 2_000 }),
  );
  const gateway = await GatewayProcess.start(command, configuration(dras.map((dra) => dra.start().port)));
  const load = new LoadPlan(gateway.address, rate);
  const samples: ProcessSample[] = [];
  const complaints = new Set<string>();
  let code = 1;
  try {
    await load.start();
    const faults = new FaultPlan(dras, { requestEvery: 50 });
    await watch(gateway, load, faults, samples, complaints);
    await faults.stop();
    for (const dra of dras) dra.setFaults({ requestEvery: 0 });
    await load.stop();
  } finally {
    code = await gateway.stop();
    for (const dra of dras) dra.kill();
  }
  if (code !== 0) complaints.add(`the gateway ended with exit code ${code}`);
  judgeBooks(gateway, complaints);
  if (gateway.statistics?.active_sessions !== 0) {
    complaints.add(`${gateway.statistics?.active_sessions} transactions were active at the end`);
  }
  for (const line of gateway.oddities) complaints.add(`the gateway logged: ${line}`);
  for (const [nth, dra] of dras.entries()) {
    const stray = dra.counters.unmatchedAnswers;
    if (stray > 0) complaints.add(`dra-${nth + 1} got ${stray} answers that belong to none of its requests`);
  }
  return summary(load.totals, samples, complaints, gateway);
}

/** Until the time is up, or somebody presses Ctrl-C. */
async function watch(
  gateway: GatewayProcess,
  load: LoadPlan,
  faults: FaultPlan,
  samples: ProcessSample[],
  complaints: Set<string>,
): Promise<void> {
  const began = performance.now();
  const interrupted = new AbortController();
  const interrupt = () => interrupted.abort();
  Deno.addSignalListener("SIGINT", interrupt);
  let line = LINE_STEP;
  let answered = 0;
  for (let next = SAMPLE_STEP; next <= minutes * 60_000 && !interrupted.signal.aborted; next += SAMPLE_STEP) {
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, began + next - performance.now())));
    const sample = await gateway.sample();
    samples.push(sample);
    judgeBooks(gateway, complaints);
    if (next < line) continue;
    line += LINE_STEP;
    const totals = load.totals;
    console.log(
      [
        `${String(next / 1000).padStart(5)} s`,
        `${String(Math.round((totals.answered - answered) / (LINE_STEP / 1000))).padStart(5)}/s`,
        `${megabytes(sample.memory)} MB`,
        `${sample.openFiles} files`,
        `${load.connections} apps`,
        `${load.waiting} waiting`,
        `${gateway.statistics?.active_sessions ?? "?"} active`,
        `lost ${totals.lost}`,
        `twice ${totals.duplicated}`,
        `misdelivered ${totals.misdelivered}`,
        faults.current,
      ].join("  "),
    );
    answered = totals.answered;
  }
  Deno.removeSignalListener("SIGINT", interrupt);
}

function judgeBooks({ statistics }: GatewayProcess, complaints: Set<string>): void {
  if (statistics === undefined) return;
  const { sessions_created: created, active_sessions: active } = statistics;
  const sum = statistics.sessions_completed + statistics.sessions_expired + statistics.sessions_rejected +
    statistics.sessions_abandoned + active;
  if (created !== sum || active < 0) complaints.add(`${created} transactions were created, but they add up to ${sum}`);
}

function summary(
  totals: LoadTotals,
  samples: readonly ProcessSample[],
  complaints: Set<string>,
  { statistics }: GatewayProcess,
): number {
  const memory = growthOf(samples.map(({ memory }) => memory), MEMORY_ALLOWED);
  const files = growthOf(samples.map(({ openFiles }) => openFiles), FILES_ALLOWED);
  const peak = Math.max(...samples.map(({ memory }) => memory));
  const { lost, duplicated, misdelivered } = totals;
  if (lost > 0) complaints.add(`${lost} requests were never answered`);
  if (duplicated > 0) complaints.add(`${duplicated} answers came twice`);
  if (misdelivered > 0) complaints.add(`${misdelivered} answers were for somebody else: ${totals.firstFault}`);
  if (totals.late > 0) complaints.add(`${totals.late} answers came after their Logic App had given up`);
  if (totals.connectionsLost > 0) {
    complaints.add(`${totals.connectionsLost} connections of Logic Apps: ${totals.firstFault}`);
  }
  if (totals.answered + lost + totals.left !== totals.sent) {
    complaints.add(`of ${totals.sent} requests ${totals.answered} were answered`);
  }
  if (!memory.flat) complaints.add("memory grows");
  if (!files.flat) complaints.add("open files grow");
  const results = [...totals.results].sort((a, b) => b[1] - a[1]).map(([result, count]) => `${result} ${count}`);
  console.log(`
${totals.sent} requests, ${totals.answered} answers: ${results.join(", ")}; ${totals.left} of Logic Apps that left
${totals.peerRequests} requests of DRAs; ${statistics?.failover_count} failovers, ${statistics?.failback_count} failbacks
lost ${lost}, duplicated ${duplicated}, misdelivered ${misdelivered}
memory: ${megabytes(memory.before)} MB in the first third, ${megabytes(memory.after)} MB in the last, ${
    megabytes(peak)
  } MB at most: ${memory.flat ? "flat" : "NOT FLAT"}
open files: ${files.before} in the first third, ${files.after} in the last: ${files.flat ? "flat" : "NOT FLAT"}`);
  for (const complaint of complaints) console.log(`FAILED: ${complaint}`);
  return complaints.size === 0 ? 0 : 1;
}

function configuration(ports: readonly number[]): string {
  const dras = ports.map((port, nth) =>
    `    - {name: dra-${nth + 1}, host: 127.0.0.1, port: ${port}, priority: ${nth < 2 ? 1 : 2}}`
  );
  return `
gateway: {request_timeout: 4s, answer_timeout: 1s, drain_timeout: 5s}
server:
  listen: ["127.0.0.1:0"]
  watchdog_interval: 5s
  watchdog_jitter: 500ms
dra_pool:
  watchdog_interval: 1s
  watchdog_jitter: 100ms
  reopen_watchdogs: 2
  dpr_timeout: 1s
  write_timeout: 3s
  capabilities_timeout: 2s
  reconnect: {initial: 200ms, multiplier: 1.5, max: 1s, jitter: 0.2, after_refusal: 1s}
  dras:
${dras.join("\n")}
admin: {listen: ""}
logging: {level: info, format: json}
stats: {interval: 2s}
`;
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}
