/** Posting spans to a collector that takes them, does not, is slow, or is not there. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { SpanExporter } from "../../../src/ops/otlp/span_exporter.ts";
import { otlpSettings } from "../../../src/ops/otlp/settings.ts";
import type { Span } from "../../../src/ops/otlp/span.ts";
import { Authority } from "../../interop/certificates.ts";
import { interopTest, program } from "../../interop/programs.ts";
import { Collector } from "./collector.ts";

const OPENSSL = [program("openssl", "openssl")];
const SENDER = { attributes: { "service.name": "gw" }, program: { name: "diam-gw", version: "1.2.3" } };
const NEVER = new AbortController().signal;

const SPANS: readonly Span[] = [
  {
    name: "Credit-Control",
    kind: "server",
    traceId: "0102030405060708090a0b0c0d0e0f10",
    spanId: "1112131415161718",
    start: 1_767_323_045_000.25,
    end: 1_767_323_045_002.5,
    attributes: { text: "käse", whole: 16_777_252, part: 2.5, none: undefined },
  },
  {
    name: "to",
    kind: "client",
    traceId: "0102030405060708090a0b0c0d0e0f10",
    spanId: "2122232425262728",
    parentSpanId: "1112131415161718",
    start: 1_767_323_045_001,
    end: 1_767_323_045_002,
    attributes: {},
    error: "timeout",
  },
];

function opened(endpoint: string, env: Readonly<Record<string, string>> = {}): Promise<SpanExporter> {
  const { settings, errors } = otlpSettings((name) => ({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, ...env })[name]);
  assertEquals(errors, []);
  return SpanExporter.open(settings!, SENDER);
}

for (const [protocol, type] of [["http/protobuf", "application/x-protobuf"], ["http/json", "application/json"]]) {
  for (const compression of ["none", "gzip"]) {
    Deno.test(`a collector reads spans in ${protocol}, compression ${compression}`, async () => {
      await using collector = new Collector();
      const exporter = await opened(collector.endpoint, {
        OTEL_EXPORTER_OTLP_PROTOCOL: protocol!,
        OTEL_EXPORTER_OTLP_COMPRESSION: compression,
        OTEL_EXPORTER_OTLP_HEADERS: "authorization=Bearer%20t",
      });
      assertEquals(await exporter.send(SPANS, NEVER), { kind: "taken", rejected: "" });
      const [{ path, headers }] = collector.posts as [Collector["posts"][number]];
      assertEquals([path, headers.get("content-type")], ["/v1/traces", type]);
      assertEquals([headers.get("authorization"), headers.get("user-agent")], ["Bearer t", "diam-gw/1.2.3"]);
      assertEquals(collector.batches, [{
        resource: { "service.name": "gw" },
        scope: "diam-gw",
        spans: [{
          name: "Credit-Control",
          kind: 2,
          traceId: "0102030405060708090a0b0c0d0e0f10",
          spanId: "1112131415161718",
          parentSpanId: "",
          start: 1_767_323_045_000_250_000n,
          end: 1_767_323_045_002_500_000n,
          attributes: { text: "käse", whole: 16_777_252, part: 2.5 },
          status: 0,
          message: "",
        }, {
          name: "to",
          kind: 3,
          traceId: "0102030405060708090a0b0c0d0e0f10",
          spanId: "2122232425262728",
          parentSpanId: "1112131415161718",
          start: 1_767_323_045_001_000_000n,
          end: 1_767_323_045_002_000_000n,
          attributes: {},
          status: 2,
          message: "timeout",
        }],
      }]);
      exporter.close();
    });
  }
}

Deno.test("a post is tried again after what the specification calls transient, and no other answer", async () => {
  await using collector = new Collector();
  const exporter = await opened(collector.endpoint);
  for (const status of [429, 502, 503, 504, 400, 401, 404, 413, 500, 301]) {
    collector.answer = () =>
      new Response("a\n\x07 reason", { status, headers: { "retry-after": "7", location: "/x" } });
    const outcome = await exporter.send(SPANS, NEVER);
    assertEquals(outcome.kind, [429, 502, 503, 504].includes(status) ? "later" : "refused", String(status));
    assertEquals("reason" in outcome && outcome.reason, `it answers ${status}: a reason`);
    if (outcome.kind === "later") assertEquals(outcome.after, 7_000);
  }
  assertEquals(collector.posts.filter(({ path }) => path !== "/v1/traces"), []);
  exporter.close();
});

Deno.test("spans that a collector took only in part are told of", async () => {
  await using collector = new Collector();
  const exporter = await opened(collector.endpoint, { OTEL_EXPORTER_OTLP_PROTOCOL: "http/json" });
  const partialSuccess = { rejectedSpans: "2", errorMessage: "too old" };
  collector.answer = () => new Response(JSON.stringify({ partialSuccess }));
  assertEquals(await exporter.send(SPANS, NEVER), { kind: "taken", rejected: "2 spans were rejected: too old" });
  collector.answer = () => new Response("thanks");
  assertEquals(await exporter.send(SPANS, NEVER), { kind: "taken", rejected: "" });
  exporter.close();
});

Deno.test("a collector that is away is a clause for a person, and one that does not answer ends in time", async () => {
  const gone = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  gone.close();
  const away = await opened(`http://127.0.0.1:${gone.addr.port}`);
  const outcome = await away.send(SPANS, NEVER);
  assert(outcome.kind === "later");
  assertEquals(outcome.reason, "connection refused");
  away.close();

  using silent = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const slow = await opened(`http://127.0.0.1:${silent.addr.port}`, { OTEL_EXPORTER_OTLP_TIMEOUT: "30" });
  assertEquals(await slow.send(SPANS, NEVER), { kind: "later", reason: "no answer within 30 ms", after: 0 });
  const ending = new AbortController();
  const patient = await opened(`http://127.0.0.1:${silent.addr.port}`);
  const sent = patient.send(SPANS, ending.signal);
  ending.abort(new Error("the end"));
  assertEquals(await sent, { kind: "later", reason: "the end", after: 0 });
  slow.close();
  patient.close();
});

Deno.test("an answer without an end is not read to it", async () => {
  await using collector = new Collector();
  const exporter = await opened(collector.endpoint);
  const chunk = new TextEncoder().encode("x".repeat(4096));
  let chunks = 0;
  const pull = (controller: ReadableStreamDefaultController) => {
    chunks++;
    controller.enqueue(chunk);
  };
  collector.answer = () => new Response(new ReadableStream({ pull }), { status: 400 });
  const outcome = await exporter.send(SPANS, NEVER);
  assertEquals(outcome.kind, "refused");
  assert("reason" in outcome && outcome.reason.length < 300);
  exporter.close();
});

Deno.test("a file of certificates that is none is named", async () => {
  const error = await opened("https://127.0.0.1:1", { OTEL_EXPORTER_OTLP_CERTIFICATE: "deno.json" })
    .then((exporter) => exporter.close(), String);
  assertStringIncludes(String(error), "deno.json");
});

interopTest("a collector with TLS is trusted by the file that says so, and by no other", OPENSSL, async () => {
  const directory = await Deno.makeTempDir({ prefix: "otlp-tls-" });
  try {
    const { cert, key, ca } = await (await Authority.create(directory)).sign("localhost");
    const pem = async (file: string) => await Deno.readTextFile(file);
    await using collector = new Collector(0, { cert: await pem(cert), key: await pem(key) });
    const trusting = await opened(collector.endpoint, { OTEL_EXPORTER_OTLP_CERTIFICATE: ca });
    assertEquals(await trusting.send(SPANS, NEVER), { kind: "taken", rejected: "" });
    trusting.close();
    const wary = await opened(collector.endpoint);
    const outcome = await wary.send(SPANS, NEVER);
    assertStringIncludes("reason" in outcome ? outcome.reason : "", "UnknownIssuer");
    wary.close();
    const own = { cert: await pem(ca), key: await pem(ca.replace(".pem", ".key")) };
    await using selfSigned = new Collector(0, own);
    const told = await opened(selfSigned.endpoint, { OTEL_EXPORTER_OTLP_CERTIFICATE: ca });
    const refused = await told.send(SPANS, NEVER);
    assertStringIncludes("reason" in refused ? refused.reason : "", "expected one that an authority signed");
    told.close();
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
