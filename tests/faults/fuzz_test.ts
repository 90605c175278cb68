/**
 * Seeded fuzzing over the wire, a few seconds of it; `deno task fuzz --seconds N --seed S` goes on for longer.
 * @module
 */
import { assert } from "@std/assert";
import { fuzz } from "./fuzz.ts";

for (const [seed, mode] of [[20_240_117, "relay"], [7, "transparent"]] as const) {
  Deno.test(`broken messages from both sides hurt nobody who is well (${mode} mode, seed ${seed})`, async () => {
    const report = await fuzz({ seed, mode, messages: 800 });
    assert(report.healthy > 0 && report.pinned > 0 && report.fromDra > 100);
  });
}
