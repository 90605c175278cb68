/**
 * The echo server against h2load, 10 connections with 20 streams each: requests per second, and
 * processor seconds of the server for a million of them.
 *
 *     deno run -A tests/http2/bench.ts [--requests N] [--connections 10] [--streams 20] [--profile]
 */
import { parseArgs } from "@std/cli";

const { profile, requests, connections, streams } = parseArgs(Deno.args, {
  string: ["requests", "connections", "streams"] as const,
  boolean: ["profile"] as const,
  default: { requests: "400000", connections: "10", streams: "20" },
});

const server = new Deno.Command(Deno.execPath(), {
  args: [
    "run",
    "--no-prompt",
    "--allow-all",
    ...(profile ? ["--cpu-prof", "--cpu-prof-dir=/tmp/http2-profile"] : []),
    new URL("echo_server.ts", import.meta.url).pathname,
  ],
  stdout: "piped",
}).spawn();
const stdout = server.stdout.pipeThrough(new TextDecoderStream()).getReader();
const address = (await stdout.read()).value!.replace("listening on ", "").trim();

/** User and system seconds of a process so far. */
function seconds(pid: number): number {
  const fields = Deno.readTextFileSync(`/proc/${pid}/stat`).split(") ")[1]!.split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

const directory = await Deno.makeTempDir();
const body = `${directory}/body`;
const uris = `${directory}/uris`;
// A message of 12 octets, with its prefix; 500 paths in turn.
await Deno.writeFile(body, Uint8Array.of(0, 0, 0, 0, 12, ...new Array(12).fill(65)));
const paths = Array.from({ length: 500 }, (_, i) => `http://${address}/pkg.Service${i}/Method`);
await Deno.writeTextFile(uris, paths.join("\n") + "\n");

async function load(count: number): Promise<number> {
  const output = await new Deno.Command("h2load", {
    args: [
      ...["-n", String(count), "-c", String(connections), "-m", String(streams), "-d", body, "-i", uris],
      ...["-H", "te: trailers", "-H", "content-type: application/grpc", "-H", "grpc-timeout: 10S"],
      ...["-H", `authorization: Bearer ${"t".repeat(300)}`, "-H", "session-id: 0123456789abcdef"],
    ],
  }).output();
  const text = new TextDecoder().decode(output.stdout);
  const [, rate] = /, ([\d.]+) req\/s/.exec(text) ?? [];
  if (!text.includes(`${count} succeeded`)) throw new Error(text);
  return Number(rate);
}

const count = Number(requests);
await load(count / 4);
for (let round = 0; round < 3; round++) {
  const before = seconds(server.pid);
  const rate = await load(count);
  const cpu = (seconds(server.pid) - before) / count * 1e6;
  console.log(`${Math.round(rate)} requests/s, ${cpu.toFixed(2)} s of processor for a million`);
}
server.kill("SIGINT");
await server.status;
await stdout.cancel();
await Deno.remove(directory, { recursive: true });
