import { assertEquals, assertStringIncludes } from "@std/assert";
import { TextLineStream } from "../../support/lines.ts";
import { runMain } from "../run_main.ts";
import { capture, eca, ecr } from "./captures.ts";

const MAIN = new URL("../../../src/main.ts", import.meta.url).pathname;
const WHOLE = capture({ message: ecr("s;1", 1), at: 0 }, { message: eca("s;1", 1), at: 5 });
/** The request alone. */
const FIRST = capture({ message: ecr("s;1", 1), at: 0 });

function start(args: readonly string[], stdin: "piped" | "null" = "null"): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-all", MAIN, "decode", ...args],
    env: { NO_COLOR: "1" },
    stdin,
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

function linesOf(child: Deno.ChildProcess): ReadableStreamDefaultReader<string> {
  return child.stdout.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream()).getReader();
}

Deno.test("decode --follow shows what is written to a capture later, until it is told to stop", async () => {
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeFile(path, FIRST);
    const child = start([path, "--follow", "--summary"]);
    const lines = linesOf(child);
    assertStringIncludes((await lines.read()).value!, "ECR");
    // The half of a record is there when it ends: that is no fault of the capture.
    await Deno.writeFile(path, WHOLE.subarray(FIRST.length), { append: true });
    await Deno.writeFile(path, WHOLE.subarray(24, 50), { append: true });
    assertStringIncludes((await lines.read()).value!, "ECA  3GPP S13/S13'  2001 DIAMETER_SUCCESS  answers frame 1");
    child.kill("SIGINT");
    assertEquals((await lines.read()).done, true);
    const [{ code }, stderr] = await Promise.all([child.status, new Response(child.stderr).text()]);
    assertEquals([code, stderr], [0, ""]);
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("decode of a pipe shows each message as it comes", async () => {
  const child = start(["-", "--summary"], "piped");
  const lines = linesOf(child);
  const writer = child.stdin.getWriter();
  await writer.write(FIRST);
  assertStringIncludes((await lines.read()).value!, "ECR");
  await writer.write(WHOLE.subarray(FIRST.length));
  assertStringIncludes((await lines.read()).value!, "ECA");
  await writer.close();
  assertEquals((await lines.read()).done, true);
  const [{ code }, stderr] = await Promise.all([child.status, new Response(child.stderr).text()]);
  assertEquals([code, stderr], [0, ""]);
});

Deno.test("decode --stats of a pipe that never ends prints when it is told to stop", async () => {
  const child = start(["-", "--stats", "--json"], "piped");
  const writer = child.stdin.getWriter();
  await writer.write(WHOLE);
  // Far more than a pipe holds, of the same packets: when it is taken, what came before was read.
  const record = WHOLE.subarray(24);
  const many = new Uint8Array(record.length * 2000);
  for (let i = 0; i < 2000; i++) many.set(record, i * record.length);
  await writer.write(many);
  child.kill("SIGTERM");
  const { code, stdout } = await finished(child);
  assertEquals(code, 0);
  assertEquals(JSON.parse(stdout)[0].requests, 1);
  await writer.abort().catch(() => {});
});

async function finished(child: Deno.ChildProcess): Promise<{ readonly code: number; readonly stdout: string }> {
  const [{ code }, stdout] = await Promise.all([
    child.status,
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  return { code, stdout };
}

const WRONG: [args: string[], says: string][] = [
  [["-", "--follow"], "--follow: a pipe is shown as it comes; only a file can be followed"],
  [["0100", "--follow"], "--follow: only a capture can be followed, and this is none"],
  [[MAIN, "--follow"], `${MAIN}: expected a pcap or pcapng capture to follow, got something else`],
];
for (const [args, says] of WRONG) {
  Deno.test(`decode cannot follow ${args[0] === MAIN ? "a text" : args[0]}`, async () => {
    const { code, stderr } = await runMain(["decode", ...args]);
    assertEquals(code, 2);
    assertStringIncludes(stderr, says);
  });
}
