/**
 * `deno task bench:grpc`: this gateway beside nginx (`grpc_pass`) and HAProxy, in the same run.
 *
 * In front h2load, where it can do what is needed, else a load of our own; behind one fast backend.
 * Needs h2load and nghttpd (nghttp2-client, nghttp2-server), nginx and haproxy on the PATH.
 * @module
 */
import { parseArgs } from "@std/cli";
import { SignJWT } from "jose";
import type { LoadPlan, LoadResult } from "./grpc/load.ts";
import { freePort, Rival } from "./grpc/rivals.ts";

const flags = parseArgs(Deno.args, { string: ["rounds", "calls", "case"] });
const rounds = Number(flags["rounds"] ?? 3);
const calls = Number(flags["calls"] ?? 60_000);
const wanted = typeof flags["case"] === "string" ? flags["case"].split(",") : undefined;

const LOAD = new URL("grpc/load.ts", import.meta.url).pathname;
const SECRET = "a secret of the bench";
const NAMES = ["diam-gw", "nginx", "haproxy"] as const;

/** Figures of one round. */
interface Figures {
  readonly perSecond: number;
  /** Seconds of processor time per million calls. */
  readonly cpu: number;
}

const CASES: Readonly<Record<string, () => Promise<void>>> = {
  "10x20": () => throughput(20, { nginx: 2, haproxy: 1.2 }),
  "10x1": () => throughput(1, { nginx: 1, haproxy: 0.75 }),
  p99: latency,
  jwt,
  stream,
  memory,
  churn,
};

const unknown = wanted?.find((name) => !Object.hasOwn(CASES, name));
if (!(rounds > 0) || !(calls > 0) || unknown !== undefined) {
  console.error(`Expected [--rounds N] [--calls N] [--case ${Object.keys(CASES).join(",")}]`);
  Deno.exit(2);
}

const directory = await Deno.makeTempDir({ prefix: "bench-grpc-" });
try {
  await writeAnswers();
  for (const [name, run] of Object.entries(CASES)) {
    if (wanted !== undefined && !wanted.includes(name)) continue;
    console.log(name);
    await run();
  }
} finally {
  await Deno.remove(directory, { recursive: true });
}

/** Closed loop: calls per second, and what they cost. */
async function throughput(streams: number, must: { readonly nginx: number; readonly haproxy: number }): Promise<void> {
  await using backend = await staticBackend();
  const rivals = await start(backend.port);
  const figures = rivals.map(() => [] as Figures[]);
  const count = streams === 1 ? calls / 2 : calls;
  for (const rival of rivals) await h2load(rival, streams, count / 2);
  for (let round = 0; round < rounds; round++) {
    for (const [nth, rival] of rivals.entries()) figures[nth]!.push(await h2load(rival, streams, count));
  }
  const medians = figures.map((all) => ({
    perSecond: median(all.map(({ perSecond }) => perSecond)),
    cpu: median(all.map(({ cpu }) => cpu)),
  }));
  for (const [nth, { name }] of rivals.entries()) {
    show(name, [`${Math.round(medians[nth]!.perSecond)}/s`, `${medians[nth]!.cpu.toFixed(1)} s per million`]);
  }
  const [ours, nginx, haproxy] = medians as [Figures, Figures, Figures];
  verdict("calls/s beside nginx", ours.perSecond / nginx.perSecond, must.nginx, "at least");
  verdict("calls/s beside HAProxy", ours.perSecond / haproxy.perSecond, must.haproxy, "at least");
  if (streams > 1) verdict("processor time beside nginx", ours.cpu / nginx.cpu, 1, "at most");
  await stop(rivals);
}

/** Open loop at half of nginx's throughput. */
async function latency(): Promise<void> {
  await using backend = await staticBackend();
  const [ours, nginx, haproxy] = await start(backend.port) as [Rival, Rival, Rival];
  const { perSecond } = await h2load(nginx, 20, calls);
  const rate = Math.round(perSecond / 2);
  const p99s = new Map<Rival, number[]>([[ours, []], [nginx, []], [haproxy, []]]);
  for (let round = 0; round < rounds; round++) {
    for (const [rival, all] of p99s) all.push((await load({ mode: "open", port: rival.port, rate, seconds: 3 })).p99);
  }
  for (const [{ name }, all] of p99s) show(name, [`p99 ${median(all).toFixed(2)} ms at ${rate}/s`]);
  verdict("p99 beside nginx", median(p99s.get(ours)!) / median(p99s.get(nginx)!), 1, "at most");
  await stop([ours, nginx, haproxy]);
}

/** Tokens that repeat, and sticky sessions, beside the same load without. */
async function jwt(): Promise<void> {
  await using backend = await ownBackend();
  const sessions = await Promise.all(Array.from({ length: 1000 }, async (_, i) => {
    const session = `session-${i}-${"x".repeat(16)}`;
    const token = await new SignJWT({ session_id: session, filler: "y".repeat(120) })
      .setProtectedHeader({ alg: "HS256" }).setExpirationTime("1h").sign(new TextEncoder().encode(SECRET));
    return [session, `Bearer ${token}`] as const;
  }));
  const plain = await Rival.start("diam-gw", backend.port, directory);
  const guarded = await Rival.start("diam-gw", backend.port, directory, {
    routes: [{
      prefix: "/",
      cluster: "b",
      authorization: "required",
      balancer: { type: "sticky_sessions", header: "session-id" },
      transfer: "before_response",
    }],
    auth: { jwt_secret: SECRET },
  });
  const rates = new Map<Rival, number[]>([[plain, []], [guarded, []]]);
  for (let round = 0; round <= rounds; round++) {
    for (const [rival, all] of rates) {
      const { calls, failed, seconds } = await load({ mode: "closed", port: rival.port, sessions, seconds: 2 });
      if (failed > 0) throw new Error(`${failed} calls failed`);
      if (round > 0) all.push(calls / seconds);
    }
  }
  const [without, withThem] = [...rates.values()].map(median) as [number, number];
  show("without", [`${Math.round(without)}/s`]);
  show("with", [`${Math.round(withThem)}/s`]);
  verdict("with JWT and sticky sessions beside without", withThem / without, 0.8, "at least");
  await stop([plain, guarded]);
}

/** One stream of 1 MiB messages. */
async function stream(): Promise<void> {
  await using backend = await ownBackend();
  const ours = await Rival.start("diam-gw", backend.port, directory);
  const rates = new Map<number, number[]>([[backend.port, []], [ours.port, []]]);
  for (let round = 0; round < rounds; round++) {
    for (const [port, all] of rates) {
      const { calls, seconds, failed } = await load({ mode: "stream", port, count: 300 });
      if (failed > 0) throw new Error("bytes were lost");
      all.push(calls / seconds);
    }
  }
  const [direct, through] = [...rates.values()].map(median) as [number, number];
  show("direct", [`${Math.round(direct)} MiB/s`]);
  show("through", [`${Math.round(through)} MiB/s`]);
  verdict("beside direct", through / direct, 0.5, "at least");
  await stop([ours]);
}

/** At start, per idle connection, per sticky key. */
async function memory(): Promise<void> {
  await using backend = await ownBackend();
  const routes = [{ prefix: "/", cluster: "b", balancer: { type: "sticky_sessions", header: "session-id" } }];
  const ours = await Rival.start("diam-gw", backend.port, directory, { routes });
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  const atStart = ours.memory;
  verdict("MB at start", atStart / 1e6, 80, "at most");
  const held = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", LOAD, JSON.stringify({ mode: "idle", port: ours.port, connections: 1000 } satisfies LoadPlan)],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const reader = held.stdout.pipeThrough(new TextDecoderStream()).getReader();
  await reader.read();
  await new Promise((resolve) => setTimeout(resolve, 12_000));
  verdict("KB per idle client connection", (ours.memory - atStart) / 1000 / 1000, 30, "at most");
  held.kill("SIGKILL");
  await held.status;
  await reader.cancel();
  await held.stdin.abort().catch(() => {});
  const key = (i: number) => [`session-${i}-${"x".repeat(16)}`, "Bearer x"] as const;
  // Once around before it is looked at: what a load leaves behind is there by then.
  const round = (from: number) =>
    load({
      mode: "closed",
      port: ours.port,
      seconds: 4,
      sessions: Array.from({ length: 50_000 }, (_, i) => key(from + i)),
    });
  const settled = async () => {
    // What a load leaves behind is collected in a quiet moment, every ten seconds.
    await new Promise((resolve) => setTimeout(resolve, 35_000));
    return ours.memory;
  };
  await round(0);
  const before = await settled();
  await round(50_000);
  const after = await settled();
  verdict("bytes per sticky key", (after - before) / 50_000, 1024, "at most");
  await stop([ours]);
}

/** Clients that come and leave under load. */
async function churn(): Promise<void> {
  await using backend = await ownBackend();
  const ours = await Rival.start("diam-gw", backend.port, directory);
  await load({ mode: "churn", port: ours.port, count: 500 });
  const before = ours.memory;
  await load({ mode: "churn", port: ours.port, count: 2000 });
  show("diam-gw", [`${(before / 1e6).toFixed(0)} MB before, ${(ours.memory / 1e6).toFixed(0)} MB after 2000 clients`]);
  const { failed } = await load({ mode: "closed", port: ours.port, seconds: 1 });
  verdict("failed calls afterwards", failed, 0, "at most");
  await stop([ours]);
}

// What is around the cases.

async function start(backend: number): Promise<Rival[]> {
  return await Promise.all(NAMES.map((name) => Rival.start(name, backend, directory)));
}

async function stop(rivals: readonly Rival[]): Promise<void> {
  for (const rival of rivals) await rival.stop();
}

async function h2load(rival: Rival, streams: number, count: number): Promise<Figures> {
  const uris = `${directory}/uris`;
  await Deno.writeTextFile(uris, paths().map((path) => `http://127.0.0.1:${rival.port}${path}`).join("\n"));
  const headers = [
    ...["content-type: application/grpc", "te: trailers", "user-agent: grpc-bench", "session-id: 0123456789abcdef"],
    ...["grpc-timeout: 10S", `authorization: Bearer ${"0123456789abcdef".repeat(19).slice(0, 293)}`],
  ];
  const before = rival.cpu;
  const { stdout } = await new Deno.Command("h2load", {
    args: [
      ...["-i", uris, "-B", `http://127.0.0.1:${rival.port}`, "-d", `${directory}/body`],
      ...["-c", "10", "-m", String(streams), "-n", String(count)],
      ...headers.flatMap((header) => ["-H", header]),
    ],
    stderr: "null",
  }).output();
  const text = new TextDecoder().decode(stdout);
  const perSecond = Number(/([\d.]+) req\/s/.exec(text)?.[1]);
  const good = Number(/(\d+) 2xx/.exec(text)?.[1]);
  if (good !== count) throw new Error(`${rival.name}: ${good} of ${count} calls were answered:\n${text}`);
  return { perSecond, cpu: (rival.cpu - before) / count * 1e6 };
}

async function load(plan: LoadPlan): Promise<LoadResult> {
  const file = `${directory}/plan.json`;
  await Deno.writeTextFile(file, JSON.stringify(plan));
  const { stdout, stderr, success } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", LOAD, `@${file}`],
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout));
}

function paths(): string[] {
  return Array.from({ length: 500 }, (_, i) => `/my.Service${Math.floor(i / 10)}/Method${i}`);
}

/** Files that nghttpd answers with: one message of 12 bytes. */
async function writeAnswers(): Promise<void> {
  const body = Uint8Array.of(0, 0, 0, 0, 12, ...new TextEncoder().encode("hello world!"));
  await Deno.writeFile(`${directory}/body`, body);
  for (const path of paths()) {
    await Deno.mkdir(`${directory}/htdocs${path.slice(0, path.lastIndexOf("/"))}`, { recursive: true });
    await Deno.writeFile(`${directory}/htdocs${path}`, body);
  }
}

/** A backend in C. */
async function staticBackend(): Promise<{ readonly port: number } & AsyncDisposable> {
  const port = freePort();
  const args = ["--no-tls", "-d", `${directory}/htdocs`, "--trailer", "grpc-status: 0", "-n1", String(port)];
  const process = new Deno.Command("nghttpd", { args, stdout: "null", stderr: "null" }).spawn();
  await new Promise((resolve) => setTimeout(resolve, 300));
  return { port, [Symbol.asyncDispose]: () => ended(process) };
}

/** One of our own, for what that one cannot do. */
async function ownBackend(): Promise<{ readonly port: number } & AsyncDisposable> {
  const process = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", LOAD, JSON.stringify({ mode: "backend", port: 0 } satisfies LoadPlan)],
    stdout: "piped",
  }).spawn();
  const reader = process.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const { value } = await reader.read();
  const { port } = JSON.parse(value!);
  return {
    port,
    [Symbol.asyncDispose]: async () => {
      await ended(process);
      await reader.cancel();
    },
  };
}

async function ended(process: Deno.ChildProcess): Promise<void> {
  process.kill("SIGTERM");
  await process.status;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

function show(name: string, parts: readonly string[]): void {
  console.log(`  ${name.padEnd(10)} ${parts.join(", ")}`);
}

function verdict(what: string, value: number, bound: number, sense: "at least" | "at most"): void {
  const holds = sense === "at least" ? value >= bound : value <= bound;
  console.log(`  ${holds ? "holds" : "FAILS"}: ${what}: ${value.toFixed(2)}, ${sense} ${bound}`);
}
