import { assertEquals } from "@std/assert";
import { createLogger, silentLogger } from "../../../src/ops/log/mod.ts";

function memory() {
  let text = "";
  const writeSync = (bytes: Uint8Array) => {
    text += new TextDecoder().decode(bytes);
    return bytes.length;
  };
  return { sink: { writeSync, write: (bytes: Uint8Array) => Promise.resolve(writeSync(bytes)) }, text: () => text };
}

const events = (text: string) =>
  text.trim().split("\n").filter((line) => line !== "").map((line) => JSON.parse(line).event);

Deno.test("events of the level and above are written", async () => {
  for (
    const [level, expected] of [
      ["debug", ["d", "i", "w", "e"]],
      ["info", ["i", "w", "e"]],
      ["warning", ["w", "e"]],
      ["error", ["e"]],
    ] as const
  ) {
    const { sink, text } = memory();
    const log = createLogger({ level, format: "json", sink });
    log.debug("d", "m");
    log.info("i", "m");
    log.warning("w", "m");
    log.error("e", "m");
    assertEquals([log.enabled("debug"), log.enabled("error")], [level === "debug", true]);
    await log.close();
    assertEquals(events(text()), [...expected]);
  }
});

Deno.test("a sentence is written as it is, braces and all, with its fields", async () => {
  const { sink, text } = memory();
  const log = createLogger({ format: "json", sink });
  log.info("odd", "{braces} {dra} %s {{", { dra: "dra-1", event: "not this" });
  await log.close();
  const { time, ...rest } = JSON.parse(text());
  assertEquals(rest, {
    level: "info",
    event: "odd",
    message: "{braces} {dra} %s {{",
    dra: "dra-1",
    event_: "not this",
  });
  assertEquals(new Date(time).toISOString(), time);
});

Deno.test("the level can change, and a closed log is silent", async () => {
  const { sink, text } = memory();
  const log = createLogger({ level: "error", format: "json", sink });
  log.info("before", "m");
  log.setLevel("debug");
  log.debug("after", "m");
  await log.close();
  log.error("closed", "m");
  assertEquals(events(text()), ["after"]);
});

Deno.test("two logs in one process keep apart", async () => {
  const [one, two] = [memory(), memory()];
  const first = createLogger({ format: "json", sink: one.sink });
  const second = createLogger({ format: "text", coloured: false, sink: two.sink });
  first.info("one", "m");
  second.info("two", "to the second");
  await second.close();
  first.info("still", "m");
  await first.close();
  assertEquals(events(one.text()), ["one", "still"]);
  assertEquals(two.text().trim().endsWith(" INFO  to the second"), true);
});

Deno.test("the silent logger says nothing and asks for nothing", () => {
  silentLogger.error("e", "m");
  assertEquals(silentLogger.enabled("error"), false);
});
