/**
 * What the client library reaches, against a simulated DRA in another process: requests per second,
 * latency of `send`, memory of a pool.
 *
 *     deno task bench:client
 */
import { ConnectionPool } from "../../src/mod.ts";
import { S13Client } from "../../src/diameter/client/s13_client.ts";
import { startDra } from "./dra.ts";

const IDENTITY = { originHost: "mme.example.net", originRealm: "example.net" } as const;
const REALM = { destinationRealm: "core.example.net" } as const;
const EQUIPMENT = { imei: "35209900176148", softwareVersion: "01" } as const;
/**
 * How long each measurement runs, in milliseconds, and how long before it the code is warmed up.
 */
const RUN = 4_000;
const WARM_UP = 1_500;

/**
 * `callers` that each make one call after the other for `duration` milliseconds. Returns calls per
 * second.
 */
async function rate(callers: number, duration: number, call: () => Promise<unknown>): Promise<number> {
  let calls = 0;
  const started = performance.now();
  const end = started + duration;
  await Promise.all(Array.from({ length: callers }, async () => {
    while (performance.now() < end) {
      await call();
      calls++;
    }
  }));
  return calls / (performance.now() - started) * 1000;
}

/**
 * `perSecond` calls a second, evenly, whether or not the earlier ones have ended. Returns how long
 * each took, sorted, in milliseconds.
 */
async function latencies(perSecond: number, duration: number, call: () => Promise<unknown>): Promise<number[]> {
  const taken: number[] = [];
  const running: Promise<void>[] = [];
  const started = performance.now();
  for (let due = started; due < started + duration; due += 1000 / perSecond) {
    while (performance.now() < due) await new Promise((resolve) => setTimeout(resolve, 0));
    const begun = performance.now();
    running.push(call().then(() => void taken.push(performance.now() - begun)));
  }
  await Promise.all(running);
  return taken.sort((a, b) => a - b);
}

/** Resident memory in MiB, once the collector has had its chance. */
async function memory(): Promise<number> {
  for (let i = 0; i < 3; i++) {
    (globalThis as { gc?: () => void }).gc?.();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return Deno.memoryUsage().rss / 1024 ** 2;
}

function percentile(sorted: readonly number[], share: number): string {
  return `${(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN).toFixed(3)} ms`;
}

function show(what: string, value: string): void {
  console.log(`${what.padEnd(62)} ${value.padStart(14)}`);
}

const dra = await startDra();
const pools: ConnectionPool[] = [];
async function openPool(connections: number): Promise<ConnectionPool> {
  const pool = new ConnectionPool({ host: "127.0.0.1", port: dra.port, connections, ...IDENTITY });
  pools.push(pool);
  await pool.start();
  while (pool.health.openConnections < connections) await new Promise((resolve) => setTimeout(resolve, 1));
  return pool;
}

try {
  const before = await memory();
  const five = await openPool(5);
  show("memory that a pool of 5 open connections adds", `${(await memory() - before).toFixed(1)} MiB`);

  const s13 = new S13Client(five, REALM);
  const ecr = s13.request(EQUIPMENT);
  await rate(8, WARM_UP, () => five.request(ecr));
  for (const [what, call] of [["send", () => five.send(ecr)], ["request", () => five.request(ecr)]] as const) {
    const sorted = await latencies(1_000, RUN, call);
    show(`${what} at 1,000/s, p50`, percentile(sorted, 0.5));
    show(`${what} at 1,000/s, p99`, percentile(sorted, 0.99));
  }

  const one = await openPool(1);
  show("requests/s, 1 connection, 1 caller", (await rate(1, RUN, () => one.request(ecr))).toFixed(0));
  show("requests/s, 1 connection, 64 callers", (await rate(64, RUN, () => one.request(ecr))).toFixed(0));
  show("requests/s, 5 connections, 320 callers", (await rate(320, RUN, () => five.request(ecr))).toFixed(0));
  show(
    "S13 checks/s, 5 connections, 320 callers",
    (await rate(320, RUN, () => s13.checkEquipment(EQUIPMENT))).toFixed(0),
  );
} finally {
  for (const pool of pools) await pool.close();
  await dra[Symbol.asyncDispose]();
}
