import { assert, assertEquals, assertMatch } from "@std/assert";
import { runMain } from "../run_main.ts";

Deno.test("demo chat loses no event when a gateway dies and another is drained", async () => {
  const { code, stdout, stderr } = await runMain(["demo", "chat", "--devices", "40", "--duration", "4s"]);
  const lines = stdout.trimEnd().split("\n");
  assertMatch(
    lines.at(-1)!,
    /^events [1-9]\d*, deliveries [1-9]\d*, recovered [1-9]\d*, lost 0, duplicated 0, out of order 0$/,
  );
  assertEquals([code, stderr], [0, ""]);
  const acts = [/all are in their 10 rooms: 40 of 40/, /is cut off/, /at gateway-b after/, /is back/, /drains/];
  for (const act of acts) assert(lines.some((line) => act.test(line)), `${act} in ${stdout}`);
});

Deno.test("demo chat refuses to be shorter than what it shows", async () => {
  const { code, stderr } = await runMain(["demo", "chat", "--duration", "1s"]);
  assertEquals(code, 2);
  assertMatch(stderr, /--duration: expected .*4s/);
});
