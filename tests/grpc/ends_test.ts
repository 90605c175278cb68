import { assert, assertEquals } from "@std/assert";
import { until } from "../support/until.ts";
import { Backend, cluster, config, dynamic, ERROR_CODE, message, Stage, tellWho } from "./support/stage.ts";

const METHOD = "/pkg.Service/Method";
const ROUTES = [{ prefix: "/pkg" }];
const MAX_ID = 0x7fffffff;

Deno.test("7.1 a drain: two GOAWAYs, calls are served to their end, then nobody is left", async () => {
  await using a = new Backend("a", () => {});
  await using stage = await Stage.start(config(ROUTES, { main: cluster([a]) }, { drainTimeout: 5_000 }));
  await stage.ready(1);
  const [client, idle] = [await stage.client(), await stage.client()];
  const call = client.call(METHOD);
  await until(() => a.requests.length === 1, "the call is there");
  const stopped = stage.gateway.stop();
  await until(() => idle.closed !== undefined, "who has no call is closed");
  await until(() => client.goaways.length === 2, "both GOAWAYs have come");
  assertEquals(client.goaways, [{ lastId: MAX_ID, code: 0 }, { lastId: 1, code: 0 }]);
  assertEquals((await stage.gateway.status()).state, "draining");
  a.requests[0]!.answer("the last one");
  await call.end();
  assertEquals(call.messages, ["the last one"]);
  await stopped;
  assert(client.closed !== undefined);
});

Deno.test("7.1 no connection is accepted while it drains", async () => {
  await using a = new Backend("a", () => {});
  await using stage = await Stage.start(config(ROUTES, { main: cluster([a]) }, { drainTimeout: 5_000 }));
  await stage.ready(1);
  const client = await stage.client();
  const call = client.call(METHOD);
  await until(() => a.requests.length === 1, "the call is there");
  const { address } = stage;
  const stopped = stage.gateway.stop();
  await until(() => client.goaways.length === 2, "it drains");
  await Deno.connect({ ...address }).then((conn) => {
    conn.close();
    throw new Error("it was accepted");
  }, () => {});
  call.stream.reset(ERROR_CODE.CANCEL);
  await stopped;
});

Deno.test("7.1 after drain_timeout the remaining calls are UNAVAILABLE", async () => {
  await using a = new Backend("a", () => {});
  await using stage = await Stage.start(config(ROUTES, { main: cluster([a]) }, { drainTimeout: 30 }));
  await stage.ready(1);
  const client = await stage.client();
  const [half, open] = [client.call(METHOD), client.call(METHOD, { open: true })];
  await until(() => a.requests.length === 2, "the calls are there");
  await stage.gateway.stop();
  await half.end();
  await open.end();
  assertEquals([half.status, half.text], ["14", "gateway is shutting down"]);
  assertEquals(open.status, "14");
  await until(() => a.requests.every(({ code }) => code !== undefined), "the backend knows");
  assertEquals((await stage.gateway.status()).answeredByGateway, 2);
});

Deno.test("7.1 a watch of the health service ends with the drain as well", async () => {
  await using stage = await Stage.start(config([], {}, { drainTimeout: 30 }));
  const client = await stage.client();
  const watch = client.call("/grpc.health.v1.Health/Watch", { body: [""] });
  await until(() => watch.messages.length === 1, "it watches");
  await stage.gateway.stop();
  await watch.end();
  assertEquals([watch.status, watch.text], ["14", "gateway is shutting down"]);
});

Deno.test("7.2 a connection that is too old takes its leave, and its calls end after the grace", async () => {
  await using a = new Backend("a", () => {});
  await using stage = await Stage.start(
    config(ROUTES, { main: cluster([a]) }, { maxConnectionAge: 50, maxConnectionAgeGrace: 50 }),
  );
  await stage.ready(1);
  const client = await stage.client();
  const call = client.call(METHOD);
  await call.end();
  assertEquals([call.status, call.text], ["14", "connection too old"]);
  assertEquals(client.goaways[0], { lastId: MAX_ID, code: 0 });
  await until(() => client.closed !== undefined, "it is closed");
});

Deno.test("7.2 a connection without calls takes its leave; one with a call stays", async () => {
  await using a = new Backend("a", () => {});
  await using stage = await Stage.start(config(ROUTES, { main: cluster([a]) }, { maxConnectionIdle: 40 }));
  await stage.ready(1);
  const [idle, busy] = [await stage.client(), await stage.client()];
  const call = busy.call(METHOD);
  await until(() => idle.closed !== undefined, "the idle one is closed");
  assertEquals(busy.closed, undefined);
  assertEquals(busy.goaways, []);
  a.requests[0]!.answer("now");
  await call.end();
  await until(() => busy.closed !== undefined, "the other one is closed as well");
});

Deno.test("7.3 a client that is silent is asked, and then gone; its calls are cancelled", async () => {
  await using a = new Backend("a", () => {});
  await using stage = await Stage.start(
    config(ROUTES, { main: cluster([a]) }, { keepalive: { interval: 100, timeout: 100 } }),
  );
  await stage.ready(1);
  const conn = await Deno.connect({ ...stage.address });
  // The preface, empty SETTINGS, and a request by static and literal fields: then silence.
  const preface = new TextEncoder().encode("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  const literal = (name: string, value: string) => [0, name.length, ...bytes(name), value.length, ...bytes(value)];
  const bytes = (text: string) => [...new TextEncoder().encode(text)];
  const block = [0x83, 0x86, ...literal(":path", METHOD), ...literal("content-type", "application/grpc")];
  await conn.write(
    Uint8Array.of(...preface, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, block.length, 1, 4, 0, 0, 0, 1, ...block),
  );
  await until(() => a.requests.length === 1, "the call is there");
  await until(() => a.requests[0]!.code === ERROR_CODE.CANCEL, "it is cancelled");
  await new Response(conn.readable).bytes();
});

Deno.test("2 a reload changes routes, clusters and limits, and drops no call", async () => {
  await using a = new Backend("a", () => {});
  await using b = new Backend("b");
  await using stage = await Stage.start(config(ROUTES, { one: cluster([a]) }));
  await stage.ready(1);
  const client = await stage.client();
  const long = client.call(METHOD, { open: true });
  await until(() => a.requests.length === 1, "the call is there");
  const { listen } = config([], {});
  const needs = await stage.gateway.configure(
    config([{ prefix: "/pkg", cluster: "two" }, { prefix: "/new", cluster: "two" }], { two: cluster([b]) }, {
      listen: [...listen, ...listen],
    }),
  );
  assertEquals(needs, ["listen"]);
  await stage.ready(1, "two");
  assertEquals((await client.unary(METHOD)).messages, ["b"]);
  assertEquals((await client.unary("/new/X")).messages, ["b"]);
  long.stream.sendData(message("y"), true);
  await until(() => a.requests[0]!.ended, "the old call goes on");
  a.requests[0]!.answer("in peace");
  await long.end();
  assertEquals(long.messages, ["in peace"]);
  await until(() => a.connections.size === 0, "the old cluster is left");
});

Deno.test("2 a reload keeps connections and keys of a cluster that stays", async () => {
  await using a = new Backend("a");
  await using b = new Backend("b");
  const balancer = { type: "sticky_sessions", header: "session-id" } as const;
  await using stage = await Stage.start(config([{ prefix: "/pkg", balancer }], { main: cluster([a, b]) }));
  await stage.ready(2);
  const client = await stage.client();
  const headers: [string, string][] = [["session-id", "k"]];
  const [first] = (await client.unary(METHOD, { headers })).messages;
  await stage.gateway.configure(
    config([{ prefix: "/pkg.S", balancer }], { main: cluster([b, a], { maxInFlight: 7 }) }),
  );
  for (let i = 0; i < 3; i++) assertEquals((await client.unary(METHOD, { headers })).messages, [first!]);
  assertEquals([a.accepted, b.accepted], [1, 1]);
});

Deno.test("6.19 a client above max_connections is closed at once", async () => {
  await using a = new Backend("a");
  const limits = { ...config([], {}).limits, maxConnections: 1 };
  await using stage = await Stage.start(config(ROUTES, { main: cluster([a]) }, { limits }));
  await stage.ready(1);
  const client = await stage.client();
  const second = await Deno.connect({ ...stage.address });
  assertEquals(await second.read(new Uint8Array(1)).catch(() => null), null);
  second.close();
  assertEquals(stage.told("grpc_client_refused").length, 1);
  assertEquals((await client.unary(METHOD)).messages, ["a"]);
});

Deno.test("8 the gateway is ready when an instance is usable, and says why not", async () => {
  await using a = new Backend("a", tellWho);
  await using stage = await Stage.start(config(ROUTES, { main: cluster([a]), other: dynamic() }), {
    discoverers: { other: { getInstances: () => Promise.resolve([]), unregisterInstance: () => Promise.resolve() } },
  });
  await stage.ready(1);
  const { state, reason } = await stage.gateway.status();
  assertEquals([state, reason], ["ready", "no instance of other is usable"]);
  a.die();
  await until(async () => (await stage.gateway.status()).state === "degraded", "it is not ready");
  structuredClone(await stage.gateway.status());
});
