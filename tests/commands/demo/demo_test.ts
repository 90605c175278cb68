import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { DemoScenario, phasesFor } from "../../../src/commands/demo/scenario.ts";
import { DEMO_CONFIG, DemoStage } from "../../../src/commands/demo/stage.ts";
import { cut, LiveLine } from "../../../src/commands/cli/live_line.ts";
import { palette } from "../../../src/commands/cli/terminal.ts";
import { grouped, milliseconds, plural, table } from "../../../src/host/numbers.ts";
import { SECTIONS } from "../../../src/host/config.ts";
import { loadConfig } from "../../../src/ops/config/mod.ts";
import { until } from "../../support/until.ts";
import { runMain } from "../run_main.ts";

const { test } = Deno;

test("the demo loses a DRA under load and no answer, and ends by itself", async () => {
  const { code, stdout, stderr } = await runMain(["demo", "--duration", "1s", "--log", "warning"]);
  assertEquals(code, 0, `${stdout}\n${stderr}`);
  const lines = stdout.trimEnd().split("\n");
  // In this order, whatever comes in between.
  const story = [
    /dra-1 OPEN and OKAY \(priority 1\)/,
    /4 Logic Apps OPEN/,
    /requests\/s, 100 % on dra-1, .* lost 0$/,
    /dra-1 is KILLED, \d+ requests pending there/,
    /FAILOVER from priority 1 to 2/,
    /dra-2 got [1-9]\d* requests? with the T flag/,
    /requests\/s, 100 % on dra-2, .* lost 0/,
    /dra-1 is started again/,
    /REOPEN: watchdog 1 of 3 answered/,
    /REOPEN: watchdog 2 of 3 answered/,
    /FAILBACK from priority 2 to 1/,
    /requests\/s, 100 % on dra-1, .* lost 0$/,
    /failovers +1 +failbacks +1/,
    /^results: 2001 [\d,]+$/,
    /^requests \d+, answered \d+, lost 0, duplicated 0$/,
  ];
  let from = 0;
  for (const expected of story) {
    const at = lines.findIndex((line, i) => i >= from && expected.test(line));
    assert(at >= 0, `${expected} is missing behind line ${from} of\n${stdout}`);
    from = at + 1;
  }
  assertEquals(from, lines.length);
  const [, sent, answered] = /^requests (\d+), answered (\d+)/.exec(lines.at(-1)!)!;
  assertEquals(answered, sent);
  assertEquals(stdout.match(/duplicated/g)?.length, 1);
  assertMatch(stdout, /^ +--duration 1s is too short for all of this: it takes 8 s or so\.$/m);
  const [, pending] = /KILLED, ([\d,]+) requests? pending there/.exec(stdout)!;
  const [, again] = / ([\d,]+) pending requests? of dra-1 sent again/.exec(stdout)!;
  assertEquals(again, pending);
  assertMatch(stderr, /"event":"failover"/);
  assertEquals(stdout.includes("\x1b"), false);
});

class RecordedLine extends LiveLine {
  readonly said: string[] = [];

  override print(text: string): void {
    this.said.push(text);
  }
}

test("a demo whose DRA takes its time to connect waits for it, and fails at nothing", async () => {
  const stage = new DemoStage();
  const [, second] = stage.dras;
  second.kill();
  const interrupt = new AbortController();
  const line = new RecordedLine("stdout");
  const scenario = new DemoScenario(stage, line, palette("stdout", false), interrupt.signal);
  const played = scenario.play(phasesFor(1_000)).then(() => "played", (error) => error.name);
  try {
    // The status line would have been due meanwhile.
    await new Promise((resolve) => setTimeout(resolve, 400));
    second.start();
    await until(() => line.said.some((text) => text.includes("the traffic begins")), "the story goes on");
    interrupt.abort();
    assertEquals(await played, "Interrupted");
  } finally {
    interrupt.abort();
    await played;
    await stage.stop();
  }
});

test("an interrupted demo says so, still counts, and fails", async () => {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-all", new URL("../../../src/main.ts", import.meta.url).pathname, "demo"],
    env: { NO_COLOR: "1" },
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let text = "";
  const reading = (async () => {
    for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
      if (!text.includes("traffic begins") && (text + chunk).includes("traffic begins")) child.kill("SIGINT");
      text += chunk;
    }
  })();
  const [{ code }, stderr] = await Promise.all([child.status, new Response(child.stderr).text(), reading]);
  assertEquals([code, stderr], [1, ""]);
  assertStringIncludes(text, "failed: interrupted before the end of the scenario\n");
  assertMatch(text, /\nrequests (\d+), answered \1, lost 0, duplicated 0\n$/);
});

test("the configuration of the demo can be printed, and is one that serve takes", async () => {
  const { code, stdout } = await runMain(["demo", "--print-config"]);
  assertEquals([code, stdout], [0, DEMO_CONFIG]);
  const loaded = loadConfig(SECTIONS, { file: "demo.yaml", text: stdout });
  assert(loaded.ok);
  assertEquals(loaded.config.dra_pool.dras.map(({ port }) => port), [13868, 23868]);
});

test("a duration stretches the steady parts, which never vanish", () => {
  assertEquals(phasesFor(1_000), { before: 1_000, during: 1_000, after: 1_000 });
  assertEquals(phasesFor(34_500), { before: 10_000, during: 10_000, after: 10_000 });
});

test("a status line is cut by what can be seen of it", () => {
  assertEquals(cut("\x1b[32mgreen\x1b[0m and more", 7), "\x1b[32mgreen\x1b[0m a");
  assertEquals(cut("short", 80), "short");
});

test("numbers are written for people", () => {
  assertEquals([0, 999, 1000, 1234567.8].map(grouped), ["0", "999", "1,000", "1,234,568"]);
  assertEquals([0.0564, 1.234, 12.34, 131.2].map(milliseconds), ["0.056 ms", "1.23 ms", "12.3 ms", "131 ms"]);
  assertEquals([plural(1, "request"), plural(2000, "request")], ["1 request", "2,000 requests"]);
  assertEquals(table([["a", "bb"], ["ccc", "d"]]), "a    bb\nccc   d");
});
