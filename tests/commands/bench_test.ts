import { assert, assertEquals, assertMatch } from "@std/assert";
import { DraSimulator, type DraSimulatorOptions } from "../../src/diameter/sim/dra.ts";
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

test("bench explains an address that nobody listens on", async () => {
  const { code, stderr } = await runMain(["bench", "--against", "127.0.0.1:"]);
  assertEquals([code, stderr], [
    2,
    '--against: expected HOST:PORT, got "127.0.0.1:"\nTry diam-gw bench --help\n',
  ]);
});
