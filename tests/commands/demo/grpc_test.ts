import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { playScenario, SCENARIOS } from "../../../src/commands/demo/grpc/scenarios.ts";
import { runMain } from "../run_main.ts";

for (const [name, scenario] of Object.entries(SCENARIOS)) {
  Deno.test(`${name}: ${scenario.shows}`, async () => {
    const said: string[] = [];
    await playScenario(scenario, (sentence) => void said.push(sentence));
    assertEquals(said.length > 0, true);
  });
}

Deno.test("demo grpc names its scenarios, those that people know from elsewhere", async () => {
  const { code, stdout } = await runMain(["demo", "grpc", "--list"]);
  assertEquals([code, stdout.trim().split("\n").map((line) => line.split(" ")[0])], [0, Object.keys(SCENARIOS)]);
});

Deno.test("demo grpc loses no call when an instance is killed under load", async () => {
  const { code, stdout, stderr } = await runMain(["demo", "grpc", "--duration", "4s"]);
  const last = stdout.trimEnd().split("\n").at(-1) ?? "";
  assertMatch(last, /^calls \d+, answered \d+, lost 0, transferred [1-9]\d*$/);
  assertEquals([code, stderr], [0, ""]);
});

Deno.test("demo grpc refuses a scenario that it does not know, and says which one was meant", async () => {
  const { code, stderr } = await runMain(["demo", "grpc", "--scenario", "sticky_sesion"]);
  assertEquals(code, 2);
  assertStringIncludes(stderr, 'did you mean "sticky_session"?');
});

Deno.test("bench grpc measures a gateway of its own, and every call ends with OK", async () => {
  const args = ["bench", "grpc", "--duration", "300ms", "--warmup", "100ms", "--connections", "2", "--json"];
  const { code, stdout } = await runMain(args);
  const seen = JSON.parse(stdout);
  assertEquals([code, seen.failed, seen.connections, seen.streams], [0, {}, 2, 20]);
  assertEquals(seen.answered > 0 && seen.gateway_cpu_seconds_per_million_calls > 0, true);
});
