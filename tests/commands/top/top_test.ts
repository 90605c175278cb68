import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { interopTest, program } from "../../interop/programs.ts";
import { until } from "../../support/until.ts";
import { type FakeGateway, fakeGateway } from "../admin/fake_gateway.ts";
import { runMain } from "../run_main.ts";

const MAIN = new URL("../../../src/main.ts", import.meta.url).pathname;

/** A gateway that gets 1,000 requests between two looks. */
async function busyGateway(): Promise<FakeGateway> {
  const gateway = await fakeGateway();
  const { plane } = gateway;
  plane.passed = () => {
    const { statistics, dras } = plane;
    plane.statistics = { ...statistics, total_requests: statistics.total_requests + 1_000 };
    plane.dras = dras.map((dra) => ({ ...dra, messages_sent: dra.messages_sent + 500 }));
  };
  return gateway;
}

Deno.test("top --once shows one frame with rates, as text", async () => {
  await using gateway = await busyGateway();
  const { code, stdout, stderr } = await runMain(["top", "--admin", gateway.url, "--once", "--interval", "100ms"]);
  assertEquals([code, stderr], [0, ""]);
  assertMatch(stdout, /^gw1\.edge\.example\.com {2}ready {2}diam-gw 1\.2\.3 /);
  assertMatch(stdout, /\nrequests [\d,]+\/s /);
  assertMatch(stdout, /\n {2}dra-east +1 .*\n {2}dra-west +2 .*\n {4}connection refused\n/);
  assertMatch(stdout, /\n {2}app1\.apps\.example\.com .*\n {2}app2\.apps\.example\.com .*\n$/);
  // deno-lint-ignore no-control-regex
  assertEquals(/\x1b/.test(stdout), false);
  for (const line of stdout.split("\n")) assert(line.length <= 100, line);
});

Deno.test("top --once --json gives a script rates beside the numbers they come from", async () => {
  await using gateway = await busyGateway();
  const { code, stdout } = await runMain(["top", "--admin", gateway.url, "--once", "--json", "--interval", "100ms"]);
  const seen = JSON.parse(stdout);
  assertEquals([code, seen.ready, seen.reason, seen.more_apps], [0, true, null, false]);
  assert(Math.abs(seen.rates.total_requests * seen.seconds - 1_000) < 10, stdout);
  assert(Math.abs(seen.dras[0].rates.messages_sent * seen.seconds - 500) < 5, stdout);
  assertEquals([seen.dras[0].name, seen.dras[1].reason], ["dra-east", "connection refused"]);
  assertEquals([seen.apps.length, seen.apps[0].rates.messages_received], [2, 0]);
  assertEquals(seen.status.origin_host, "gw1.edge.example.com");
});

const WRONG: [args: string[], code: number, stderr: string][] = [
  [["--json"], 2, "--json: needs --once\nTry diam-gw top --help\n"],
  [[], 2, "stdout is no terminal that can show it: give --once for one frame as text\nTry diam-gw top --help\n"],
  [["--once", "--interval", "1ms"], 2, "--interval: expected a duration of 100ms or more, got 1ms\n"],
  [
    ["--once", "--admin", "http://127.0.0.1:1"],
    1,
    "cannot ask the admin interface at http://127.0.0.1:1: connection refused",
  ],
];

for (const [args, code, stderr] of WRONG) {
  Deno.test(`top says what is wrong: ${args.join(" ")}`, async () => {
    const outcome = await runMain(["top", ...args]);
    assertEquals([outcome.code, outcome.stdout], [code, ""]);
    assert(outcome.stderr.startsWith(stderr), outcome.stderr);
  });
}

/** The terminal is another one, without cursor and wrapping; then it is as it was. */
const TAKEN = "\x1b[?1049h\x1b[?25l\x1b[?7l";
const GIVEN_BACK = "\x1b[?7h\x1b[?25h\x1b[0m\x1b[?1049l";

/** The program on a terminal of its own, which `script` makes. */
async function onTerminal(
  gateway: FakeGateway,
  body: (
    written: () => string,
    type: (text: string) => Promise<void>,
    end: (signal: Deno.Signal) => void,
  ) => Promise<void>,
  env: Record<string, string> = {},
): Promise<{ readonly code: number; readonly text: string }> {
  // Whatever the caller's environment says of colours: only what this test sets counts.
  const command = `exec env ${
    "NO_COLOR" in env ? "" : "-u NO_COLOR "
  }${Deno.execPath()} run --quiet --allow-all ${MAIN} top --admin ${gateway.url} --interval 100ms`;
  const pidFile = await Deno.makeTempFile();
  const child = new Deno.Command("script", {
    args: ["--quiet", "--return", "--command", `echo $$ > ${pidFile}; stty cols 80 rows 24; ${command}`, "/dev/null"],
    env: { TERM: "xterm", SHELL: "/bin/sh", ...env },
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  let text = "";
  const reading = (async () => {
    for await (const piece of child.stdout.pipeThrough(new TextDecoderStream())) text += piece;
  })();
  const writer = child.stdin.getWriter();
  const encoder = new TextEncoder();
  try {
    await body(
      () => text,
      (keys) => writer.write(encoder.encode(keys)),
      (signal) => Deno.kill(Number(Deno.readTextFileSync(pidFile)), signal),
    );
    const { code } = await child.status;
    await writer.close().catch(() => {});
    await reading;
    return { code, text };
  } finally {
    await Deno.remove(pidFile);
  }
}

const SCRIPT = [program("script", "bsdutils")];

/** What is left on the screen: everything that was written after the last time it was cleared. */
const isDrawn = (text: string) => text.includes("q quit");

interopTest("top takes the terminal, draws what changed, obeys keys, and gives the terminal back", SCRIPT, async () => {
  await using gateway = await busyGateway();
  const { code, text } = await onTerminal(gateway, async (written, type) => {
    await until(() => isDrawn(written()), "it is drawn", 15_000);
    await type("j");
    await until(() => /> dra-west/.test(written()), "the second DRA is selected");
    await type("dy");
    await until(() => gateway.plane.done.length === 1, "it is disabled");
    const before = written().length;
    await until(() => written().length > before, "the screen changes");
    await type("q");
  });
  assertEquals([code, gateway.plane.done], [0, ["dra-west disable"]]);
  assert(text.startsWith(TAKEN), JSON.stringify(text.slice(0, 100)));
  assert(text.endsWith(GIVEN_BACK), JSON.stringify(text.slice(-100)));
  // Cleared once; then only lines that changed are written.
  assertEquals(text.split("\x1b[2J").length - 1, 1);
  assertEquals(text.split("LOGIC APP").length - 1, 1);
  assertStringIncludes(text, "\x1b[7m");
});

for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
  interopTest(`top gives the terminal back when ${signal} ends it`, SCRIPT, async () => {
    await using gateway = await busyGateway();
    const { code, text } = await onTerminal(gateway, async (written, _, end) => {
      await until(() => isDrawn(written()), "it is drawn", 15_000);
      end(signal);
    });
    assertEquals(code, 0);
    assert(text.endsWith(GIVEN_BACK), JSON.stringify(text.slice(-100)));
  });
}

interopTest("top without colours marks the selected DRA all the same, and quits with Ctrl-C", SCRIPT, async () => {
  await using gateway = await busyGateway();
  const { code, text } = await onTerminal(gateway, async (written, type) => {
    await until(() => isDrawn(written()), "it is drawn", 15_000);
    await type("\x03");
  }, { NO_COLOR: "1" });
  assertEquals(code, 0);
  assertStringIncludes(text, "> dra-east");
  // deno-lint-ignore no-control-regex
  assertEquals(/\x1b\[[1-9]\d?m/.exec(text), null);
});

interopTest("top follows the size of its window", SCRIPT, async () => {
  await using gateway = await busyGateway();
  await onTerminal(gateway, async (written, type, end) => {
    await until(() => isDrawn(written()), "it is drawn", 15_000);
    end("SIGWINCH");
    await until(() => written().split("\x1b[2J").length - 1 === 2, "it is drawn anew");
    await type("q");
  });
});
