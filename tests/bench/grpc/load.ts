/**
 * A load of calls, and a backend, in a process of their own: `load.ts '{"mode": ...}'`. Prints one
 * line of JSON; the backend prints its port and runs until it is killed.
 * @module
 */
import {
  DEFAULT_OPTIONS,
  HeaderList,
  Http2Connection,
  type Http2Listener,
  Http2Node,
  type Http2Stream,
  type StreamListener,
} from "../../../src/http2/mod.ts";
import { dial } from "../../../src/net/dial.ts";
import { listenTcp } from "../../../src/net/listener.ts";

/** What to do. */
export interface LoadPlan {
  readonly mode: "backend" | "closed" | "open" | "stream" | "idle" | "churn";
  readonly port: number;
  readonly connections?: number;
  /** Calls at a time on each connection. */
  readonly streams?: number;
  readonly seconds?: number;
  /** Calls per second. */
  readonly rate?: number;
  /** Pairs of session and token, in turn. */
  readonly sessions?: readonly (readonly [session: string, token: string])[];
  readonly count?: number;
}

/** What came of it. */
export interface LoadResult {
  readonly calls: number;
  readonly failed: number;
  readonly seconds: number;
  /** ms */
  readonly p50: number;
  readonly p99: number;
}

const PATHS = 500;
const BODY = Uint8Array.of(0, 0, 0, 0, 12, ...new TextEncoder().encode("hello world!"));
const OPTIONS = { ...DEFAULT_OPTIONS, streamWindow: 4 * 2 ** 20, connectionWindow: 16 * 2 ** 20 };
const HEADERS = new HeaderList().append(":status", "200").append("content-type", "application/grpc");
const OK = new HeaderList().append("grpc-status", "0");

const node = new Http2Node();

/** Answers every call; `/stream/N` with N messages of 1 MiB. */
function serve(): void {
  const chunk = new Uint8Array(2 ** 20 + 5);
  new DataView(chunk.buffer).setUint32(1, 2 ** 20);
  const answer = (stream: Http2Stream): StreamListener => ({
    headers() {},
    data(bytes, end) {
      if (bytes.length > 0) stream.consumed(bytes.length);
      if (!end) return;
      stream.sendHeaders(HEADERS, false);
      stream.sendData(BODY, false);
      stream.sendTrailers(OK);
    },
    trailers() {},
    reset() {},
    drained() {},
  });
  const flood = (stream: Http2Stream, count: number): StreamListener => {
    const more = () => {
      while (count > 0 && stream.pendingBytes === 0) {
        count--;
        stream.sendData(chunk, false);
      }
      if (count === 0) stream.sendTrailers(OK);
    };
    stream.sendHeaders(HEADERS, false);
    queueMicrotask(more);
    return { headers() {}, data: (bytes) => stream.consumed(bytes.length), trailers() {}, reset() {}, drained: more };
  };
  const listener = listenTcp({ hostname: "127.0.0.1", port: 0 }, { noDelay: true }, (connection) => {
    Http2Connection.server(connection, node, { ...OPTIONS, maxConcurrentStreams: 1000 }, {
      request(stream, list) {
        const [, kind, count] = list.get(":path")!.split("/");
        return kind === "stream" ? flood(stream, Number(count)) : answer(stream);
      },
      closed() {},
    });
  });
  console.log(JSON.stringify({ port: listener.address.port }));
}

async function connect(port: number): Promise<Http2Connection> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const listener: Http2Listener = { settled: resolve, closed: ({ reason }) => reject(new Error(reason)) };
  const connection = await dial({ hostname: "127.0.0.1", port }, undefined, { timeout: 5_000, noDelay: true });
  const http2 = Http2Connection.client(connection, node, OPTIONS, listener);
  await promise;
  promise.catch(() => {});
  return http2;
}

const AUTHORIZATION = `Bearer ${"0123456789abcdef".repeat(19).slice(0, 293)}`;

/** 500 paths in turn, and a session for each call. */
function requests(sessions: LoadPlan["sessions"]): HeaderList[] {
  const count = sessions === undefined ? PATHS : sessions.length;
  return Array.from({ length: count }, (_, i) => {
    const [session, token] = sessions?.[i] ?? ["0123456789abcdef", AUTHORIZATION];
    const nth = i % PATHS;
    return new HeaderList().append(":method", "POST").append(":scheme", "http")
      .append(":path", `/my.Service${Math.floor(nth / 10)}/Method${nth}`).append(":authority", "127.0.0.1")
      .append("content-type", "application/grpc").append("te", "trailers").append("user-agent", "grpc-bench")
      .append("authorization", token).append("session-id", session).append("grpc-timeout", "10S");
  });
}

class Tally {
  calls = 0;
  failed = 0;
  readonly times: number[] = [];

  result(seconds: number): LoadResult {
    const sorted = this.times.sort((a, b) => a - b);
    const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
    return { calls: this.calls, failed: this.failed, seconds, p50: at(0.5), p99: at(0.99) };
  }
}

/** One call; `done` when it is over. */
function call(http2: Http2Connection, list: HeaderList, tally: Tally, since: number, done: () => void): boolean {
  const over = (good: boolean) => {
    tally.calls++;
    if (!good) tally.failed++;
    tally.times.push(performance.now() - since);
    done();
  };
  const stream = http2.open(list, false, {
    headers: (list, end) => end && over(list.get("grpc-status") === "0"),
    data: (bytes) => stream!.consumed(bytes.length),
    trailers: (list) => over(list.get("grpc-status") === "0"),
    reset: () => over(false),
    drained() {},
  });
  stream?.sendData(BODY, true);
  return stream !== undefined;
}

async function closed({ port, connections = 10, streams = 20, seconds = 3, sessions }: LoadPlan): Promise<LoadResult> {
  const lists = requests(sessions);
  const tally = new Tally();
  const all = await Promise.all(Array.from({ length: connections }, () => connect(port)));
  const start = performance.now();
  const end = start + seconds * 1000;
  let nth = 0;
  let open = 0;
  const { promise, resolve } = Promise.withResolvers<void>();
  const next = (http2: Http2Connection) => {
    const now = performance.now();
    if (now >= end) return --open === 0 ? resolve() : undefined;
    call(http2, lists[nth++ % lists.length]!, tally, now, () => next(http2));
  };
  for (const http2 of all) {
    for (let i = 0; i < streams; i++) {
      open++;
      next(http2);
    }
  }
  await promise;
  const took = (performance.now() - start) / 1000;
  for (const http2 of all) http2.close();
  return tally.result(took);
}

/** At a steady rate, whatever the answers do; times begin when a call was due. */
async function open({ port, connections = 10, seconds = 3, rate = 1000, sessions }: LoadPlan): Promise<LoadResult> {
  const lists = requests(sessions);
  const tally = new Tally();
  const all = await Promise.all(Array.from({ length: connections }, () => connect(port)));
  const start = performance.now();
  let sent = 0;
  const total = Math.floor(rate * seconds);
  const { promise, resolve } = Promise.withResolvers<void>();
  let over = 0;
  const timer = setInterval(() => {
    const due = Math.min(total, Math.floor((performance.now() - start) / 1000 * rate));
    for (; sent < due; sent++) {
      const since = start + sent / rate * 1000;
      const opened = call(all[sent % all.length]!, lists[sent % lists.length]!, tally, since, () => {
        if (++over === total) resolve();
      });
      if (opened) continue;
      tally.failed++;
      if (++over === total) resolve();
    }
    if (sent === total) clearInterval(timer);
  }, 1);
  await promise;
  const took = (performance.now() - start) / 1000;
  for (const http2 of all) http2.close();
  return tally.result(took);
}

async function stream({ port, count = 200 }: LoadPlan): Promise<LoadResult> {
  const http2 = await connect(port);
  const start = performance.now();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let bytes = 0;
  const list = new HeaderList().append(":method", "POST").append(":scheme", "http").append(":path", `/stream/${count}`)
    .append(":authority", "x").append("content-type", "application/grpc").append("te", "trailers");
  const stream = http2.open(list, false, {
    headers() {},
    data(chunk) {
      bytes += chunk.length;
      stream.consumed(chunk.length);
    },
    trailers: () => resolve(),
    reset: () => reject(new Error("the stream was lost")),
    drained() {},
  })!;
  stream.sendData(BODY, true);
  await promise;
  const seconds = (performance.now() - start) / 1000;
  http2.close();
  return { calls: count, failed: bytes === count * (2 ** 20 + 5) ? 0 : 1, seconds, p50: 0, p99: 0 };
}

/** Connections with one call each, that are held until a line comes. */
async function idle({ port, connections = 1000, sessions }: LoadPlan): Promise<LoadResult> {
  const lists = requests(sessions);
  const tally = new Tally();
  const all: Http2Connection[] = [];
  for (let i = 0; i < connections; i++) {
    const http2 = await connect(port);
    all.push(http2);
    await new Promise<void>((resolve) => call(http2, lists[i % lists.length]!, tally, 0, resolve));
  }
  console.log(JSON.stringify(tally.result(0)));
  await Deno.stdin.read(new Uint8Array(1));
  for (const http2 of all) http2.close();
  return tally.result(0);
}

/** Clients that come, call, and leave in the middle of it. */
async function churn({ port, count = 2000 }: LoadPlan): Promise<LoadResult> {
  const lists = requests(undefined);
  const tally = new Tally();
  const start = performance.now();
  for (let i = 0; i < count; i += 10) {
    await Promise.all(Array.from({ length: 10 }, async (_, nth) => {
      const http2 = await connect(port);
      await new Promise<void>((resolve) => {
        let left = 20;
        for (let k = 0; k < 20; k++) {
          call(http2, lists[(i + nth + k) % lists.length]!, tally, 0, () => --left === 10 && resolve());
        }
      });
      if (nth % 2 === 0) http2.close();
      else http2.connection.close();
    }));
  }
  return { ...tally.result((performance.now() - start) / 1000), failed: 0 };
}

if (import.meta.main) {
  const [said = "{}"] = Deno.args;
  // A plan with many sessions is too long for an argument.
  const plan = JSON.parse(said.startsWith("@") ? Deno.readTextFileSync(said.slice(1)) : said) as LoadPlan;
  const run = { closed, open, stream, idle, churn };
  if (plan.mode === "backend") serve();
  else {
    console.log(JSON.stringify(await run[plan.mode](plan)));
    Deno.exit(0);
  }
}
