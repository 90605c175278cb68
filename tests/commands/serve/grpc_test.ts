import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { TextLineStream } from "../../support/lines.ts";
import { runMain } from "../run_main.ts";

const MAIN = new URL("../../../src/main.ts", import.meta.url).pathname;
const EXAMPLE = new URL("../../../config/grpc/gateway.yaml", import.meta.url).pathname;
const NOTHING = {
  NO_COLOR: "1",
  CONFIG_PATH: "",
  DIAM_GW_CONFIG: "",
  SERVICE_PORT_GRPC: "",
  JWT_SECRET: "",
  RETRY_COUNT: "",
  RETRY_TIMEOUT_MS: "",
};

/** Nobody listens on port 1. */
const STATIC = `routes: [{prefix: /s.S/, cluster: a}]
clusters: {a: {type: static, address: "127.0.0.1:1"}}
admin: {listen: ""}
logging: {format: json}
`;

interface Line {
  readonly event: string;
  readonly message: string;
  readonly [field: string]: unknown;
}

/** A process that serves, until it has told what `seen` waits for. */
async function serving(
  args: readonly string[],
  text: string,
  play: (
    process: Deno.ChildProcess,
    seen: (event: string, count?: number) => Promise<Line>,
    file: string,
  ) => Promise<void>,
): Promise<{ code: number; lines: readonly Line[] }> {
  const file = await Deno.makeTempFile({ suffix: ".yaml" });
  await Deno.writeTextFile(file, text);
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-all", MAIN, "serve", ...args.map((arg) => arg.replace("FILE", file))],
    env: NOTHING,
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const lines: Line[] = [];
  let news = Promise.withResolvers<void>();
  let ended = false;
  const reading = (async () => {
    for await (const line of child.stderr.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream())) {
      lines.push(line.startsWith("{") ? JSON.parse(line) : { event: "", message: line });
      news.resolve();
      news = Promise.withResolvers();
    }
    ended = true;
    news.resolve();
  })();
  const seen = async (event: string, count = 1) => {
    for (;;) {
      const found = lines.filter((line) => line.event === event);
      if (found.length >= count) return found[count - 1]!;
      if (ended) throw new Error(`ended without ${event}:\n${lines.map(({ message }) => message).join("\n")}`);
      await news.promise;
    }
  };
  try {
    await play(child, seen, file);
  } finally {
    try {
      child.kill("SIGTERM");
    } catch {
      // It has ended already.
    }
    await reading;
    await Deno.remove(file);
  }
  return { code: (await child.status).code, lines };
}

Deno.test("serve grpc listens, takes SIGHUP, and ends with 0 at SIGTERM", async () => {
  const { code, lines } = await serving(
    ["grpc", "-c", "FILE", "--listen", "127.0.0.1:0"],
    STATIC,
    async (child, seen, file) => {
      assert(!String((await seen("grpc_listening"))["address"]).endsWith(":0"));
      await Deno.writeTextFile(file, `${STATIC}retry: {count: 1}\n`);
      child.kill("SIGHUP");
      assertEquals((await seen("config"))["changes"], ["grpc.retry.count"]);
    },
  );
  assertEquals(code, 0);
  assertStringIncludes(lines.find(({ event }) => event === "starting")?.message ?? "", ", grpc");
});

Deno.test("serve grpc says in one line which sections it ignores", async () => {
  const text = `${STATIC}server: {listen: nonsense}\ndra_pool: {}\n`;
  const { code, lines } = await serving(["grpc", "-c", "FILE", "--listen", "127.0.0.1:0"], text, async (_, seen) => {
    await seen("grpc_listening");
  });
  const ignored = lines.filter(({ event }) => event === "sections_ignored");
  assertEquals([code, ignored.map((line) => line["sections"])], [0, [["server", "dra_pool"]]]);
});

Deno.test("serve starts every plane that its file configures", async () => {
  const text = `${STATIC}listen: "127.0.0.1:0"\nserver: {listen: "127.0.0.1:0"}\n`;
  const { code } = await serving(["-c", "FILE"], text, async (child, seen, file) => {
    await Promise.all([seen("listening"), seen("grpc_listening")]);
    await Deno.writeTextFile(file, text.replace("prefix: /s.S/", "prefix: /t.T/"));
    child.kill("SIGHUP");
    assertEquals((await seen("config"))["changes"], ["grpc.routes[/s.S/]", "grpc.routes[/t.T/]"]);
  });
  assertEquals(code, 0);
});

Deno.test("a plane that comes into the file needs a restart", async () => {
  const text = 'server: {listen: "127.0.0.1:0"}\nadmin: {listen: ""}\nlogging: {format: json}\n';
  const { code } = await serving(["-c", "FILE"], text, async (child, seen, file) => {
    await seen("listening");
    await Deno.writeTextFile(file, `${text}grpc: {}\n`);
    child.kill("SIGHUP");
    assertEquals((await seen("config"))["needs_restart"], ["grpc"]);
  });
  assertEquals(code, 0);
});

Deno.test("serve grpc does not start when an address is taken, and ends with 1", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const address = `127.0.0.1:${(listener.addr as Deno.NetAddr).port}`;
  const { code, lines } = await serving(["grpc", "-c", "FILE", "--listen", address], STATIC, async (child) => {
    await child.status;
  });
  assertEquals(code, 1);
  assertStringIncludes(lines.at(-1)?.message ?? "", address);
});

Deno.test("serve grpc ends with 2 when something is missing or wrong, and says all of it", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const empty = `${directory}/secret`;
    await Deno.writeTextFile(empty, "\n");
    const run = async (args: readonly string[], env: Record<string, string> = {}) => {
      const { code, stderr } = await runMain(["serve", "grpc", ...args], { ...NOTHING, ...env });
      return [code, ...stderr.replaceAll(directory, "DIR").replaceAll(EXAMPLE, "FILE").trimEnd().split("\n")];
    };
    assertEquals(await run([], { RETRY_COUNT: "many" }), [
      2,
      'environment: RETRY_COUNT: expected a whole number 0..10, got "many"',
      "environment: CONFIG_PATH: missing; give it, or -c FILE",
      "Try diam-gw serve grpc --help",
    ]);
    const [code, ...lines] = await run(
      ["-c", EXAMPLE, "--jwt-secret-file", empty, "--retry-count", "11", "--retry-timeout", "soon"],
      { JWT_SECRET: "s3cret", SERVICE_PORT_GRPC: "123456" },
    );
    assertEquals([code, ...lines.filter((line) => !String(line).includes(": warning: "))], [
      2,
      "--jwt-secret-file: DIR/secret is empty",
      "environment: SERVICE_PORT_GRPC: expected a port 1..65535, got 123456",
      "--retry-count: expected a whole number 0..10, got 11",
      '--retry-timeout: expected a duration such as 250ms, 30s, 5m or 1h, got "soon"',
    ]);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
