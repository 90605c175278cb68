/** Spans of what a running host relays, and that nothing of it waits for whoever takes them. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { AVP } from "../../src/diameter/wire/avp_codes.ts";
import { otlpSettings } from "../../src/ops/otlp/settings.ts";
import { Collector } from "../ops/otlp/collector.ts";
import { answer, request } from "../support/raw_message.ts";
import { RawListener, RawPeer } from "../support/raw_peer.ts";
import { until } from "../support/until.ts";
import { RunningHost } from "./running_host.ts";

const IMSI = "001010123456789";

type Env = Readonly<Record<string, string>>;
type Tree = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** A host between a Logic App and two DRAs, whose spans go somewhere. */
class Scene implements AsyncDisposable {
  private constructor(
    readonly host: RunningHost,
    readonly listeners: readonly RawListener[],
    readonly app: RawPeer,
    readonly dras: readonly RawPeer[],
  ) {}

  static async start(env: Env, tree: Tree = {}): Promise<Scene> {
    const { settings, errors } = otlpSettings((name) => env[name]);
    assertEquals(errors, []);
    const listeners = [1, 2].map((nth) => new RawListener({ host: `dra-${nth}.example.net`, realm: "example.net" }));
    const host = await RunningHost.start({ ...tree, dra_pool: poolOf(listeners) }, { telemetry: settings });
    const dras = await Promise.all(listeners.map((listener) => listener.open()));
    await until(() => host.logged("dra_up").length === 2, "the DRAs are up");
    const app = await RawPeer.connect(host.address.port, { host: "app.example.net", realm: "example.net" });
    await app.exchangeCapabilities();
    return new Scene(host, listeners, app, dras);
  }

  /** One request and its answer. */
  async exchange(resultCode = 2001): Promise<void> {
    const more = (builder: { text(code: number, text: string): unknown }) => void builder.text(AVP.userName, IMSI);
    await this.app.send(request({ session: `s;${IMSI}`, more }));
    await this.dras[0]!.send(answer(await this.dras[0]!.nextRequest(), { resultCode }));
    await this.app.nextAnswer();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.app.close();
    for (const listener of this.listeners) await listener.close();
    await this.host[Symbol.asyncDispose]();
  }
}

function poolOf(listeners: readonly RawListener[]) {
  const dras = listeners.map(({ port }, i) => ({ name: `dra-${i + 1}`, host: "127.0.0.1", port, priority: i + 1 }));
  return { dpr_timeout: "100ms", dras };
}

/** A port on which nobody listens. */
function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

for (const protocol of ["http/protobuf", "http/json"]) {
  Deno.test(`a relayed transaction is a span at the collector, with its attempt below it (${protocol})`, async () => {
    await using collector = new Collector();
    await using scene = await Scene.start({
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint,
      OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
      OTEL_SERVICE_NAME: "edge-gateway",
    });
    const before = BigInt(Date.now() - 1) * 1_000_000n;
    await scene.exchange();
    await until(() => collector.spans.length === 2, "the spans are there");
    const after = BigInt(Date.now() + 1) * 1_000_000n;
    const [{ resource }] = collector.batches as [Collector["batches"][number]];
    assertEquals([resource["service.name"], resource["service.instance.id"]], ["edge-gateway", "gw.example.net"]);
    const [whole, attempt] = collector.spans as [Collector["spans"][number], Collector["spans"][number]];
    assertEquals([whole.name, whole.kind, whole.parentSpanId, whole.status], ["3GPP-ME-Identity-Check", 2, "", 0]);
    assertEquals([attempt.traceId, attempt.parentSpanId, attempt.kind], [whole.traceId, whole.spanId, 3]);
    assertEquals(attempt.attributes["diamgw.dra"], "dra-1");
    const { attributes } = whole;
    assertEquals(
      ["diamgw.app", "diamgw.dra", "diameter.result_code", "diameter.destination_realm"].map((name) =>
        attributes[name]
      ),
      ["app.example.net", "dra-1", 2001, "hss.example.net"],
    );
    const times = [before, whole.start, attempt.start, attempt.end, after];
    assertEquals(times, times.toSorted((a, b) => a < b ? -1 : 1));
    assertEquals(whole.end, attempt.end);
    const [listed] = (await scene.host.ask("/api/v1/transactions")).json() as unknown as Record<string, unknown>[];
    assertEquals(attributes["diamgw.transaction"], listed?.["id"]);
    const duration = Number(whole.end - whole.start) / 1e6;
    assert(Math.abs(duration - Number(listed?.["duration_ms"])) < 0.002, `${duration} ms, ${listed?.["duration_ms"]}`);
  });
}

Deno.test("no span tells who a subscriber is, unless admin.mask lets it, which may change", async () => {
  await using collector = new Collector();
  await using scene = await Scene.start({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint }, {
    admin: { mask: "none" },
  });
  await scene.exchange();
  await until(() => collector.spans.length === 2, "the spans are there");
  assertEquals(collector.spans[0]?.attributes["diameter.session_id"], `s;${IMSI}`);
  const masked = { dra_pool: poolOf(scene.listeners), admin: { mask: "subscriber" } };
  assertEquals((await scene.host.reload(masked)).status, 200);
  collector.batches.length = 0;
  await scene.exchange();
  await until(() => collector.spans.length === 2, "the next ones are there");
  const shown = JSON.stringify(collector.batches, (_, value) => typeof value === "bigint" ? String(value) : value);
  assert(!shown.includes(IMSI), shown);
});

Deno.test("a request that nobody can take is a span with the reason", async () => {
  await using collector = new Collector();
  await using scene = await Scene.start({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint });
  await scene.app.send(request({ destinationRealm: null }));
  await scene.app.nextAnswer();
  await until(() => collector.spans.length === 1, "the span is there");
  const [{ attributes, status, message }] = collector.spans as [Collector["spans"][number]];
  assertEquals([attributes["diamgw.reason"], attributes["diamgw.attempts"], status], ["no_destination", 0, 2]);
  assertStringIncludes(message, "no_destination");
});

Deno.test("while the collector is away requests are answered, one line says so, and what is kept is sent later", async () => {
  const port = freePort();
  await using scene = await Scene.start({ OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}` });
  for (let i = 0; i < 5; i++) await scene.exchange();
  await until(() => scene.host.logged("spans_not_taken").length === 1, "it is told");
  assertStringIncludes(String(scene.host.logged("spans_not_taken")[0]?.["message"]), "connection refused");
  for (let i = 0; i < 5; i++) await scene.exchange();
  await using collector = new Collector(port);
  await until(() => collector.spans.length === 20, "all of it is there");
  assertEquals(new Set(collector.spans.map(({ traceId }) => traceId)).size, 10);
  assertEquals(scene.host.logged("spans_not_taken").length, 1);
  assertEquals(scene.host.logged("spans_resumed").length, 1);
});

for (const status of [401, 503]) {
  Deno.test(`a collector that answers ${status} costs one line, and no request`, async () => {
    await using collector = new Collector();
    collector.answer = () => new Response("go away", { status });
    await using scene = await Scene.start({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint });
    await scene.exchange();
    await until(() => scene.host.logged("spans_not_taken").length === 1, "it is told");
    for (let i = 0; i < 5; i++) await scene.exchange();
    await until(() => collector.posts.length >= 2, "it is asked again");
    const lines = scene.host.logged("spans_not_taken");
    assertEquals(lines.length, 1);
    assertStringIncludes(String(lines[0]?.["message"]), `${status}: go away`);
  });
}

Deno.test("a collector that does not answer keeps neither requests nor the end waiting", async () => {
  using silent = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const scene = await Scene.start({ OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${silent.addr.port}` });
  await scene.exchange();
  using asked = await silent.accept();
  for (let i = 0; i < 5; i++) await scene.exchange();
  const began = performance.now();
  await scene[Symbol.asyncDispose]();
  assert(performance.now() - began < 5_000);
  assert(asked.remoteAddr.hostname === "127.0.0.1");
});

Deno.test("what is answered just before the end is sent at the end", async () => {
  await using collector = new Collector();
  const scene = await Scene.start({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint });
  await scene.exchange();
  await scene[Symbol.asyncDispose]();
  assertEquals(collector.spans.length, 2);
});

Deno.test("spans need no admin interface, and without recorded transactions there are none, which is said", async () => {
  await using collector = new Collector();
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint };
  await using scene = await Scene.start(env, { admin: { listen: "" } });
  await scene.exchange();
  await until(() => collector.spans.length === 2, "the spans are there");
  await using none = await Scene.start(env, { admin: { trace: { max_bytes: 0 } } });
  assertStringIncludes(String(none.host.logged("spans_off")[0]?.["message"]), "admin.trace");
});
