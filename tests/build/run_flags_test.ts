import { assert, assertEquals } from "@std/assert";
import config from "../../deno.json" with { type: "json" };
import { PERMISSIONS, UNSTABLE, V8_FLAGS } from "../../src/build/run_flags.ts";

const v8Flags = V8_FLAGS.length > 0 ? `--v8-flags=${V8_FLAGS.join(",")} ` : "";

for (const [task, command] of [["start", "serve"], ["demo", "demo"], ["bench", "bench"]] as const) {
  Deno.test(`the task ${task} runs the program with the flags of the executable`, () => {
    const expected = `deno run ${PERMISSIONS.join(" ")} ${v8Flags}src/main.ts ${command}`;
    assertEquals(config.tasks[task].command, expected);
  });
}

Deno.test("the executable has the unstable features that deno.json turns on", () => {
  assertEquals([...UNSTABLE], config.unstable.map((feature) => `--unstable-${feature}`));
});

Deno.test("the program may neither start programs nor load libraries", () => {
  assert(!PERMISSIONS.some((flag) => /--allow-(all|run|ffi)|^-A$/.test(flag)));
});
