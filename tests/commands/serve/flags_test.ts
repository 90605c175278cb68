import { assert, assertEquals, assertRejects } from "@std/assert";
import { loadServeConfig } from "../../../src/commands/serve/flags.ts";
import { diameterConfig } from "../../../src/host/config.ts";
import { FileError } from "../../../src/net/read_file.ts";

const FILE = "gateway: {request_timeout: 7s, origin_host: file.example}\n" +
  "dra_pool: {dras: [{name: from-file, host: 10.9.9.9}]}\nlogging: {requests: true}\n";

async function withFile<T>(text: string, use: (file: string) => Promise<T>): Promise<T> {
  const file = await Deno.makeTempFile({ suffix: ".yaml" });
  try {
    await Deno.writeTextFile(file, text);
    return await use(file);
  } finally {
    await Deno.remove(file);
  }
}

async function load(...args: string[]) {
  const loaded = await loadServeConfig(args);
  assert(loaded.ok, loaded.ok ? "" : loaded.errors.join("\n"));
  const diameter = diameterConfig(loaded.config);
  assert(diameter !== undefined, "it has the Diameter plane");
  return { ...loaded, config: { ...loaded.config, ...diameter } };
}

const dra = (name: string, host: string, port: number, priority: number) => ({
  name,
  host,
  port,
  priority,
  weight: 100,
  originHost: "",
  bind: "",
  accept: true,
  maxRequestsPerSecond: 0,
});

const DRAS: [args: string[], dras: ReturnType<typeof dra>[]][] = [
  [["--dra", "10.0.0.1:3868"], [dra("dra-1", "10.0.0.1", 3868, 1)]],
  [["--dra", "a:1", "--dra=b:2"], [dra("dra-1", "a", 1, 1), dra("dra-2", "b", 2, 2)]],
  [["--dra", "a:1@5", "--dra", "b:2"], [dra("dra-1", "a", 1, 5), dra("dra-2", "b", 2, 2)]],
  [["--dra", "east=a:1@1", "--dra", "west=b:2@1"], [dra("east", "a", 1, 1), dra("west", "b", 2, 1)]],
  [["--dra", "six=[::1]:3868@3"], [dra("six", "::1", 3868, 3)]],
  [["--dra", "10.0.0.1", "--dra", "six=[::1]@1"], [dra("dra-1", "10.0.0.1", 3868, 1), dra("six", "::1", 3868, 1)]],
  [["--dra1-host", "a", "--dra2-host", "b"], [dra("dra-1", "a", 3868, 1), dra("dra-2", "b", 3868, 2)]],
  [["--dra1-host", "a", "--dra1-port", "3999"], [dra("dra-1", "a", 3999, 1)]],
  [["--dra2-host", "b"], [dra("dra-2", "b", 3868, 2)]],
];

for (const [args, dras] of DRAS) {
  Deno.test(`DRAs come from flags: ${args.join(" ")}`, async () => {
    assertEquals((await load(...args)).config.dra_pool.dras, dras);
    await withFile(FILE, async (file) => {
      assertEquals((await load("-c", file, ...args)).config.dra_pool.dras, dras);
    });
  });
}

Deno.test("flags win over the file, and leave alone what they do not name", async () => {
  await withFile(FILE, async (file) => {
    const { config, source } = await load("-c", file, "--session-timeout", "2s", "--listen", "[::1]:0", "--log=warn");
    assertEquals(source, file);
    assertEquals(config.gateway.requestTimeout, 2_000);
    assertEquals(config.gateway.originHost, "file.example");
    assertEquals(config.server.listen, [{ hostname: "::1", port: 0 }]);
    assertEquals(config.logging, { level: "warning", format: "text", requests: true, responses: false });
    assertEquals(config.dra_pool.dras.map(({ name }) => name), ["from-file"]);
  });
});

Deno.test("a listener without a port listens on the port of its kind", async () => {
  await withFile("server: {listen: 127.0.0.2, tls: {listen: ['[::1]'], cert: c, key: k}}", async (file) => {
    const { server } = (await load("-c", file)).config;
    assertEquals(server.listen, [{ hostname: "127.0.0.2", port: 3868 }]);
    assertEquals(server.tls?.listen, [{ hostname: "::1", port: 5868 }]);
  });
  assertEquals((await load("--listen", "localhost")).config.server.listen, [{ hostname: "localhost", port: 3868 }]);
});

Deno.test("every flag reaches its key", async () => {
  const { config, isSet } = await load(
    ...["--origin-host", "gw.example", "--origin-realm", "example", "--product", "p", "--max-connections", "7"],
    ...["--conns-per-dra", "3", "--log-format", "json", "--log-requests", "--log-responses", "--stats-interval", "0"],
    ...["--listen", "127.0.0.1:1", "--listen", "127.0.0.1:2"],
  );
  const { gateway, server, dra_pool, logging, stats } = config;
  assertEquals([gateway.originHost, gateway.originRealm, gateway.productName], ["gw.example", "example", "p"]);
  assertEquals([server.maxConnections, dra_pool.connectionsPerDra, stats.interval], [7, 3, 0]);
  assertEquals(server.listen.map(({ port }) => port), [1, 2]);
  assertEquals(logging, { level: "info", format: "json", requests: true, responses: true });
  assertEquals([isSet("logging.format"), isSet("logging.level")], [true, false]);
});

Deno.test("without a file and flags it listens on loopback and says that DRAs are missing", async () => {
  const { config, warnings, source } = await load();
  assertEquals(source, "defaults");
  assertEquals(config.server.listen, [{ hostname: "127.0.0.1", port: 3868 }]);
  assertEquals(warnings.map((line) => line.split(": ").slice(0, 4).join(": ")), [
    "defaults: dra_pool.dras: warning: no DRA is configured",
  ]);
});

const WRONG: [args: string[], errors: string[]][] = [
  [["--listen", "x:"], ['--listen: expected HOST:PORT, got "x:"']],
  [["--listen", "h:1", "--listen", "h:70000"], ["--listen: expected a port 0..65535, got 70000"]],
  [["--dra", "x:"], ['--dra: expected HOST:PORT, got "x:" (the form is [NAME=]HOST[:PORT][@PRIORITY])']],
  [["--dra", "h:0"], ["--dra: expected a port 1..65535, got 0"]],
  [["--dra", "h:1@0"], ["--dra: expected a whole number, 1 or more, got 0"]],
  [["--dra", "h:1@high"], ['--dra: expected a whole number, 1 or more, got "high"']],
  [["--dra", "a=h:1", "--dra", "a=i:1"], ['--dra: expected a unique name, got "a" as dra_pool.dras[0] has']],
  [["--dra", "h:1", "--dra1-host", "h"], ["--dra1-host: cannot be used beside --dra"]],
  [["--dra2-port", "1"], ["--dra2-port: needs --dra2-host"]],
  [["--dra1-host", "h", "--dra1-port", "70000"], ["--dra1-port: expected a port 1..65535, got 70000"]],
  [["--dra1-host", "10.0.0.256"], ['--dra1-host: expected a host name or an address, got "10.0.0.256"']],
  [["--session-timeout", "30"], ['--session-timeout: expected a duration such as 250ms, 30s, 5m or 1h, got "30"']],
  [["--max-connections", "-4"], ["--max-connections: expected a whole number 1..1000000, got -4"]],
  [["--log", "inf"], ['--log: expected debug, info, warning or error, got "inf"; did you mean "info"?']],
  [["--lisen", "x"], ["unknown flag --lisen; did you mean --listen?"]],
  [["--listen"], ["--listen: needs a value: --listen HOST:PORT"]],
  [["now"], ['unexpected argument "now"']],
  [["--log", "x1", "--log-format", "y1"], [
    '--log: expected debug, info, warning or error, got "x1"',
    '--log-format: expected text or json, got "y1"',
  ]],
];

for (const [args, errors] of WRONG) {
  Deno.test(`a wrong flag is named, with what was expected: ${args.join(" ")}`, async () => {
    const loaded = await loadServeConfig(args);
    assert(!loaded.ok);
    assertEquals(loaded.errors, errors);
  });
}

Deno.test("errors of flags and of the file are reported together", async () => {
  await withFile("gateway: {mode: proxy}", async (file) => {
    const loaded = await loadServeConfig(["-c", file, "--listen", "x:", "--dra", "y:"]);
    assert(!loaded.ok);
    assertEquals(loaded.errors.map((line) => line.split(":")[0]), ["--dra", file, "--listen"]);
  });
});

Deno.test("a file that is not there is an error in one line", async () => {
  const { message } = await assertRejects(() => loadServeConfig(["-c", "no/such/file.yaml"]), FileError);
  assertEquals(message, "cannot read no/such/file.yaml: no such file");
});
