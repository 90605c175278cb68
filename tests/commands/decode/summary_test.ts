import { assertEquals, assertStringIncludes } from "@std/assert";
import { capture, decode, ecr, THREE } from "./captures.ts";

interface SeenJson {
  readonly frame: number;
  readonly request_frame?: number;
  readonly response_ms?: number;
}

Deno.test("decode --summary has one line a message, and each answer says how long it took", async () => {
  const { code, stdout, stderr } = await decode(THREE, "--summary");
  const there = "10.0.0.1:40000 -> 10.0.0.2:3868  ECR  3GPP S13/S13'";
  const back = "10.0.0.2:3868 -> 10.0.0.1:40000  ECA  3GPP S13/S13'";
  assertEquals([code, stderr], [0, ""]);
  assertEquals(stdout.trimEnd().split("\n"), [
    `1  2024-05-01T12:00:00.000000Z  ${there}  session mme1;1`,
    `2  2024-05-01T12:00:00.001000Z  ${there}  session mme1;2`,
    `3  2024-05-01T12:00:00.003500Z  ${back}  5012 DIAMETER_UNABLE_TO_COMPLY  answers frame 2 after 2.500 ms  session mme1;2`,
    `4  2024-05-01T12:00:00.010000Z  ${back}  2001 DIAMETER_SUCCESS  answers frame 1 after 10.000 ms  session mme1;1`,
    `5  2024-05-01T12:00:02.000000Z  ${there}  session mme1;3`,
  ]);
});

Deno.test("decode --json has the request and the response time beside an answer", async () => {
  const { stdout } = await decode(THREE, "--json");
  const seen = JSON.parse(stdout).map((m: SeenJson) => [m.frame, m.request_frame, m.response_ms]);
  assertEquals(seen.slice(1, 4), [[2, undefined, undefined], [3, 2, 2.5], [4, 1, 10]]);
});

Deno.test("decode shows messages in one way at a time", async () => {
  const { code, stderr } = await decode(THREE, "--json", "--summary");
  assertEquals(code, 2);
  assertStringIncludes(stderr, "--json and --summary: expected one of them");
});

Deno.test("decode --summary has one line a message, whatever a stranger calls the session", async () => {
  const { stdout } = await decode(capture({ message: ecr("a\nb\x1b[2J", 1), at: 0 }), "--summary");
  assertEquals(stdout.trimEnd().split("\n").length, 1);
  assertStringIncludes(stdout, String.raw`session a\u000ab\u001b[2J`);
});
