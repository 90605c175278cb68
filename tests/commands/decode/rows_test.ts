import { assertEquals, assertStringIncludes } from "@std/assert";
import { capture, decode, ecr, THREE } from "./captures.ts";

Deno.test("decode --ndjson has a line for each message, the same as --json", async () => {
  const [lines, array] = await Promise.all([decode(THREE, "--ndjson"), decode(THREE, "--json")]);
  assertEquals(lines.code, 0);
  assertEquals(lines.stdout.trimEnd().split("\n").map((line) => JSON.parse(line)), JSON.parse(array.stdout));
});

Deno.test("decode --csv has a head, and a line for each message", async () => {
  const { code, stdout } = await decode(THREE, "--csv");
  const [head, ...lines] = stdout.trimEnd().split("\n").map((line) => line.split(","));
  assertEquals([code, lines.length], [0, 5]);
  const third = Object.fromEntries(head!.map((name, i) => [name, lines[2]![i]]));
  assertEquals(third, {
    frame: "3",
    time: "2024-05-01T12:00:00.003500Z",
    transport: "tcp",
    source: "10.0.0.2:3868",
    destination: "10.0.0.1:40000",
    name: "ECA",
    command: "324",
    flags: "P",
    application: "16777252",
    application_name: "3GPP S13/S13'",
    hop_by_hop: "2",
    end_to_end: "2",
    length: "60",
    session_id: "mme1;2",
    origin_host: "eir1",
    destination_host: "",
    result: "5012",
    result_name: "DIAMETER_UNABLE_TO_COMPLY",
    request_frame: "2",
    response_ms: "2.5",
    problems: "0",
  });
});

Deno.test("decode --csv keeps what strangers write in one field of one line", async () => {
  const { stdout } = await decode(capture({ message: ecr('a,"b"\nc', 1), at: 0 }), "--csv");
  assertEquals(stdout.trimEnd().split("\n").length, 2);
  assertStringIncludes(stdout, String.raw`,"a,""b""\u000ac",`);
});

Deno.test("decode --csv of nothing is a head alone", async () => {
  const { code, stdout } = await decode(THREE, "--csv", "--session", "mme9");
  assertEquals([code, stdout.trimEnd().split("\n").length], [1, 1]);
});
