import { assertEquals } from "@std/assert";
import { capture, decode, eca, ecr, THREE } from "./captures.ts";

Deno.test("decode --stats counts commands and results, and says how long answers took", async () => {
  const { code, stdout } = await decode(THREE, "--stats");
  assertEquals(code, 0);
  assertEquals(stdout.trimEnd().split("\n").map((line) => line.split(/ {2,}/)), [
    ["command", "application", "result", "count", "p50 ms", "p99 ms", "max ms"],
    ["3GPP-ME-Identity-Check (324)", "3GPP S13/S13'", "requests", "3", "-", "-", "-"],
    ["3GPP-ME-Identity-Check (324)", "3GPP S13/S13'", "2001 DIAMETER_SUCCESS", "1", "10.000", "10.000", "10.000"],
    ["3GPP-ME-Identity-Check (324)", "3GPP S13/S13'", "5012 DIAMETER_UNABLE_TO_COMPLY", "1", "2.500", "2.500", "2.500"],
    ["3GPP-ME-Identity-Check (324)", "3GPP S13/S13'", "unanswered", "1", "-", "-", "-"],
  ]);
});

Deno.test("decode --stats --json gives a script the same", async () => {
  const many = capture(
    ...Array.from({ length: 100 }, (_, i) => [
      { message: ecr("s", i), at: i * 1000 },
      { message: eca("s", i), at: i * 1000 + (i < 98 ? 1 : 50) },
    ]).flat(),
  );
  const { stdout } = await decode(many, "--stats", "--json");
  const [{ results: [result], ...exchange }, ...others] = JSON.parse(stdout);
  assertEquals(others, []);
  assertEquals(exchange, {
    command: 324,
    name: "3GPP-ME-Identity-Check",
    application: 16777252,
    application_name: "3GPP S13/S13'",
    requests: 100,
    unanswered: 0,
  });
  assertEquals([result.result, result.result_name, result.count], [2001, "DIAMETER_SUCCESS", 100]);
  assertEquals([result.p50_ms, result.p99_ms].map(Math.round), [1, 50]);
});

Deno.test("decode --stats calls no request unanswered whose answer a filter leaves out", async () => {
  const { stdout } = await decode(THREE, "--stats", "--json", "--command", "ECR");
  const [{ requests, unanswered, results }] = JSON.parse(stdout);
  assertEquals([requests, unanswered, results], [3, 1, []]);
});
