/** Spans on their way, whatever the receiver does. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { type LogFields, type Logger, silentLogger } from "../../../src/ops/log/mod.ts";
import type { Span } from "../../../src/ops/otlp/span.ts";
import type { Outcome } from "../../../src/ops/otlp/span_exporter.ts";
import { type PumpTimes, type SpanDrain, SpanPump, type SpanSource } from "../../../src/ops/otlp/span_pump.ts";
import { until } from "../../support/until.ts";

const TAKEN: Outcome = { kind: "taken", rejected: "" };
const AWAY: Outcome = { kind: "later", reason: "connection refused", after: 0 };

function span(name: string): Span {
  return { name, kind: "server", traceId: "1", spanId: "1", start: 0, end: 1, attributes: {} };
}

/** A pump between a source and a receiver that the test holds in its hands. */
class Stage implements AsyncDisposable, SpanSource, SpanDrain {
  readonly url = "http://collector/v1/traces";
  readonly lines: { level: string; event: string; message: string; fields: LogFields | undefined }[] = [];
  /** Batches that are there. */
  readonly waiting: Span[][] = [];
  readonly sent: string[][] = [];
  looks = 0;
  most = 0;
  missed = 0;
  readonly words = { missed: "calls", cause: "the ring is small" };
  outcome: (signal: AbortSignal) => Outcome | Promise<Outcome> = () => TAKEN;
  readonly pump: SpanPump;

  constructor(times: Partial<PumpTimes> = {}) {
    const line = (level: string) => (event: string, message: string, fields?: LogFields) =>
      void this.lines.push({ level, event, message, fields });
    const log: Logger = { ...silentLogger, info: line("info"), warning: line("warning"), error: line("error") };
    this.pump = new SpanPump(this, this, log, { period: 1, pause: 1, longestPause: 4, ...times });
  }

  look(most: number): void {
    this.looks++;
    this.most = Math.max(this.most, most);
  }

  take(): Span[] {
    return this.waiting.shift() ?? [];
  }

  async send(spans: readonly Span[], signal: AbortSignal): Promise<Outcome> {
    const outcome = await this.outcome(signal);
    this.sent.push(spans.map(({ name }) => name));
    return outcome;
  }

  events(): string[] {
    return this.lines.map(({ event }) => event);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.pump.close();
  }
}

Deno.test("spans are sent in batches, one after the other, and nothing is said of it", async () => {
  await using stage = new Stage();
  let atOnce = 0;
  stage.outcome = async () => {
    assertEquals(++atOnce, 1);
    await Promise.resolve();
    atOnce--;
    return TAKEN;
  };
  stage.waiting.push([span("a"), span("b")], [span("c")]);
  await until(() => stage.sent.length === 2, "all is sent");
  stage.waiting.push([span("d")]);
  await until(() => stage.sent.length === 3, "what came later, too");
  assertEquals([stage.sent, stage.lines], [[["a", "b"], ["c"], ["d"]], []]);
  assert(stage.most <= 1_000);
});

Deno.test("while a collector is away, one line says so, nothing is lost that waits, and one says that it is back", async () => {
  await using stage = new Stage();
  stage.outcome = () => AWAY;
  stage.waiting.push([span("a")], [span("b")]);
  await until(() => stage.sent.length === 5, "it is tried again");
  assertEquals(new Set(stage.sent.flat()), new Set(["a"]), "nothing else is taken out of the source meanwhile");
  assertEquals(stage.events(), ["spans_not_taken"]);
  const [{ level, message }] = stage.lines as [Stage["lines"][number]];
  assertEquals(level, "warning");
  for (const part of [stage.url, "connection refused", "again"]) assertStringIncludes(message, part);
  stage.missed = 40;
  stage.outcome = () => TAKEN;
  await until(() => stage.sent.at(-1)?.[0] === "b", "both are there");
  await until(() => stage.lines.length === 2, "it is said");
  assertEquals([stage.lines[1]?.event, stage.lines[1]?.fields?.["missed"]], ["spans_resumed", 40]);
  stage.outcome = () => AWAY;
  stage.waiting.push([span("c")]);
  await until(() => stage.lines.length === 3, "the next time is told again");
});

Deno.test("what a collector refuses is not sent again, and does not keep the rest", async () => {
  await using stage = new Stage();
  stage.outcome = () => stage.sent.length === 0 ? { kind: "refused", reason: "it answers 400" } : TAKEN;
  stage.waiting.push([span("bad")], [span("good")]);
  await until(() => stage.sent.length === 2, "the next one is sent");
  assertEquals(stage.sent, [["bad"], ["good"]]);
  assertEquals(stage.events(), ["spans_not_taken", "spans_resumed"]);
});

Deno.test("a collector decides when it is asked again, within reason", async () => {
  await using stage = new Stage({ longestPause: 30 });
  const at: number[] = [];
  stage.outcome = () => {
    at.push(performance.now());
    return at.length === 1 ? { kind: "later", reason: "busy", after: Infinity } : TAKEN;
  };
  stage.waiting.push([span("a")]);
  await until(() => at.length === 2, "it is tried again");
  assert(at[1]! - at[0]! >= 25, `after ${at[1]! - at[0]!} ms`);
});

Deno.test("what was missed is told now and then, not each time", async () => {
  await using stage = new Stage();
  stage.missed = 3;
  await until(() => stage.lines.length === 1, "it is told");
  stage.missed = 5;
  const { looks } = stage;
  await until(() => stage.looks > looks + 3, "there was time for more");
  assertEquals(stage.events(), ["spans_missed"]);
  assertStringIncludes(stage.lines[0]!.message, "3 calls were forgotten before their spans could be sent (the ring");
});

Deno.test("at the end what is left is sent, also what came at the last moment", async () => {
  const stage = new Stage({ period: 60_000 });
  stage.waiting.push([span("a")]);
  await stage.pump.close();
  assertEquals(stage.sent, [["a"]]);
  const late = new Stage();
  late.outcome = () => {
    // It ends while the last round is under way, and one more transaction ends with it.
    if (late.sent.length === 0) {
      void late.pump.close();
      late.look = () => void (late.sent.length === 1 && late.waiting.push([span("b")]));
    }
    return TAKEN;
  };
  late.waiting.push([span("a")]);
  await until(() => late.sent.length > 0, "the first is sent");
  await late.pump.close();
  assertEquals(late.sent, [["a"], ["b"]]);
});

Deno.test("nobody's end waits for a collector that does not answer, or is away", async () => {
  for (const period of [1, 60_000]) {
    const silent = new Stage({ period, end: 20 });
    silent.outcome = (signal) =>
      new Promise((resolve) =>
        signal.addEventListener("abort", () => resolve({ kind: "later", reason: "aborted", after: 0 }))
      );
    silent.waiting.push([span("a")], [span("b")]);
    await silent.pump.close();
    assertEquals(silent.sent.length, 1);
  }
  const away = new Stage({ longestPause: 60_000, pause: 60_000 });
  away.outcome = () => AWAY;
  away.waiting.push([span("a")], [span("b")]);
  await until(() => away.lines.length === 1, "it is known to be away");
  await away.pump.close();
  assertEquals(away.sent.length, 1);
});

Deno.test("a defect in making spans costs a line and spans, and no more", async () => {
  await using stage = new Stage();
  const { take } = stage;
  stage.take = () => {
    stage.take = take;
    throw new TypeError("oops");
  };
  await until(() => stage.lines.length === 1, "it is told");
  assertEquals(stage.events(), ["spans_failed"]);
  stage.waiting.push([span("a")]);
  await until(() => stage.sent.length === 1, "it goes on");
});
