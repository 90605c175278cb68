import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { type Outcome, runMain } from "../run_main.ts";
import { freePort } from "../../support/free_port.ts";

const { test } = Deno;
const MAIN = new URL("../../../src/main.ts", import.meta.url).pathname;

/** Runs `sim dra` with `args` on a free port while `body` runs, then ends it with a signal. */
async function withDra(args: readonly string[], body: (address: string) => Promise<void>): Promise<Outcome> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-all", MAIN, "sim", "dra", "--listen", "127.0.0.1:0", ...args],
    env: { NO_COLOR: "1" },
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let stderr = "";
  const listening = Promise.withResolvers<string>();
  const reading = (async () => {
    for await (const chunk of child.stderr.pipeThrough(new TextDecoderStream())) {
      stderr += chunk;
      const [, address] = /^listening on (\S+)\n/m.exec(stderr) ?? [];
      if (address !== undefined) listening.resolve(address);
    }
    listening.reject(new Error(`sim dra ended:\n${stderr}`));
  })();
  const output = new Response(child.stdout).text();
  try {
    await body(await listening.promise);
  } finally {
    child.kill("SIGTERM");
    await reading;
  }
  return { code: (await child.status).code, stdout: await output, stderr };
}

test("sim app and sim dra: every request is answered, and both tell the same", async () => {
  let load = "";
  const dra = await withDra(["--json"], async (address) => {
    const app = await runMain(
      ["sim", "app", "--connect", address, "--connections", "3", "--requests", "500", "--json"],
    );
    assertEquals([app.code, app.stderr], [0, `3 connections to ${address} open\n`]);
    load = app.stdout;
  });
  const { requests, answered, lost, duplicated, mismatched, results, latency_ms } = JSON.parse(load);
  assertEquals([requests, answered, lost, duplicated, mismatched, results], [500, 500, 0, 0, 0, { 2001: 500 }]);
  assert(latency_ms.p50 > 0 && latency_ms.p50 <= latency_ms["p99.9"] && latency_ms["p99.9"] <= latency_ms.max);
  assertEquals(dra.code, 0);
  const counters = JSON.parse(dra.stdout);
  assertEquals([counters.connections, counters.requests, counters.answers, counters.malformed], [3, 500, 500, 0]);
  assertMatch(dra.stderr, /^app-2\.apps\.example\.net connected from 127\.0\.0\.1:\d+$/m);
  assertMatch(dra.stderr, /^app-2\.apps\.example\.net from 127\.0\.0\.1:\d+ is gone: .*DO_NOT_WANT_TO_TALK_TO_YOU/m);
});

test("sim app fails when answers are lost or come twice, and says so", async () => {
  await withDra(["--drop-every", "10", "--duplicate-every", "11", "--quiet"], async (address) => {
    const { code, stdout } = await runMain(
      ["sim", "app", "--connect", address, "--requests", "100", "--timeout", "300ms", "--window", "5"],
    );
    assertEquals(code, 1);
    assertMatch(stdout, /^first fault: a second answer came/m);
    assertStringIncludes(stdout, "\nrequests 100, answered 90, lost 10, duplicated 9\n");
  });
});

test("sim dra answers S13 from a table of IMEIs, and ends by itself after its duration", async () => {
  const file = await Deno.makeTempFile({ suffix: ".csv" });
  try {
    await Deno.writeTextFile(file, "imei,status\n490154203237518,unknown\n");
    const { stdout, code } = await withDra(["--imei-table", file, "--result-code", "2002"], async (address) => {
      const { stdout } = await runMain(["sim", "app", "--connect", address, "--requests", "1", "--json"]);
      assertEquals(JSON.parse(stdout).results, { 2002: 1 });
    });
    assertEquals(code, 0);
    assertMatch(stdout, /^requests +1\nanswers +1\n/m);
    await withDra(["--imei-table", file], async (address) => {
      const imeis = ["--imei", "490154203237518,356938035643809", "--requests", "4", "--json"];
      const { stdout } = await runMain(["sim", "app", "--connect", address, ...imeis]);
      assertEquals(JSON.parse(stdout).results, { 2001: 2, "10415:5422": 2 });
    });
    const ended = await runMain(["sim", "dra", "--listen", "127.0.0.1:0", "--duration", "50ms", "--json"]);
    assertEquals([ended.code, JSON.parse(ended.stdout).requests], [0, 0]);
  } finally {
    await Deno.remove(file);
  }
});

const WRONG: [args: string[], stderr: string][] = [
  [["sim"], "expected diam-gw sim dra|app|discoverer|auth|echo|core|devices\nTry diam-gw sim --help\n"],
  [["sim", "dra"], "--listen: missing; give --listen HOST:PORT\nTry diam-gw sim dra --help\n"],
  [
    ["sim", "dra", "--listen", "here:", "--error-code", "x", "--applications", "4,z"],
    '--listen: expected HOST:PORT, got "here:"\n' +
    '--applications: expected ID or ID:VENDOR such as 16777252:10415, got "z"\n' +
    "--error-code: expected CODE or VENDOR:CODE such as 10415:5422, got x\nTry diam-gw sim dra --help\n",
  ],
  [
    ["sim", "dra", "--listen", "127.0.0.1:0", "--no-relay", "--applications", "4294967295"],
    "--no-relay: leaves no application to advertise\nTry diam-gw sim dra --help\n",
  ],
  [
    ["sim", "dra", "--listen", "127.0.0.1:0", "--drop-every", "0", "--close-after", "0", "--request-every", "0s"],
    "--drop-every: expected a whole number of 1 or more, got 0\n" +
    "--close-after: expected a whole number of 1 or more, got 0\n" +
    "--request-every: expected a duration of 1ms or more, got 0s\nTry diam-gw sim dra --help\n",
  ],
  [
    ["sim", "dra", "--listen", "127.0.0.1:0", "--late-by", "1s", "--error-code", "5012", "--seed", "7"],
    "--error-code: has no effect without --error-every\n--late-by: has no effect without --late-every\n" +
    "--seed: has no effect without --delay-jitter\nTry diam-gw sim dra --help\n",
  ],
  [
    ["sim", "dra", "--listen", "127.0.0.1:0", "--origin-host", "a..b"],
    '--origin-host: expected a host or realm name in ASCII, got "a..b": it has an empty label: two dots in a row, or one ' +
    "at an end\nTry diam-gw sim dra --help\n",
  ],
  [
    ["sim", "app", "--connect", "127.0.0.1:1", "--mix", "ccr", "--imei", "490154203237518", "--relaxed-pacing"],
    "--relaxed-pacing: has no effect without --rate\n--imei: has no effect without s13 in --mix\n" +
    "Try diam-gw sim app --help\n",
  ],
  [
    ["sim", "app", "--connect", "127.0.0.1:1", "--mix", "s14=1,s13", "--imei", "12"],
    '--mix: expected KIND=SHARE with a KIND of s13, s6a, ccr, got "s14=1"\n' +
    '--imei: expected 14 to 16 digits, got "12"\nTry diam-gw sim app --help\n',
  ],
];

for (const [args, stderr] of WRONG) {
  test(`bad usage is explained: ${args.join(" ")}`, async () => {
    assertEquals(await runMain(args), { code: 2, stdout: "", stderr });
  });
}

test("where nothing was answered, sim app shows no latency", async () => {
  await withDra(["--drop-every", "1", "--quiet"], async (address) => {
    const load = ["sim", "app", "--connect", address, "--requests", "3", "--timeout", "100ms"];
    const [text, json] = [await runMain(load), await runMain([...load, "--json"])];
    assertStringIncludes(text.stdout, "\nlatency unknown: nothing was answered\n");
    assertEquals(text.stdout.includes(" ms"), false);
    const { latency_ms, requests_per_second } = JSON.parse(json.stdout);
    assertEquals([latency_ms, requests_per_second], [null, 0]);
  });
});

test("a table of IMEIs that cannot be read is bad usage, line by line", async () => {
  const file = await Deno.makeTempFile({ suffix: ".csv" });
  try {
    await Deno.writeTextFile(file, "1,whitelisted\n490154203237518,stolen\n");
    const { code, stderr } = await runMain(["sim", "dra", "--listen", "127.0.0.1:0", "--imei-table", file]);
    assertEquals(code, 2);
    assertStringIncludes(stderr, `--imei-table: ${file}: line 1: expected an IMEI of 14 to 16 digits, got 1\n`);
    assertStringIncludes(stderr, `--imei-table: ${file}: line 2: expected whitelisted,`);
  } finally {
    await Deno.remove(file);
  }
});

test("a connection that cannot be opened ends sim app with 1", async () => {
  const address = `127.0.0.1:${freePort()}`;
  const { code, stdout, stderr } = await runMain(["sim", "app", "--connect", address, "--requests", "1"]);
  assertEquals([code, stdout], [1, ""]);
  assertMatch(stderr, new RegExp(`^diam-gw sim: Cannot connect to ${address}: .*refused`));
});

test("a port that is taken ends sim dra with 1", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const address = `127.0.0.1:${listener.addr.port}`;
  const { code, stdout, stderr } = await runMain(["sim", "dra", "--listen", address]);
  listener.close();
  assertEquals([code, stdout], [1, ""]);
  assertMatch(stderr, new RegExp(`^diam-gw sim: Cannot listen on ${address}: address already in use`));
});
