import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { palette } from "../../../src/commands/cli/terminal.ts";
import { ratesBetween } from "../../../src/commands/top/rates.ts";
import { sparkline } from "../../../src/commands/top/head.ts";
import { compose } from "../../../src/commands/top/screen.ts";
import { eventLine, eventText, isBad } from "../../../src/commands/top/events.ts";
import { sortedApps, sortedDras, type View } from "../../../src/commands/top/view.ts";
import { FIRST_CONTROL } from "../../../src/commands/top/control.ts";
import { appRow, draRow, statisticsBlock } from "../admin/fake_gateway.ts";
import { snapshot, view } from "./views.ts";

const PLAIN = palette("stdout", false);
const COLOURED = palette("stdout", true);

const shown = (wish: Partial<View>, width = 80, height = 24) => compose(view(wish), width, height, PLAIN);

/** Twice as many requests as before, two seconds later. */
function busy(): Partial<View> {
  const before = snapshot();
  const statistics = statisticsBlock({ total_requests: 37_345, sessions_rejected: 10 });
  const after = snapshot({
    at: 3_000,
    status: { ...before.status, statistics },
    dras: [draRow("dra-east", { messages_sent: 3_000 }), before.dras[1]!],
  });
  return { snapshot: after, rates: ratesBetween(before, after), history: [0, 5_000, 12_500] };
}

const FRAMES: [width: number, height: number, lines: string[]][] = [
  [80, 14, [
    "gw1.edge.example.com  ready  diam-gw 1.2.3  up 1h 1m                    15:04:05",
    "requests 12,500/s    answers 0/s         in flight 42       mean 0.57 ms",
    "rejected 1.5/s   expired 0/s     abandoned 0/s     DRAs usable 1 of 2",
    "priority 1   failovers 2   failbacks 1",
    "requests/s  ▁▄█ most 12,500",
    "  DRA       PRIO  USE  STATE            TO/S   FROM/S  IN FLIGHT  P50 MS  P99 MS",
    "> dra-east     1  yes  OPEN            1,000        0          3    0.42    12.5",
    "  dra-west     2  no   RECONNECTING        0        0          3    0.42    12.5",
    "    connection refused",
    "",
    "  LOGIC APP              REMOTE          STATE     TO/S   FROM/S  IN FLIGHT",
    "  app1.apps.example.com  10.1.0.1:40001  OPEN         0        0          1",
    "  app2.apps.example.com  10.1.0.2:40002  OPEN         0        0          1",
    "q quit  ? help  j/k select  s sort (priority)  d disable  e enable  r reconnect",
  ]],
  [60, 14, [
    "gw1.edge.example.com  ready                         15:04:05",
    "requests 12,500/s    answers 0/s         in flight 42",
    "mean 0.57 ms    rejected 1.5/s   expired 0/s",
    "abandoned 0/s     DRAs usable 1 of 2   priority 1",
    "failovers 2   failbacks 1",
    "requests/s  ▁▄█ most 12,500",
    "  DRA       USE  STATE            TO/S   FROM/S  IN FLIGHT",
    "> dra-east  yes  OPEN            1,000        0          3",
    "  dra-west  no   RECONNECTING        0        0          3",
    "    connection refused",
    "",
    "2 Logic Apps",
    "",
    "q quit  ? help  s sort (priority)  d disable  e enable",
  ]],
];

for (const [width, height, lines] of FRAMES) {
  Deno.test(`a screen of ${width} columns shows the gateway, its DRAs and its Logic Apps`, () => {
    assertEquals(shown(busy(), width, height).map((line) => line.trimEnd()), lines);
  });
}

Deno.test("a wide screen shows every column", () => {
  const [head] = shown(busy(), 160, 40).filter((line) => line.startsWith("  DRA"));
  assertEquals(
    head!.trim().split(/ {2,}/),
    "DRA,ADDRESS,PRIO,WEIGHT,USE,STATE,WATCHDOG,TO/S,FROM/S,IN FLIGHT,P50 MS,P99 MS,BYTES TO,BYTES FROM,RECONNECTS"
      .split(","),
  );
});

/** What can be on a screen, at its worst. */
const WORST: [what: string, wish: Partial<View>][] = [
  ["a usual gateway", busy()],
  ["no DRA and no Logic App", { snapshot: snapshot({ dras: [], apps: [] }) }],
  ["hundreds of DRAs and Logic Apps with long names", {
    snapshot: snapshot({
      dras: Array.from(
        { length: 300 },
        (_, n) => draRow(`${"dra-".repeat(20)}${n}`, { usable: n % 2 === 0, reason: "r ".repeat(99) }),
      ),
      apps: Array.from({ length: 300 }, (_, n) => appRow(n, { origin_host: "h".repeat(255) })),
      hasMoreApps: true,
    }),
    events: Array.from({ length: 50 }, () => ({ time: 0, kind: "dra_down", members: { reason: "x".repeat(500) } })),
  }],
  ["a gateway that does not answer", { lost: { since: 0, reason: "no route\nto host ".repeat(30) } }],
  ["help", { control: { ...FIRST_CONTROL, isHelp: true } }],
  ["a question", {
    control: { ...FIRST_CONTROL, prompt: { kind: "confirm", action: { verb: "disable", dra: "d".repeat(200) } } },
  }],
  ["a weight", { control: { ...FIRST_CONTROL, prompt: { kind: "weight", dra: "d".repeat(200), typed: "65535" } } }],
  ["a long note", { control: { ...FIRST_CONTROL, note: { text: "no ".repeat(100), isError: true } } }],
  ["another plane", {
    snapshot: snapshot({ status: { version: "1", uptime_seconds: 1, state: "ready" }, isReady: false }),
  }],
];

for (const [what, wish] of WORST) {
  Deno.test(`a screen of any size has as many lines as fit, none too wide: ${what}`, () => {
    for (const width of [1, 5, 20, 59, 60, 61, 79, 80, 100, 132, 160, 250]) {
      for (const height of [1, 2, 3, 5, 8, 12, 24, 50, 100]) {
        const lines = compose(view(wish), width, height, COLOURED);
        assertEquals(lines.length, height, `${width} x ${height}`);
        for (const line of lines) {
          // deno-lint-ignore no-control-regex
          const plain = line.replace(/\x1b\[\d*m/g, "");
          assert([...plain].length <= width, `${width} x ${height}: ${plain}`);
          // deno-lint-ignore no-control-regex
          assert(!/[\x00-\x1f\x7f-\x9f]/.test(plain), plain);
        }
      }
    }
  });
}

Deno.test("the DRA that is selected is always in sight, with its reason", () => {
  const dras = Array.from({ length: 40 }, (_, n) => draRow(`dra-${n}`, { usable: n % 3 === 0, reason: `reason ${n}` }));
  for (const { name, usable } of dras) {
    for (const height of [10, 14, 24, 40]) {
      const text = shown({ snapshot: snapshot({ dras }), control: { ...FIRST_CONTROL, selected: name } }, 80, height)
        .join("\n");
      assertStringIncludes(text, `> ${name} `, `${height}`);
      if (!usable) assertStringIncludes(text, `    ${name.replace("dra-", "reason ")}\n`, `${height}`);
    }
  }
});

Deno.test("whatever does not fit is counted", () => {
  const apps = Array.from({ length: 50 }, (_, n) => appRow(n));
  const text = (hasMoreApps: boolean) => shown({ snapshot: snapshot({ apps, hasMoreApps }) }, 80, 24).join("\n");
  assertStringIncludes(text(false), "\n... and 38 others\n");
  assertStringIncludes(text(true), "\n... and more than 38 others\n");
});

Deno.test("a gateway that does not answer keeps its last numbers, under the reason", () => {
  const now = view().now;
  const lines = shown({ lost: { since: now - 12_000, reason: "connection refused" } });
  assertEquals(lines[1], "no answer from http://127.0.0.1:9868 for 12s: connection refused");
  assertStringIncludes(lines[2]!, "requests -/s ");
  assertStringIncludes(lines.join("\n"), "> dra-east");
});

Deno.test("a gateway that is not ready says why", () => {
  const lines = shown({ snapshot: snapshot({ isReady: false, reason: "no DRA is usable" }) });
  assertStringIncludes(lines[0]!, "gw1.edge.example.com  not ready, ready ");
  assertEquals(lines[1], "no DRA is usable");
});

Deno.test("a question, and what came of it, stand at the foot in place of the keys", () => {
  const foot = (control: Partial<View["control"]>) =>
    shown({ control: { ...FIRST_CONTROL, ...control } }).at(-1)!.trimEnd();
  assertEquals(
    foot({ prompt: { kind: "confirm", action: { verb: "disable", dra: "dra-east" } } }),
    "Disable dra-east: a DPR, and no requests until it is enabled again? (y/n)",
  );
  assertEquals(
    foot({ prompt: { kind: "weight", dra: "dra-east", typed: "5" } }),
    "Weight of dra-east, now 100, until the next reload (0..65535, Enter): 5_",
  );
  assertEquals(foot({ note: { text: "dra-east: disabled", isError: false } }), "dra-east: disabled");
});

Deno.test("the one frame of --once has everything, and no line of keys", () => {
  const lines = shown(busy(), 100, Infinity);
  assertEquals(lines.filter((line) => line.includes("quit")), []);
  assertStringIncludes(lines.at(-1)!, "app2.apps.example.com");
});

Deno.test("tables are sorted by what was asked for", () => {
  const dras = [
    draRow("c", { priority: 2, in_flight: 1 }),
    draRow("a", { priority: 3, in_flight: 9 }),
    draRow("b", { priority: 1, in_flight: 5 }),
  ];
  const apps = [appRow(1, { origin_host: "z", in_flight: 1 }), appRow(2, { origin_host: "y", in_flight: 2 })];
  const before = snapshot({ dras, apps });
  const after = snapshot({
    at: 2_000,
    dras: dras.map((dra) => dra.name === "c" ? { ...dra, messages_sent: 9_999 } : dra),
    apps,
  });
  const rates = ratesBetween(before, after);
  const names = (sort: View["control"]["sort"]) => sortedDras(after, rates, sort).map(({ name }) => name).join("");
  assertEquals([names("priority"), names("traffic"), names("in flight"), names("name")], ["bca", "cab", "abc", "abc"]);
  const hosts = (sort: View["control"]["sort"]) =>
    sortedApps(after, rates, sort).map((app) => app.origin_host).join("");
  assertEquals([hosts("priority"), hosts("in flight"), hosts("name")], ["zy", "yz", "yz"]);
});

Deno.test("bars are relative to the highest, and need room and two values", () => {
  assertEquals([sparkline([0, 1, 2], 10), sparkline([0, 0], 10), sparkline([1], 10), sparkline([1, 2], 7)], [
    "▁▅█",
    "▁▁",
    "",
    "",
  ]);
  assertEquals(sparkline([9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 0], 8), "███████▁");
});

const EVENTS: [kind: string, members: Record<string, unknown>, text: string, bad: boolean][] = [
  ["failover", { from: 1, to: 2 }, "failover 1 -> 2", true],
  ["failback", { from: 2, to: 1 }, "failback 2 -> 1", false],
  ["dra_down", { dra: "east", reason: "reset", pending: 3 }, "dra down east pending 3: reset", true],
  ["app_up", { app: "mme", remote: "10.0.0.1:5", applications: [{ id: 1 }] }, "app up mme remote 10.0.0.1:5", false],
  ["gap", {}, "some events were missed", false],
  ["something_new", { dra: "a\x1b[2J", hint: "" }, "something new a\\u001b[2J", false],
];

for (const [kind, members, text, bad] of EVENTS) {
  Deno.test(`an event is a line, known or not: ${kind}`, () => {
    const line = eventLine({ id: "1", kind, data: { at: "2026-01-02T03:04:05.000Z", kind, ...members } }, 0)!;
    assertEquals([line.time, eventText(line), isBad(line)], [Date.UTC(2026, 0, 2, 3, 4, 5), text, bad]);
  });
}

Deno.test("an event without a time has that of its arrival, and what is no event is passed over", () => {
  assertEquals(eventLine({ id: "", kind: "x", data: { at: "soon" } }, 7)?.time, 7);
  assertEquals(eventLine({ id: "", kind: "x", data: [1] }, 7), undefined);
});
