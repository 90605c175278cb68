import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { parse } from "@std/yaml";
import { runMain } from "../run_main.ts";

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
    stderr: `FILE: gateway.mode: expected relay or transparent, got "proxy" (line 1, column 11)
FILE: dra_pool.dras[1].port: expected a port 1..65535, got 70000 (line 2, column 40)
`,
  });
});

Deno.test("errors come before warnings, each with the place of its key", async () => {
  const text = `dra_pool:
  watchdog_interval: 5s
  dras:
    - &east
      host: a
      port: 1
    - <<: *east
      name: west
      port: 70000
    - <<: *east
      name: south
      weigth: 5
      tls: { ca: /nowhere/ca.pem }
    - name: north
gateway: { origin_host: gw.example.net, mode: proxy }
`;
  const { code, stderr } = await check(text, ["-c", "FILE"]);
  assertEquals([code, stderr.split("\n")], [2, [
    'FILE: gateway.mode: expected relay or transparent, got "proxy" (line 15, column 41)',
    "FILE: dra_pool.dras[1].port: expected a port 1..65535, got 70000 (line 9, column 7)",
    'FILE: dra_pool.dras[2].weigth: unknown key; did you mean "weight"? (line 12, column 7)',
    "FILE: dra_pool.dras[3].host: missing: the host name or address of the DRA (line 14, column 7)",
    "FILE: dra_pool.watchdog_interval: warning: below 6s, the least that RFC 3539 3.4.1 allows: busy peers may be " +
    "taken for dead (line 2, column 3)",
    "",
  ]]);
});

for (
  const [what, text, place] of [
    ["of a key", "gateway:\n\torigin_host: x.example\n", "(line 2, column 1)"],
    ["in the middle of a section", "gateway:\n  origin_host: x\n\torigin_realm: y\n", "(line 3, column 1)"],
    ["of a list", "dra_pool:\n  dras:\n\t- host: a\n\t  port: 3\n", "(line 3, column 1)"],
  ] as const
) {
  Deno.test(`a tab that is the indentation ${what} is called one`, async () => {
    const { code, stderr } = await check(text, ["-c", "FILE"]);
    assertEquals([code, stderr], [2, `FILE: this line is indented with a tab: YAML takes only spaces ${place}\n`]);
  });
}

Deno.test("check -c - reads standard input", async () => {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      "--allow-all",
      new URL("../../../src/main.ts", import.meta.url).pathname,
      "check",
      "-c",
      "-",
    ],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode("gateway: {mode: proxy}\n"));
  await writer.close();
  const { code, stderr } = await child.output();
  assertEquals([code, new TextDecoder().decode(stderr).split("\n")[0]], [
    2,
    'standard input: gateway.mode: expected relay or transparent, got "proxy" (line 1, column 11)',
  ]);
});

Deno.test("check --resolve wants every DRA's name to be known", async () => {
  const text = "dra_pool:\n  dras:\n    - {host: localhost, port: 13868}\n    - host: nohost.invalid\n";
  assertEquals((await check(text, ["-c", "FILE"])).code, 0);
  const { code, stderr } = await check(text, ["-c", "FILE", "--resolve"]);
  assertEquals(code, 2);
  assertMatch(
    stderr,
    /^FILE: dra_pool\.dras\[1\]\.host: "nohost\.invalid" does not resolve: .+ \(line 4, column 7\)\n$/,
  );
});

Deno.test("aliases that double and double are one line, at once", async () => {
  const doubling = Array.from({ length: 30 }, (_, i) => `a${i + 1}: &a${i + 1} [*a${i}, *a${i}]\n`).join("");
  for (const text of [`a0: &a0 [1, 1]\n${doubling}`, "a: &a [*a]\n", "gateway: &a {origin_host: *a}\n"]) {
    const { code, stdout, stderr } = await check(text, ["-c", "FILE"]);
    assertEquals([code, stdout], [2, ""]);
    assertMatch(
      stderr,
      /^FILE: (more than 100000 values|nested more than 100 levels deep), aliases \(\*name\) written out\n$/,
    );
  }
  const { stderr } = await check(`a: ${"[".repeat(50_000)}`, ["-c", "FILE"]);
  assertEquals(stderr, "FILE: nested more than 100 levels deep\n");
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
  assertEquals([code, stderr, bad.ok, "config" in bad], [2, "", false, false]);
  assertEquals(bad.errors, [
    {
      key: "gateway.mode",
      line: 1,
      column: 11,
      severity: "error",
      message: 'expected relay or transparent, got "proxy"',
    },
    {
      key: "dra_pool.dras[1].port",
      line: 2,
      column: 40,
      severity: "error",
      message: "expected a port 1..65535, got 70000",
    },
  ]);
  const { stdout: missing } = await check("", ["-c", "no/such/file", "--json"]);
  assertEquals(JSON.parse(missing).errors, [
    { key: "", line: null, column: null, severity: "error", message: "cannot read no/such/file: no such file" },
  ]);
});
