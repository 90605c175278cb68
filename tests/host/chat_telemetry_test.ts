/** Spans of what devices do at a running host, at the collector that the environment names. */
import { assertEquals } from "@std/assert";
import { DevServices } from "../../src/commands/serve/chat_dev.ts";
import { otlpSettings } from "../../src/ops/otlp/settings.ts";
import { Device } from "../chat/support/running.ts";
import { Collector } from "../ops/otlp/collector.ts";
import { until } from "../support/until.ts";
import { RunningHost } from "./running_host.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT = "00f067aa0ba902b7";
const GET_HISTORY = "chat.v1.ChatService/GetHistory";

/** A chat gateway alone, whose spans go to `collector`. */
async function start(dev: DevServices, collector: Collector, env: Readonly<Record<string, string>> = {}) {
  const all: Readonly<Record<string, string>> = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint, ...env };
  const { settings, errors } = otlpSettings((name) => all[name]);
  assertEquals(errors, []);
  const host = await RunningHost.start({
    chat: {
      gateway_id: "gateway-1",
      http: { listen: ["127.0.0.1:0"] },
      grpc: { listen: [] },
      auth: { issuer: dev.issuer },
      core: { uri: dev.core },
      drain_timeout: "200ms",
    },
  }, { telemetry: settings });
  const address = String(host.logged("chat_listening")[0]?.["address"]);
  const token = await dev.issuerServer.mint({ sub: "alice" });
  const call = async (traceparent?: string) => {
    const response = await fetch(`http://${address}/${GET_HISTORY}`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        authorization: `Bearer ${token}`,
        ...(traceparent === undefined ? {} : { traceparent }),
      },
      body: JSON.stringify({ roomId: "nowhere" }),
    });
    await response.body?.cancel();
  };
  return { host, address, token, call };
}

Deno.test("T2: a device's call is a span of its trace at the collector, and the call to the core below it", async () => {
  await using dev = await DevServices.start();
  await using collector = new Collector();
  const { host, call } = await start(dev, collector);
  await using _ = host;
  await call(`00-${TRACE}-${PARENT}-01`);
  await until(() => collector.spans.length === 2, "the spans are there");
  const [{ resource }] = collector.batches as [Collector["batches"][number]];
  assertEquals([resource["service.name"], resource["service.instance.id"]], ["diam-gw", "gateway-1"]);
  const server = collector.spans.find(({ kind }) => kind === 2)!;
  const client = collector.spans.find(({ kind }) => kind === 3)!;
  assertEquals([server.name, server.traceId, server.parentSpanId], [GET_HISTORY, TRACE, PARENT]);
  assertEquals([client.name, client.traceId, client.parentSpanId], [GET_HISTORY, TRACE, server.spanId]);
  assertEquals(server.attributes["chat.profile_id"], "alice");
});

Deno.test("T2: connections that end with the gateway are spans at the collector, too", async () => {
  await using dev = await DevServices.start();
  await using collector = new Collector();
  const { host, address, token } = await start(dev, collector);
  const device = new Device(`ws://${address}/ws`, ["chat.v1.json"]);
  await device.opened;
  device.say({ hello: { token, deviceId: "phone" } });
  await until(() => device.find("welcome") !== undefined, "the device is welcome");
  await host[Symbol.asyncDispose]();
  await device.end();
  const [span] = collector.spans as [Collector["spans"][number]];
  assertEquals([span.name, span.attributes["chat.close_code"], span.status], ["chat.v1.ChatService/Connect", 1012, 0]);
});

Deno.test("T2: the sampler's share is of traces that begin here: one that a device records is sent whole", async () => {
  await using dev = await DevServices.start();
  await using collector = new Collector();
  const { host, call } = await start(dev, collector, {
    OTEL_TRACES_SAMPLER: "parentbased_traceidratio",
    OTEL_TRACES_SAMPLER_ARG: "0.000000001",
  });
  await using _ = host;
  await call();
  await call(`00-${TRACE}-${PARENT}-00`);
  await call(`00-${TRACE}-${PARENT}-01`);
  await until(() => collector.spans.length > 0, "the spans are there");
  assertEquals(collector.spans.map(({ traceId }) => traceId), [TRACE, TRACE]);
});
