import { assert, assertEquals, assertMatch } from "@std/assert";
import { DraSimulator, type DraSimulatorOptions } from "../../src/diameter/sim/dra.ts";
import { until } from "../support/until.ts";
import { runMain } from "./run_main.ts";

const { test } = Deno;
const SHORT = ["--duration", "150ms", "--warmup", "20ms", "--connections", "2"];

/** The address of a simulated DRA, for as long as `body` runs. */
async function withDra(options: DraSimulatorOptions, body: (address: string) => Promise<void>): Promise<void> {
  const dra = new DraSimulator(options);
  try {
    await body(`127.0.0.1:${dra.start().port}`);
  } finally {
    await dra.stop();
  }
}

test("bench measures a gateway of its own: throughput, processor time, added latency, every answer checked", async () => {
  const { code, stdout, stderr } = await runMain(["bench", ...SHORT, "--window", "8", "--json"]);
  assertEquals([code, stderr], [0, ""]);
  const { closed_loop: closed, open_loop: open, connections, window, processors } = JSON.parse(stdout);
  assertEquals([connections, window], [2, 8]);
  assert(processors >= 1);
  for (const { requests, answered, lost, duplicated, mismatched, results } of [closed, open.direct, open.gateway]) {
    assert(requests > 0);
    assertEquals([answered, lost, duplicated, mismatched, results], [requests, 0, 0, 0, { 2001: requests }]);
  }
  assert(closed.requests_per_second > 1000, `${closed.requests_per_second} requests/s`);
  assert(closed.gateway_cpu_seconds_per_million_requests >= 0);
  assertEquals(open.rate, 5000);
  const { p50, max } = open.gateway.latency_ms;
  assert(p50 > 0 && p50 <= max);
  assert(Math.abs(open.added_p50_ms - (p50 - open.direct.latency_ms.p50)) < 0.001);
});

test("bench with a rate leaves the closed loop out, and ends with one line over all requests", async () => {
  const { code, stdout, stderr } = await runMain(["bench", ...SHORT, "--rate", "1000"]);
  assertEquals([code, stderr], [0, ""]);
  assertMatch(stdout, /^Open loop, 1,000 requests\/s/);
  assertMatch(stdout, /^directly to the DRA( +[\d.]+ ms){5}\nthrough the gateway( +[\d.]+ ms){5}\nthe gateway adds /m);
  assertMatch(stdout, /\nrequests (\d+), answered \1, lost 0, duplicated 0\n$/);
});

test("bench loads what runs already", async () => {
  await withDra({}, async (address) => {
    const { code, stdout } = await runMain(["bench", "--against", address, ...SHORT, "--json"]);
    const { against, requests, answered, lost, seconds } = JSON.parse(stdout);
    assertEquals([code, against, answered, lost], [0, address, requests, 0]);
    assert(seconds >= 0.14 && seconds < 2, `${seconds} s`);
  });
});

test("bench fails when answers are lost", async () => {
  await withDra({ faults: { dropEvery: 50 } }, async (address) => {
    const { code, stdout } = await runMain(["bench", "--against", address, ...SHORT, "--timeout", "200ms"]);
    assertEquals(code, 1);
    assertMatch(stdout, /\nrequests \d+, answered \d+, lost [1-9]\d*, duplicated 0\n$/);
  });
});

test("bench shows no latency of answers that never came", async () => {
  await withDra({ faults: { dropEvery: 1 } }, async (address) => {
    const args = ["bench", "--against", address, ...SHORT, "--window", "2", "--timeout", "100ms", "--json"];
    const { code, stdout } = await runMain(args);
    assertEquals([code, JSON.parse(stdout).latency_ms], [1, null]);
  });
});

/**
 * Runs `bench` with `args`, interrupts it as soon as `when` holds, of its output too, and returns
 * that.
 */
async function interrupted(args: readonly string[], when: (stdout: string) => boolean): Promise<string> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-all", new URL("../../src/main.ts", import.meta.url).pathname, "bench", ...args],
    env: { NO_COLOR: "1" },
    stdout: "piped",
    stderr: "null",
  }).spawn();
  let stdout = "";
  const reading = (async () => {
    for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) stdout += chunk;
  })();
  await until(() => when(stdout), "bench is under way", 20_000);
  child.kill("SIGINT");
  await Promise.all([reading, child.status]);
  return stdout;
}

test("bench interrupted between its measurements shows those that it made", async () => {
  const args = ["--connections", "2", "--duration", "100ms", "--warmup", "2s"];
  const stdout = await interrupted(args, (text) => text.includes("of one processor"));
  assertMatch(stdout, /^Closed loop.*\n[\d,]+ requests\/s through the gateway\nlatency p50 /);
  assertEquals(/Open loop|directly|adds/.test(stdout), false, stdout);
  assertMatch(stdout, /\nrequests (\d+), answered \1, lost 0, duplicated 0\n$/);
});

test("bench interrupted in its warm-up shows no figure, only what became of the requests", async () => {
  const dra = new DraSimulator();
  try {
    const address = `127.0.0.1:${dra.start().port}`;
    const args = ["--against", address, "--warmup", "1m", "--duration", "1m"];
    const stdout = await interrupted(args, () => dra.counters.answers > 100);
    assertMatch(stdout, /closed loop\nended before the measurement began\nresults: 2001 /);
    assertMatch(stdout, /\nrequests (\d+), answered \1, lost 0, duplicated 0\n$/);
    assertEquals(/latency|requests\/s/.test(stdout), false, stdout);
    const json = await interrupted([...args, "--json"], () => dra.openConnections > 0);
    const { seconds, requests_per_second, latency_ms } = JSON.parse(json);
    assertEquals([seconds, requests_per_second, latency_ms], [null, null, null]);
  } finally {
    await dra.stop();
  }
});

test("bench explains an address that nobody listens on", async () => {
  const { code, stderr } = await runMain(["bench", "--against", "127.0.0.1:"]);
  assertEquals([code, stderr], [
    2,
    '--against: expected HOST:PORT, got "127.0.0.1:"\nTry diam-gw bench --help\n',
  ]);
});
