import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { AppSimulator } from "../../../src/diameter/sim/app.ts";
import { DraSimulator } from "../../../src/diameter/sim/dra.ts";
import { runMain } from "../run_main.ts";

const { test } = Deno;
const MAIN = new URL("../../../src/main.ts", import.meta.url).pathname;
const RUN = ["run", "--quiet", "--allow-all", MAIN];

interface Line {
  readonly event: string;
  readonly level: string;
  readonly message: string;
  readonly [field: string]: unknown;
}

/** Runs `serve` with `args` on a free port while `body` runs, then ends it with SIGTERM. */
async function withServe(
  args: readonly string[],
  body: (port: number, seen: (event: string) => Promise<Line>, child: Deno.ChildProcess) => Promise<void>,
): Promise<{ code: number; lines: Line[] }> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [...RUN, "serve", "--listen", "127.0.0.1:0", "--admin", "", "--log-format", "json", ...args],
    env: { NO_COLOR: "1" },
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const lines: Line[] = [];
  let news = Promise.withResolvers<void>();
  let ended = false;
  const reading = (async () => {
    let rest = "";
    for await (const chunk of child.stderr.pipeThrough(new TextDecoderStream())) {
      const parts = (rest + chunk).split("\n");
      rest = parts.pop()!;
      for (const part of parts) if (part.startsWith("{")) lines.push(JSON.parse(part));
      news.resolve();
      news = Promise.withResolvers();
    }
    ended = true;
    news.resolve();
  })();
  const seen = async (event: string) => {
    for (;;) {
      const line = lines.find((candidate) => candidate.event === event);
      if (line !== undefined) return line;
      if (ended) throw new Error(`serve ended without ${event}:\n${JSON.stringify(lines, undefined, 1)}`);
      await news.promise;
    }
  };
  try {
    const address = (await seen("listening"))["address"] as string;
    await body(Number(address.split(":").at(-1)), seen, child);
  } finally {
    child.kill("SIGTERM");
    await reading;
  }
  return { code: (await child.status).code, lines };
}

test("serve relays, tells what it does in JSON lines, and ends with its statistics and exit code 0", async () => {
  const dra = new DraSimulator({ originHost: "dra.core.example.net" });
  const { port } = await dra.start();
  try {
    const { code, lines } = await withServe(
      ["--dra", `east=127.0.0.1:${port}`, "--log-requests", "--log-responses"],
      async (listening, seen) => {
        assertEquals((await seen("dra_up"))["dra"], "east");
        const apps = new AppSimulator({ connect: { hostname: "127.0.0.1", port: listening } });
        await apps.start();
        await apps.run({ requests: 5 });
        await apps.stop();
        assertEquals(apps.counters.answered, 5);
        await seen("app_down");
      },
    );
    assertEquals(code, 0);
    const events = lines.map((line) => line.event);
    assertEquals(events.filter((event) => event === "request").length, 5);
    assertEquals(events.filter((event) => event === "answer").length, 5);
    assertEquals(lines.find((line) => line.event === "answer")!["from"], "dra.core.example.net");
    // The block comes once, the interval is longer than the test; and while the links are still
    // there.
    assertEquals(events.slice(-3), ["leaving", "statistics", "stopped"]);
    assertEquals(events.filter((event) => event === "statistics"), ["statistics"]);
    const statistics = lines.at(-2)!;
    assertEquals([statistics["active_dras"], statistics["active_priority"]], [1, 1]);
    assertEquals(
      [statistics["total_requests"], statistics["sessions_completed"], statistics["active_sessions"]],
      [5, 5, 0],
    );
    assertEquals((statistics["dras"] as { name: string; messages_sent: number }[])[0]!.messages_sent, 5);
  } finally {
    await dra.stop();
  }
});

test("everything on the stderr of serve is of one form, from the first byte", async () => {
  const file = await Deno.makeTempFile({ suffix: ".yaml" });
  try {
    await Deno.writeTextFile(file, "server: {listen: '127.0.0.1:0', watchdog_interval: 5s}\n");
    for (const [format, form] of [["json", /^\{.*\}$/], ["text", /^(\d{4}-\d\d-\d\d \d\d:| {4})/]] as const) {
      const child = new Deno.Command(Deno.execPath(), {
        args: [...RUN, "serve", "-c", file, "--admin", "", "--log-format", format],
        env: { NO_COLOR: "1" },
        stdout: "null",
        stderr: "piped",
      }).spawn();
      let text = "";
      for await (const chunk of child.stderr.pipeThrough(new TextDecoderStream())) {
        if (!text.includes("listening") && (text + chunk).includes("listening")) child.kill("SIGTERM");
        text += chunk;
      }
      assertEquals((await child.status).code, 0);
      const lines = text.trimEnd().split("\n");
      assertEquals(lines.filter((line) => !form.test(line)), []);
      assertEquals(lines.filter((line) => line.includes("below 6s")).length, 1);
      assertStringIncludes(
        text,
        format === "json" ? '"line":1,"column":33' : "WARN  " + file + ": server.watchdog_interval: below 6s",
      );
      // On a terminal the last statistics are the block, not a line of thirty fields.
      if (format === "text") {
        assertMatch(text, /INFO {2}statistics\n {4}requests +0 .*\n {4}completed .*\n(.*\n)+.* stopped\n$/);
      }
    }
    await Deno.writeTextFile(file, "gateway: {mode: proxy}\nserver: {watchdog_interval: 5s}\n");
    const { code, stderr } = await runMain(["serve", "-c", file, "--log-format", "json"]);
    assertEquals([code, stderr.split("\n").map((line) => line.slice(0, file.length + 40))], [2, [
      `${file}: gateway.mode: expected relay or transparent, got "proxy"`.slice(0, file.length + 40),
      `${file}: server.watchdog_interval: warning: below 6s`.slice(0, file.length + 40),
      `${file}: dra_pool.dras: warning: no DRA is configured`.slice(0, file.length + 40),
      "",
    ]]);
  } finally {
    await Deno.remove(file);
  }
});

test("SIGHUP does not end serve", async () => {
  const { code } = await withServe([], async (_port, seen, child) => {
    child.kill("SIGHUP");
    assertStringIncludes((await seen("certificates_reloaded")).message, "SIGHUP");
  });
  assertEquals(code, 0);
});

test("an address that is taken is one line that names it, and exit code 1", async () => {
  const taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const address = `127.0.0.1:${(taken.addr as Deno.NetAddr).port}`;
  try {
    const { code, stderr } = await runMain(["serve", "--listen", address, "--log", "error", "--log-format", "text"]);
    assertEquals(code, 1);
    assertMatch(stderr, new RegExp(`Cannot listen on ${address}: .*in use`));
  } finally {
    taken.close();
  }
});

test("a certificate that is not there is a configuration error, before anything listens", async () => {
  const file = await Deno.makeTempFile({ suffix: ".yaml" });
  try {
    const tls = 'tls: { listen: "127.0.0.1:0", cert: /nowhere/cert.pem, key: /nowhere/key.pem }';
    await Deno.writeTextFile(file, `server:\n  listen: "127.0.0.1:0"\n  ${tls}\n`);
    const { code, stderr } = await runMain(["serve", "-c", file]);
    assertEquals(code, 2);
    assertStringIncludes(stderr, `${file}: server.tls.cert: cannot read /nowhere/cert.pem`);
    assertStringIncludes(stderr, `${file}: server.tls.key: cannot read /nowhere/key.pem`);
  } finally {
    await Deno.remove(file);
  }
});

test("an environment for spans that cannot be obeyed is bad configuration: every line of it, and nothing is started", async () => {
  const { code, stdout, stderr } = await runMain(["serve", "--listen", "127.0.0.1:0", "--admin", ""], {
    OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:4317",
    OTEL_EXPORTER_OTLP_PROTOCOL: "grpc",
    OTEL_TRACES_SAMPLER: "xray",
  });
  assertEquals([code, stdout], [2, ""]);
  const lines = stderr.trimEnd().split("\n").filter((line) => line.startsWith("OTEL_"));
  assertEquals(lines.map((line) => line.split(":")[0]), ["OTEL_TRACES_SAMPLER", "OTEL_EXPORTER_OTLP_PROTOCOL"]);
  assertStringIncludes(lines[1]!, "expected http/protobuf or http/json, got grpc");
});
