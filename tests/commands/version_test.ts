import { assertEquals, assertMatch } from "@std/assert";
import { VERSION } from "../../src/version.ts";
import { runMain } from "./run_main.ts";

Deno.test("version names program, runtime and platform in one line", async () => {
  for (const args of [["version"], ["--version"], ["-V"]]) {
    const { code, stdout, stderr } = await runMain(args);
    assertEquals([code, stderr], [0, ""]);
    assertMatch(stdout, /^diam-gw \d+\.\d+\.\d+ \(deno \d\S*, v8 \d\S*, \w+ \w+\)\n$/);
    assertEquals(stdout.split(" ")[1], VERSION);
  }
});

Deno.test("version --json gives a script the same", async () => {
  const { code, stdout } = await runMain(["version", "--json"]);
  const { name, version, deno, v8, os, arch } = JSON.parse(stdout);
  assertEquals([code, name, version, deno, v8, os, arch], [
    0,
    "diam-gw",
    VERSION,
    Deno.version.deno,
    Deno.version.v8,
    Deno.build.os,
    Deno.build.arch,
  ]);
});
