import { assertEquals } from "@std/assert";
import { escapeControls, escapeControlsInLines } from "../../../src/ops/log/escape_controls.ts";

Deno.test("what a terminal would obey is shown, in a form that stays JSON", () => {
  const evil = "a\x1b[2J\x9b2J\u202eb\r\n\tc";
  assertEquals(escapeControls(evil), "a\\u001b[2J\\u009b2J\\u202eb\\u000d\\u000a\\u0009c");
  assertEquals(escapeControlsInLines(evil), "a\\u001b[2J\\u009b2J\\u202eb\\u000d\n\tc");
  const json = escapeControls(JSON.stringify({ evil }));
  assertEquals(JSON.parse(json), { evil });
  assertEquals(escapeControls("päivää 日本"), "päivää 日本");
});
