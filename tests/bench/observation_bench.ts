/**
 * What counting and recording cost per request, and how long a scrape, a look at the ring and an
 * export hold up the event loop.
 *
 *     deno run --allow-all tests/bench/observation_bench.ts
 */
import { maskSubscriber } from "../../src/diameter/wire/masking.ts";
import { CounterFamily, CountersByNumber, HistogramFamily, Registry, scrape } from "../../src/ops/metrics/mod.ts";
import { Block } from "../../src/net/block.ts";
import { captureOf, type Piece, type TracedConnection, TraceRing, transactionsOf } from "../../src/ops/trace/mod.ts";

/** Calls in one measurement, and measurements of which the best is shown. */
const CALLS = 2_000_000;
const ROUNDS = 5;

function show(what: string, value: string): void {
  console.log(`${what.padEnd(66)} ${value.padStart(14)}`);
}

/** Nanoseconds of one call. */
function cost(what: string, call: (nth: number) => void, calls = CALLS): void {
  let best = Infinity;
  for (let round = 0; round < ROUNDS; round++) {
    const began = performance.now();
    for (let nth = 0; nth < calls; nth++) call(nth);
    best = Math.min(best, (performance.now() - began) * 1e6 / calls);
  }
  show(what, `${best.toFixed(1)} ns`);
}

/** The longest time that the event loop did not go on while `work` ran, and how long that took. */
async function stall(what: string, work: () => Promise<number>): Promise<void> {
  let longest = 0;
  let last = performance.now();
  let running = true;
  const watch = (): void => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
    if (running) setTimeout(watch, 0);
  };
  await work();
  setTimeout(watch, 0);
  const began = performance.now();
  last = began;
  longest = 0;
  const size = await work();
  const took = performance.now() - began;
  running = false;
  await new Promise((resolve) => setTimeout(resolve, 10));
  show(`${what}: ${(size / 1e6).toFixed(1)} MB in ${took.toFixed(0)} ms, longest stall`, `${longest.toFixed(1)} ms`);
}

async function lengthOf(chunks: AsyncIterable<Uint8Array>): Promise<number> {
  let length = 0;
  for await (const chunk of chunks) length += chunk.length;
  return length;
}

const answers = new CounterFamily("diamgw_answers_total", "Answers.", ["dra", "result_code"]);
const counter = answers.of({ dra: "dra-1", result_code: "2001" });
cost("a counter", () => counter.value++);
const codes = new CountersByNumber((code) => code < 6000, (code) => answers.of({ dra: "dra-1", result_code: code }));
cost("a counter by result code, four codes in turn", (nth) => codes.of(2001 + (nth & 3)).value++);
const durations = new HistogramFamily("diamgw_request_duration_seconds", "How long.", ["dra"]);
const histogram = durations.of({ dra: "dra-1" });
cost("a histogram", (nth) => histogram.observe((nth * 7919) & 0xffff));

const message = (length: number): Piece => ({ block: new Block(length), at: 0, end: length });
const [ecr, eca, large] = [message(224), message(168), message(4096)];
const end = { address: new Uint8Array([127, 0, 0, 1]), port: 3868 };

/** One request that is relayed and answered, as the relay would tell it. */
function transaction(ring: TraceRing, request: Piece, answer: Piece): (nth: number) => void {
  const open = (name: string, side: "app" | "dra"): TracedConnection =>
    ring.opened({ name, side, dialled: side === "dra", local: end, remote: { ...end, port: 40_000 } });
  const [app, dra] = [open("app1.example.com", "app"), open("dra-1", "dra")];
  const [answered, pool] = [ring.word("answered"), ring.word("default")];
  const traced = {
    ...request,
    connection: app,
    now: 0,
    application: 16777252,
    command: 324,
    hopByHop: 0,
    endToEnd: 0,
    sessionStart: 28,
    sessionEnd: 60,
  };
  return (nth) => {
    // 100 microseconds apart: 10,000 a second.
    const now = nth * 100 | 0;
    traced.now = now;
    traced.hopByHop = traced.endToEnd = nth;
    const handle = ring.begun(traced);
    if (handle === 0) return;
    ring.routed(handle, 0, pool);
    ring.attempt(handle, dra, nth, now);
    ring.sent(handle, dra, now, request);
    ring.received(handle, dra, now + 50, answer);
    ring.outcome(handle, answered);
    ring.sent(handle, app, now + 50, answer);
    ring.ended(handle, now + 50, 2001, 0);
  };
}

const options = { maxBytes: 1 << 24, sample: "auto", bodies: true } as const;
const full = new TraceRing(options);
cost("a recorded transaction, four messages of 224 and 168 bytes", transaction(full, ecr, eca), CALLS / 4);
cost(
  "a recorded transaction, four messages of 4096 bytes",
  transaction(new TraceRing(options), large, large),
  CALLS / 20,
);
const bare = new TraceRing({ ...options, bodies: false });
cost("a recorded transaction without bodies", transaction(bare, ecr, eca), CALLS / 4);
const thin = new TraceRing({ ...options, sample: 1e-9 });
cost("a transaction that is not recorded", transaction(thin, ecr, eca));

const registry = new Registry();
const many = registry.add(new CounterFamily("diamgw_many_total", "Many.", ["nth"], 50_000));
for (let nth = 0; nth < 50_000; nth++) many.of({ nth: String(nth) }).value = nth;
const histograms = registry.add(new HistogramFamily("diamgw_many_seconds", "Many.", ["nth"]));
for (let nth = 0; nth < 2_500; nth++) histograms.of({ nth: String(nth) }).observe(nth);
await stall("a scrape of 100,000 lines", () => lengthOf(scrape(registry)));
await stall("the export of a full ring", () => lengthOf(captureOf(full, { port: 3868, mask: maskSubscriber })));
await stall("1,000 transactions of a full ring without bodies, by code", async () => {
  const { transactions } = await transactionsOf(bare, { code: 2001 }, { limit: 1_000 });
  return JSON.stringify(transactions).length;
});
await stall("the search for a session that is not there", async () => {
  return (await transactionsOf(bare, { session: "nobody" })).transactions.length;
});
