import { assertEquals } from "@std/assert";
import { formatJson, type LogEvent, textFormatter } from "../../../src/ops/log/format.ts";

const event: LogEvent = {
  time: new Date(2026, 10, 21, 5, 30, 0, 123).getTime(),
  level: "info",
  event: "dra_up",
  message: "DRA dra-1 is up",
  fields: {},
};

Deno.test("a JSON line has time, level, event and message, then the fields", () => {
  const line = formatJson({ ...event, fields: { dra: "dra-1", priority: 1, gone: undefined } });
  assertEquals(
    line,
    `{"time":"${new Date(event.time).toISOString()}","level":"info","event":"dra_up",` +
      `"message":"DRA dra-1 is up","dra":"dra-1","priority":1}\n`,
  );
});

Deno.test("a JSON line holds what JSON has no form for, and no field replaces the event", () => {
  const fields = {
    level: "x",
    id: 2n ** 60n,
    error: new Error("boom"),
    bytes: new Uint8Array([1, 255]),
    at: new Date(0),
  };
  const { level, level_, id, error, bytes, at } = JSON.parse(formatJson({ ...event, fields }));
  assertEquals([level, level_, id, error, bytes, at], [
    "info",
    "x",
    "1152921504606846976",
    "boom",
    "01ff",
    "1970-01-01T00:00:00.000Z",
  ]);
  const cycle: Record<string, unknown> = {};
  cycle["self"] = cycle;
  assertEquals(JSON.parse(formatJson({ ...event, fields: { cycle } })).event, "dra_up");
});

Deno.test("a text line has the local time, the level and the sentence, then the fields", () => {
  const text = textFormatter(false);
  assertEquals(text(event), "2026-11-21 05:30:00.123 INFO  DRA dra-1 is up\n");
  assertEquals(
    text({ ...event, level: "warning", fields: { host: "10.0.0.1:3868", reason: "no answer", n: 3, gone: undefined } }),
    '2026-11-21 05:30:00.123 WARN  DRA dra-1 is up host=10.0.0.1:3868 reason="no answer" n=3\n',
  );
  const fields = { dra: "dra-1", watchdog: "okay" };
  assertEquals(
    text({ ...event, fields, unsaid: ["watchdog"] }),
    "2026-11-21 05:30:00.123 INFO  DRA dra-1 is up watchdog=okay\n",
  );
  assertEquals(JSON.parse(formatJson({ ...event, fields, unsaid: [] }))["watchdog"], "okay");
  assertEquals(
    text({ ...event, level: "error", fields: { list: [1, 2n], error: new Error("a=b") } }),
    '2026-11-21 05:30:00.123 ERROR DRA dra-1 is up list=[1,"2"] error="a=b"\n',
  );
});

Deno.test("no text from a peer passes for an event of its own, or reaches the terminal as a control character", () => {
  const forged = "x\n2026-11-21 05:30:00.123 ERROR forged\x1b[2J";
  const lines = textFormatter(false)({ ...event, message: forged, fields: { forged } }).split("\n");
  assertEquals(lines.filter((line) => line.startsWith("2026")).length, 1);
  assertEquals(lines.join("").includes("\x1b"), false);
});

Deno.test("colours mark the level only where they are wanted", () => {
  assertEquals(textFormatter(true)(event).includes("\x1b[32mINFO \x1b[0m"), true);
  assertEquals(textFormatter(false)(event).includes("\x1b"), false);
});
