import { assertEquals, assertStringIncludes } from "@std/assert";
import { parse } from "@std/yaml";
import { runMain } from "./run_main.ts";

const GOOD = "dra_pool: {dras: [{host: '::1', priority: 2}, {name: east, host: '${DRA}', port: 3999}]}\n";
const BAD = "gateway: {mode: proxy}\ndra_pool: {dras: [{host: a}, {host: b, port: 70000}]}\n";

async function check(text: string, args: string[], env: Record<string, string> = {}) {
  const directory = await Deno.makeTempDir();
  try {
    const file = `${directory}/gw.yaml`;
    await Deno.writeTextFile(file, text);
    const filled = Object.fromEntries(Object.entries(env).map(([name, value]) => [name, value.replace("FILE", file)]));
    const { code, stdout, stderr } = await runMain(["check", ...args.map((arg) => arg.replace("FILE", file))], filled);
    return { code, stdout: stdout.replaceAll(file, "FILE"), stderr: stderr.replaceAll(file, "FILE") };
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test("check says ok and what is configured, in the order of priority", async () => {
  assertEquals(await check(GOOD, ["-c", "FILE"], { DRA: "10.0.0.1" }), {
    code: 0,
    stdout: `FILE: ok
  diam-gw.localdomain in localdomain, mode relay
  listens on 127.0.0.1:3868
  DRA east: 10.0.0.1:3999, priority 1, weight 100
  DRA dra-1: [::1]:3868, priority 2, weight 100
`,
    stderr: "",
  });
});

Deno.test("check finds its file in DIAM_GW_CONFIG, and asks for it otherwise", async () => {
  const { code, stdout } = await check("", [], { DIAM_GW_CONFIG: "FILE" });
  assertEquals([code, stdout.split("\n")[0]], [0, "FILE: ok"]);
  const nothing = await runMain(["check"], { DIAM_GW_CONFIG: "" });
  assertEquals([nothing.code, nothing.stdout], [2, ""]);
  assertEquals(nothing.stderr, "--config: missing; give -c FILE, or set DIAM_GW_CONFIG\nTry diam-gw check --help\n");
});

Deno.test("check reports every error in a line on stderr and ends with 2", async () => {
  assertEquals(await check(BAD, ["-c", "FILE"]), {
    code: 2,
    stdout: "",
    stderr: `FILE: gateway.mode: expected relay or transparent, got "proxy"
FILE: dra_pool.dras[1].port: expected a port 1..65535, got 70000
`,
  });
});

Deno.test("a warning goes to stderr and does no harm", async () => {
  const { code, stdout, stderr } = await check("dra_pool: {watchdog_interval: 5s, dras: [{host: h}]}", ["-c", "FILE"]);
  assertEquals([code, stdout.split("\n")[0]], [0, "FILE: ok"]);
  assertStringIncludes(stderr, "FILE: dra_pool.watchdog_interval: warning: below 6s");
});

Deno.test("check --print shows the effective configuration, and that passes the check", async () => {
  const first = await check(GOOD, ["-c", "FILE", "--print"], { DRA: "10.0.0.1" });
  const second = await check(first.stdout, ["-c", "FILE", "--print"]);
  assertEquals(second, { code: 0, stdout: first.stdout, stderr: "" });
  const shown = parse(first.stdout) as Record<string, Record<string, unknown>>;
  assertEquals(shown["gateway"]?.["request_timeout"], "30s");
});

Deno.test("check --json gives a script the same", async () => {
  const good = JSON.parse((await check("", ["-c", "FILE", "--json", "--print"])).stdout);
  assertEquals([good.file, good.ok, good.errors, good.warnings.length], ["FILE", true, [], 1]);
  assertEquals(good.config.stats, { interval: "60s" });
  const { code, stdout, stderr } = await check(BAD, ["-c", "FILE", "--json"]);
  const bad = JSON.parse(stdout);
  assertEquals([code, stderr, bad.ok, bad.errors.length, "config" in bad], [2, "", false, 2, false]);
});
