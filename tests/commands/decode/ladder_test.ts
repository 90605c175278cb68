import { assertEquals, assertStringIncludes } from "@std/assert";
import { type Arrow, ladderText, mermaidText } from "../../../src/commands/decode/views/ladder.ts";
import { capture, decode, eca, ecr, NOON, THREE } from "./captures.ts";

Deno.test("decode --ladder draws who sent what to whom, and when", async () => {
  const { code, stdout } = await decode(THREE, "--ladder", "--session", "mme1;1", "--session", "mme1;2");
  assertEquals(code, 0);
  assertEquals(
    stdout,
    `
frame   seconds  10.0.0.1:40000  10.0.0.2:3868
    1  0.000000  |--- ECR ------>|
    2  0.001000  |--- ECR ------>|
    3  0.003500  |<-- ECA 5012 --|  2.500 ms
    4  0.010000  |<-- ECA 2001 --|  10.000 ms
`.slice(1),
  );
});

const named = capture(
  { message: { command: "CER", hopByHop: 9, endToEnd: 9, avps: { "Origin-Host": "gw.example" } }, at: 0 },
  {
    message: { command: "CEA", hopByHop: 9, endToEnd: 9, avps: { "Result-Code": 2001, "Origin-Host": "dra;1" } },
    at: 1,
  },
  { message: ecr("s", 1), at: 2 },
  { message: eca("s", 1), at: 4 },
);

Deno.test("decode --mermaid makes a diagram for a document, with the names of the peers", async () => {
  for (const flags of [["--mermaid"], ["--ladder", "--mermaid"]]) {
    const { code, stdout } = await decode(named, ...flags, "--session", "s");
    assertEquals(code, 0);
    assertEquals(
      stdout,
      `
sequenceDiagram
  participant p0 as gw.example
  participant p1 as dra#59;1
  p0->>p1: ECR
  p1-->>p0: ECA 2001 (2.000 ms)
`.slice(1),
    );
  }
});

const arrow = (frame: number, from: string, to: string, label: string): Arrow => ({
  frame,
  time: NOON,
  from,
  to,
  isRequest: true,
  label,
  took: undefined,
});

Deno.test("a ladder has a lane for each end and shows what an end sends to itself", () => {
  const ends = ["app", "gw", "dra"];
  const text = ladderText({
    ends,
    arrows: [arrow(1, "app", "dra", "ULR"), arrow(2, "gw", "app", "CLR"), arrow(3, "gw", "gw", "DWR")],
  });
  assertEquals(text.split("\n").slice(1), [
    "    1  0.000000  |--- ULR ------------>|",
    "    2  0.000000  |<-- CLR --|          |",
    "    3  0.000000  |          |          |  DWR, from gw to itself",
  ]);
  assertStringIncludes(mermaidText({ ends, arrows: [arrow(1, "app", "dra", "x\n;y")] }), "p0->>p2: x#10;#59;y");
});

Deno.test("a ladder of a capture without end stays readable, and says what it leaves out", async () => {
  const long = capture(...Array.from({ length: 1002 }, (_, i) => ({ message: ecr("s", i), at: i })));
  const { code, stdout, stderr } = await decode(long, "--ladder");
  assertEquals([code, stdout.trimEnd().split("\n").length], [0, 1001]);
  assertEquals(stderr, "2 more messages are not drawn; select some with --session, --peer, --from or --to\n");
});
