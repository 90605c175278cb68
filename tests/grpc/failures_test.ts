import { assert, assertEquals } from "@std/assert";
import type { Discoverer, Instance } from "../../src/grpc/parts.ts";
import { until } from "../support/until.ts";
import {
  Backend,
  type Client,
  cluster,
  config,
  dynamic,
  ERROR_CODE,
  type Handler,
  listOf,
  message,
  OK_HEADERS,
  Stage,
  tellWho,
} from "./support/stage.ts";

const METHOD = "/pkg.Service/Method";
const ROUTES = [{ prefix: "/pkg" }];
const STICKY = { type: "sticky_sessions", header: "session-id" } as const;
const UNAVAILABLE = ["14", "backend service unavailable"];

/** Answers with its id and what it got. */
const report: Handler = (request) => {
  if (request.ended && !request.stream.localEnded) request.answer(`${request.backend.id}:${request.messages.join()}`);
};

/** Lists what it is told to. */
class Listing implements Discoverer {
  instances: Instance[] = [];
  asked = 0;
  readonly unregistered: string[] = [];
  fails = false;

  constructor(...backends: Backend[]) {
    this.instances = backends.map(({ id, address }) => ({ id, ...address }));
  }

  getInstances(): Promise<Instance[]> {
    this.asked++;
    return this.fails ? Promise.reject(new Error("the discoverer is away")) : Promise.resolve([...this.instances]);
  }

  unregisterInstance(id: string): Promise<void> {
    this.unregistered.push(id);
    return this.fails ? Promise.reject(new Error("the discoverer is away")) : Promise.resolve();
  }
}

async function statesOf(stage: Stage): Promise<string[]> {
  const { clusters: [first] } = await stage.gateway.status();
  return first!.instances.map(({ state }) => state);
}

async function who(client: Client, session: string): Promise<string> {
  return (await client.unary(METHOD, { headers: [["session-id", session]] })).messages[0]!;
}

Deno.test("5.1 a static instance is connected at start, and again after a loss", async () => {
  await using a = new Backend("a");
  await using stage = await Stage.start(config(ROUTES, { main: cluster([a]) }));
  await stage.ready(1);
  assertEquals(a.accepted, 1);
  a.cut();
  await until(() => a.accepted === 2, "it is connected again");
  await stage.ready(1);
  assertEquals((await (await stage.client()).unary(METHOD)).messages, ["a"]);
});

Deno.test("5.1 instances come and go with the list; calls of one that goes run on", async () => {
  await using a = new Backend("a", () => {});
  await using b = new Backend("b");
  const discoverer = new Listing(a);
  await using stage = await Stage.start(
    config([{ prefix: "/pkg", balancer: STICKY }], { main: dynamic({ discovererInterval: 3_600_000 }) }),
    { discoverers: { main: discoverer } },
  );
  await stage.ready(1);
  const client = await stage.client();
  const long = client.call(METHOD, { headers: [["session-id", "k"]] });
  await until(() => a.requests.length === 1, "the call is there");
  discoverer.instances = new Listing(b).instances;
  assertEquals(await stage.gateway.refresh("main"), 1);
  assertEquals(await stage.gateway.session("main", "k"), undefined);
  await until(async () => (await statesOf(stage)).join() === "ready,draining", "the new one is ready");
  assertEquals(await who(client, "k"), "b");
  a.requests[0]!.answer("in peace");
  await long.end();
  assertEquals(long.messages, ["in peace"]);
  await until(async () => (await statesOf(stage)).join() === "ready", "the old one is gone");
  await until(() => a.connections.size === 0, "its connection is closed");
});

Deno.test("5.1 a changed address is another instance", async () => {
  await using a = new Backend("a");
  await using b = new Backend("b");
  const discoverer = new Listing(a);
  await using stage = await Stage.start(config(ROUTES, { main: dynamic() }), { discoverers: { main: discoverer } });
  await stage.ready(1);
  discoverer.instances = [{ id: "a", ...b.address }];
  await stage.gateway.refresh("main");
  const client = await stage.client();
  assertEquals((await client.unary(METHOD)).messages, ["b"]);
});

Deno.test("5.1 the last list stays in use while the discoverer fails", async () => {
  await using a = new Backend("a");
  const discoverer = new Listing(a);
  await using stage = await Stage.start(
    config(ROUTES, { main: dynamic({ discovererInterval: 20 }) }),
    { discoverers: { main: discoverer } },
  );
  await stage.ready(1);
  discoverer.fails = true;
  await until(() => stage.told("grpc_discoverer_failed").length > 0, "it has failed");
  const { asked } = discoverer;
  await until(() => discoverer.asked > asked + 1, "it is asked again");
  assertEquals((await (await stage.client()).unary(METHOD)).messages, ["a"]);
  discoverer.fails = false;
  await until(() => stage.told("grpc_discoverer_recovered").length > 0, "it has recovered");
  assertEquals(stage.told("grpc_discoverer_failed").length, 1);
});

Deno.test("5.1 a real discoverer over HTTP; entries that are not valid are skipped", async () => {
  await using a = new Backend("a");
  const asked: string[] = [];
  await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, (request) => {
    asked.push(`${request.method} ${new URL(request.url).pathname}`);
    const { port } = a.address;
    return Response.json({
      instances: [{ instance_id: "a", ipv4: "127.0.0.1", port }, { instance_id: "bad", ipv4: "::1", port: 1 }],
    });
  });
  const { port } = server.addr;
  await using stage = await Stage.start(
    config(ROUTES, { main: dynamic({ discovererUrl: `http://127.0.0.1:${port}` }) }),
  );
  await stage.ready(1);
  assertEquals((await (await stage.client()).unary(METHOD)).messages, ["a"]);
  assertEquals(stage.told("grpc_instance_skipped").length, 1);
  a.cut();
  await until(() => asked.includes("POST /v1/unregister/a"), "it is unregistered");
});

Deno.test("5.2 a call goes elsewhere when its instance cannot be connected", async () => {
  await using a = new Backend("a");
  await using b = new Backend("b");
  await using stage = await Stage.start(config(ROUTES, { main: cluster([a, b]) }));
  await stage.ready(2);
  a.die();
  await until(async () => (await statesOf(stage)).includes("failed"), "it is known that it is gone");
  const client = await stage.client();
  for (let i = 0; i < 4; i++) assertEquals((await client.unary(METHOD)).messages, ["b"]);
});

Deno.test("5.2 an attempt that gets no connection in time ends, and the next one begins", async () => {
  using nowhere = silence();
  await using b = new Backend("b", report);
  const options = cluster([b]);
  const addresses = [nowhere.address, ...options.addresses];
  await using stage = await Stage.start(
    config(ROUTES, { main: { ...options, addresses } }, {
      retry: { ...config([], {}).retry, attemptTimeout: 60 },
    }),
  );
  await stage.ready(1);
  const client = await stage.client();
  const got = await Promise.all([1, 2, 3].map((n) => client.unary(METHOD, { body: [`${n}`] })));
  assertEquals(got.map(({ messages }) => messages[0]).sort(), ["b:1", "b:2", "b:3"]);
  assert((await stage.gateway.status()).retriesTotal >= 1);
});

Deno.test("5.3 a refused stream is tried elsewhere, whatever transfer says", async () => {
  await using a = new Backend("a", (request) => request.stream.reset(ERROR_CODE.REFUSED_STREAM));
  await using b = new Backend("b", report);
  await using stage = await Stage.start(config([{ prefix: "/pkg", transfer: "off" }], { main: cluster([a, b]) }));
  await stage.ready(2);
  const client = await stage.client();
  const [first, second] = [await client.unary(METHOD, { body: ["1", "2"] }), await client.unary(METHOD)];
  assertEquals([first.messages, second.messages], [["b:1,2"], ["b:x"]]);
  assertEquals((await stage.gateway.status()).retriesTotal, 1);
  assertEquals(stage.told("grpc_instance_failed"), []);
});

Deno.test("5.3 the only instance is asked once more on a new connection", async () => {
  await using a = new Backend("a");
  let refused = 0;
  a.handler = (request) => {
    if (refused++ === 0) return request.stream.reset(ERROR_CODE.REFUSED_STREAM);
    report(request);
  };
  await using stage = await Stage.start(
    config(ROUTES, { main: cluster([a]) }, { retry: { ...config([], {}).retry, count: 0 } }),
  );
  await stage.ready(1);
  const got = await (await stage.client()).unary(METHOD, { body: ["1"] });
  assertEquals(got.messages, ["a:1"]);
  assertEquals(a.accepted, 2);
});

Deno.test("5.3 a stream above the last id of a GOAWAY goes elsewhere", async () => {
  await using a = new Backend("a", () => {});
  await using b = new Backend("b", report);
  await using stage = await Stage.start(config(ROUTES, { main: cluster([a, b]) }));
  await stage.ready(2);
  const client = await stage.client();
  const [first, second] = [client.call(METHOD, { body: ["1"] }), client.call(METHOD, { body: ["2"] })];
  await until(() => a.requests.length === 1, "one of them is there");
  for (const http2 of a.connections) http2.goaway(ERROR_CODE.NO_ERROR, 0);
  await first.end();
  await second.end();
  assertEquals([first, second].map(({ messages: [text] }) => text).sort(), ["b:1", "b:2"]);
  assertEquals(stage.told("grpc_instance_failed"), []);
});

for (const transfer of ["auto", "before_response", "mid_stream"] as const) {
  Deno.test(`5.4 ${transfer}: a call that is lost before there is an answer is sent to another instance`, async () => {
    await using a = new Backend("a", () => {});
    await using b = new Backend("b", report);
    await using stage = await Stage.start(config([{ prefix: "/pkg", transfer }], { main: cluster([a, b]) }));
    await stage.ready(2);
    const client = await stage.client();
    const calls = [client.call(METHOD, { body: ["1", "2"] }), client.call(METHOD, { body: ["1", "2"] })];
    await until(() => a.requests.some(({ ended }) => ended), "one is there");
    a.cut();
    for (const call of calls) assertEquals((await call.end()).messages, ["b:1,2"]);
    const { retriesTotal, transfersTotal } = await stage.gateway.status();
    assertEquals([retriesTotal, transfersTotal], [1, 0]);
  });
}

Deno.test("5.4 off: a call that is lost is not sent again", async () => {
  await using a = new Backend("a", () => {});
  await using b = new Backend("b", report);
  await using stage = await Stage.start(config([{ prefix: "/pkg", transfer: "off" }], { main: cluster([a, b]) }));
  await stage.ready(2);
  const client = await stage.client();
  const calls = [client.call(METHOD), client.call(METHOD)];
  await until(() => a.requests.some(({ ended }) => ended), "one is there");
  a.cut();
  for (const call of calls) await call.end();
  const [lost] = calls.filter(({ messages }) => messages.length === 0);
  assertEquals([lost!.status, lost!.text], UNAVAILABLE);
});

Deno.test("5.4 an unfinished client stream is replayed, and the rest follows", async () => {
  await using a = new Backend("a", (request) => {
    if (request.received > 0 && request.list.has("x")) request.stream.sendHeaders(OK_HEADERS, false);
  });
  await using b = new Backend("b", report);
  await using stage = await Stage.start(config(ROUTES, { main: cluster([a, b]) }));
  await stage.ready(2);
  const client = await stage.client();
  const calls = [0, 1].map(() => client.call(METHOD, { body: ["1", "2"], open: true }));
  await until(() => a.requests.length === 1 && a.requests[0]!.messages.length === 2, "one is there");
  a.cut();
  await until(() => b.requests.length === 2 && b.requests[1]!.messages.length === 2, "what was sent is replayed");
  for (const call of calls) {
    call.stream.sendData(message("3"), true);
    assertEquals((await call.end()).messages, ["b:1,2,3"]);
  }
});

Deno.test("5.4 headers that have gone to the client do not come twice", async () => {
  let sent = false;
  await using a = new Backend("a", (request) => {
    if (sent || !request.ended) return;
    sent = true;
    request.stream.sendHeaders(listOf([[":status", "200"], ["content-type", "application/grpc"], ["of", "a"]]), false);
  });
  await using b = new Backend("b", () => {});
  await using stage = await Stage.start(config(ROUTES, { main: cluster([a, b]) }));
  await stage.ready(2);
  const call = (await stage.client()).call(METHOD, { body: ["1"] });
  await until(() => call.list !== undefined, "the headers are there");
  assertEquals(call.list!.get("of"), "a");
  b.handler = report;
  a.cut();
  await call.end();
  assertEquals(call.list!.get("of"), "a");
  assertEquals([call.messages, call.status], [["b:1"], "0"]);
});

Deno.test("5.4 what does not fit the buffer is not replayed, and goes on without", async () => {
  await using a = new Backend("a", () => {});
  await using b = new Backend("b", () => {});
  const retry = { ...config([], {}).retry, buffer: 1000 };
  await using stage = await Stage.start(config(ROUTES, { main: cluster([a, b]) }, { retry }));
  await stage.ready(2);
  const client = await stage.client();
  const call = client.call(METHOD, { body: [new Uint8Array(1200)] });
  await until(() => a.requests.length + b.requests.length === 1, "it is there");
  const [one] = [a, b].filter(({ requests }) => requests.length === 1);
  await until(() => one!.requests[0]!.ended, "it is complete");
  one!.cut();
  await call.end();
  assertEquals([call.status, call.text], UNAVAILABLE);
});

/** Says three messages and then nothing; `b` says all five. */
function streamer(first: number): Handler {
  return (request) => {
    if (!request.ended || request.drains > 0) return;
    request.drains = 1;
    request.stream.sendHeaders(OK_HEADERS, false);
    const count = request.backend.id === "a" ? first : 5;
    for (let i = 1; i <= count; i++) request.stream.sendData(message(`${request.backend.id}${i}`), false);
    if (count === 5) request.stream.sendTrailers(listOf([["grpc-status", "0"]]));
  };
}

Deno.test("5.4 mid_stream: a stream goes on at another instance, and is called once by the metrics", async () => {
  await using a = new Backend("a", streamer(3));
  await using b = new Backend("b", streamer(5));
  await using stage = await Stage.start(config([{ prefix: "/pkg", balancer: STICKY }], { main: cluster([a, b]) }));
  await stage.ready(2);
  const client = await stage.client();
  const call = client.call(METHOD, { body: ["go"], headers: [["session-id", "k"]] });
  await until(() => call.messages.length >= 3, "three messages have come");
  if (a.requests.length === 1) {
    a.cut();
    await call.end();
    assertEquals(call.messages, ["a1", "a2", "a3", "b1", "b2", "b3", "b4", "b5"]);
    assertEquals((await stage.gateway.status()).transfersTotal, 1);
    assertEquals((await stage.gateway.session("main", "k"))?.instance.endsWith(`${b.address.port}`), true);
  }
  assertEquals([call.status, b.requests[0]!.messages], ["0", ["go"]]);
});

Deno.test("5.6 a message cut in the middle stays cut, and the call ends in trailers", async () => {
  await using a = new Backend("a", (request) => {
    if (!request.ended || request.drains > 0) return;
    request.drains = 1;
    request.stream.sendHeaders(OK_HEADERS, false);
    request.stream.sendData(message("whole"), false);
    request.stream.sendData(message("a cut one").subarray(0, 9), false);
  });
  await using b = new Backend("b");
  await using stage = await Stage.start(
    config([{ prefix: "/pkg", transfer: "mid_stream" }], { main: cluster([a, b]) }),
  );
  await stage.ready(2);
  const client = await stage.client();
  const call = client.call(METHOD);
  await until(() => call.received === 19 || call.ended, "half a message has come");
  a.cut();
  await call.end();
  assertEquals(call.received, 19);
  assertEquals([call.last!.get("grpc-status"), call.last!.get("grpc-message")], UNAVAILABLE);
  assertEquals(b.requests.length, 0);
});

Deno.test("5.4 before_response: a call whose answer has begun ends in trailers", async () => {
  await using a = new Backend("a", streamer(3));
  await using b = new Backend("b", () => {});
  await using stage = await Stage.start(config(ROUTES, { main: cluster([a, b]) }));
  await stage.ready(2);
  const call = (await stage.client()).call(METHOD);
  await until(() => call.messages.length === 3, "three messages have come");
  a.cut();
  await call.end();
  assertEquals([call.last!.get("grpc-status"), call.last!.get("grpc-message")], UNAVAILABLE);
});

Deno.test("5.5 a status of a backend is the answer, UNAVAILABLE included", async () => {
  await using a = new Backend("a", (request) => {
    if (request.ended && !request.stream.localEnded) request.answer("no", "14");
  });
  await using b = new Backend("b", () => {});
  await using stage = await Stage.start(config(ROUTES, { main: cluster([a, b]) }));
  await stage.ready(2);
  const got = await (await stage.client()).unary(METHOD);
  assertEquals([got.status, got.messages, b.requests.length], ["14", ["no"], 0]);
});

Deno.test("5.6 a call that nobody can take is UNAVAILABLE, and soon", async () => {
  await using a = new Backend("a");
  await using stage = await Stage.start(config(ROUTES, { main: cluster([a]) }));
  await stage.ready(1);
  a.die();
  await until(async () => (await statesOf(stage)).join() === "failed", "it is gone");
  const at = performance.now();
  const got = await (await stage.client()).unary(METHOD);
  assertEquals([got.status, got.text], UNAVAILABLE);
  assert(performance.now() - at < 1_000);
  a.rise();
  await stage.ready(1);
  assertEquals((await (await stage.client()).unary(METHOD)).messages, ["a"]);
});

Deno.test("5.7 a failed instance loses its keys, is unregistered once, and leaves the list until it is listed", async () => {
  await using a = new Backend("a");
  await using b = new Backend("b");
  const discoverer = new Listing(a, b);
  await using stage = await Stage.start(
    config([{ prefix: "/pkg", balancer: STICKY }], { main: dynamic({ discovererInterval: 3_600_000 }) }),
    { discoverers: { main: discoverer } },
  );
  await stage.ready(2);
  const client = await stage.client();
  const [one, two] = [await who(client, "k1"), await who(client, "k2")];
  assertEquals([one, two].sort(), ["a", "b"]);
  a.die();
  await until(async () => (await statesOf(stage)).length === 1, "it has left the list");
  assertEquals(discoverer.unregistered, ["a"]);
  assertEquals(await who(client, "k1"), "b");
  assertEquals(await who(client, "k2"), "b");
  a.rise();
  await stage.gateway.refresh("main");
  await stage.ready(2);
  assertEquals(await who(client, "k1"), "b");
});

Deno.test("5.7 one reset stream is no failure of its instance, and unbinds its own key only", async () => {
  await using a = new Backend("a");
  await using b = new Backend("b");
  await using stage = await Stage.start(config([{ prefix: "/pkg", balancer: STICKY }], { main: cluster([a, b]) }));
  await stage.ready(2);
  const client = await stage.client();
  const keys = ["k1", "k2", "k3", "k4"];
  const before = new Map<string, string>();
  for (const key of keys) before.set(key, await who(client, key));
  const [mine, other] = before.get("k1") === "a" ? [a, b] : [b, a];
  mine.handler = (request) => request.stream.reset(ERROR_CODE.INTERNAL_ERROR);
  assertEquals(await who(client, "k1"), other.id);
  mine.handler = tellWho;
  for (const key of keys.slice(1)) assertEquals(await who(client, key), before.get(key));
  assertEquals(await who(client, "k1"), other.id);
  assertEquals(stage.told("grpc_instance_failed"), []);
});

Deno.test("5.7 an instance in its backoff gets calls when no other one is left", async () => {
  await using a = new Backend("a");
  const slow = cluster([a], { backoff: { initial: 60_000, multiplier: 1, max: 60_000 } });
  await using stage = await Stage.start(config(ROUTES, { main: slow }));
  await stage.ready(1);
  a.cut();
  await until(async () => (await statesOf(stage)).join() === "failed", "it has failed");
  assertEquals((await (await stage.client()).unary(METHOD)).messages, ["a"]);
});

Deno.test("5.7 a backend that breaks HTTP/2 has failed", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const conns: Deno.Conn[] = [];
  void (async () => {
    for await (const conn of listener) {
      conns.push(conn);
      // SETTINGS, and then DATA of a stream that nobody opened.
      await conn.write(Uint8Array.of(0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 9, 1));
    }
  })();
  const { port } = listener.addr;
  const options = { ...cluster([]), addresses: [{ hostname: "127.0.0.1", port }] };
  await using stage = await Stage.start(config(ROUTES, { main: options }));
  await until(() => stage.told("grpc_instance_failed").length > 0, "it has failed");
  listener.close();
  for (const conn of conns) conn.close();
});

Deno.test("5.8 after GOAWAY NO_ERROR calls run to their end, new ones take a new connection, keys stay", async () => {
  await using a = new Backend("a", () => {});
  await using b = new Backend("b", () => {});
  await using stage = await Stage.start(config([{ prefix: "/pkg", balancer: STICKY }], { main: cluster([a, b]) }));
  await stage.ready(2);
  const client = await stage.client();
  const long = client.call(METHOD, { headers: [["session-id", "k"]] });
  await until(() => a.requests.length + b.requests.length === 1, "it is there");
  const [mine] = [a, b].filter(({ requests }) => requests.length === 1);
  for (const http2 of mine!.connections) http2.shutdown();
  mine!.handler = tellWho;
  await until(() => mine!.accepted === 2, "there is a new connection");
  assertEquals(await who(client, "k"), mine!.id);
  mine!.requests[0]!.answer("in peace");
  assertEquals((await long.end()).messages, ["in peace"]);
  await until(() => mine!.connections.size === 1, "the old connection is closed");
  assertEquals(stage.told("grpc_instance_failed"), []);
  assertEquals(mine!.accepted, 2);
});

Deno.test("5.9 all attempts together take no longer than they may", async () => {
  using nowhere = silence();
  const { port } = nowhere.address;
  const addresses = ["127.0.0.1", "127.0.0.2", "127.0.0.3"].map((hostname) => ({ hostname, port }));
  const retry = { ...config([], {}).retry, count: 1, attemptTimeout: 60 };
  await using stage = await Stage.start(config(ROUTES, { main: { ...cluster([]), addresses } }, { retry }));
  const at = performance.now();
  const got = await (await stage.client()).unary(METHOD);
  assertEquals([got.status, got.text], UNAVAILABLE);
  assert(performance.now() - at >= 50);
});

Deno.test("5.10 an instance that says that it does not serve gets no calls until it says so again", async () => {
  await using a = new Backend("a");
  await using b = new Backend("b");
  let serving = true;
  const handler: Handler = (request) => {
    if (!request.ended || request.stream.localEnded) return;
    if (request.path !== "/grpc.health.v1.Health/Check") return tellWho(request);
    if (request.backend === b) {
      return request.stream.sendHeaders(listOf([[":status", "200"], ["grpc-status", "12"]]), true);
    }
    request.answer(Uint8Array.of(8, serving ? 1 : 2));
  };
  a.handler = b.handler = handler;
  const health = { type: "grpc", service: "", interval: 10, timeout: 500, unhealthyAfter: 3, healthyAfter: 2 } as const;
  await using stage = await Stage.start(
    config([{ prefix: "/pkg", balancer: STICKY }], { main: cluster([a, b], { health }) }),
  );
  await stage.ready(2);
  const client = await stage.client();
  const keys = ["k1", "k2"];
  assertEquals((await Promise.all(keys.map((key) => who(client, key)))).sort(), ["a", "b"]);
  serving = false;
  await until(async () => (await statesOf(stage)).join() === "unhealthy,ready", "it gets no calls");
  for (const key of keys) assertEquals(await who(client, key), "b");
  serving = true;
  await until(async () => (await statesOf(stage)).join() === "ready,ready", "it is back");
  assert((await Promise.all(["k3", "k4"].map((key) => who(client, key)))).includes("a"));
});

Deno.test("8 a disabled instance gets no new calls, its keys move, its calls end in peace", async () => {
  await using a = new Backend("a", () => {});
  await using b = new Backend("b", () => {});
  await using stage = await Stage.start(config([{ prefix: "/pkg", balancer: STICKY }], { main: cluster([a, b]) }));
  await stage.ready(2);
  const client = await stage.client();
  const long = client.call(METHOD, { headers: [["session-id", "k"]] });
  await until(() => a.requests.length + b.requests.length === 1, "it is there");
  const [mine, other] = a.requests.length === 1 ? [a, b] : [b, a];
  other.handler = tellWho;
  const id = `127.0.0.1:${mine.address.port}`;
  await stage.gateway.setEnabled("main", id, false);
  assertEquals(await who(client, "k"), other.id);
  mine.requests[0]!.answer("in peace");
  assertEquals((await long.end()).messages, ["in peace"]);
  mine.handler = tellWho;
  await stage.gateway.setEnabled("main", id, true);
  const seen = new Set([await who(client, "k5"), await who(client, "k6")]);
  assert(seen.has(mine.id));
});

Deno.test("5 nothing is lost or mixed up while instances die under load", async () => {
  await using a = new Backend("a", report);
  await using b = new Backend("b", report);
  await using c = new Backend("c", report);
  await using stage = await Stage.start(config(ROUTES, { main: cluster([a, b, c]) }));
  await stage.ready(3);
  const clients = [await stage.client(), await stage.client()];
  let stop = false;
  let done = 0;
  const workers = Array.from({ length: 20 }, async (_, nth) => {
    for (let i = 0; !stop; i++) {
      const text = `${nth}-${i}`;
      const got = await clients[nth % 2]!.unary(METHOD, { body: [text] });
      assertEquals([got.status, got.messages[0]?.slice(2)], ["0", text]);
      done++;
    }
  });
  for (const backend of [a, b, c, a]) {
    const before = done;
    await until(() => done > before + 100, "calls are answered");
    backend.cut();
    await stage.balance();
  }
  stop = true;
  await Promise.all(workers);
  const { answeredByBackend, answeredByGateway, callsTotal } = await stage.gateway.status();
  assertEquals([answeredByBackend, answeredByGateway], [callsTotal, 0]);
});

/** An address that accepts and never says a word. */
function silence(): { readonly address: { hostname: string; port: number } } & Disposable {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const accepted: Deno.Conn[] = [];
  void (async () => {
    for await (const conn of listener) accepted.push(conn);
  })();
  const { port } = listener.addr;
  return {
    address: { hostname: "127.0.0.1", port },
    [Symbol.dispose]() {
      listener.close();
      for (const conn of accepted) conn.close();
    },
  };
}

Deno.test("5.2 a call that is cancelled, or too late, while it waits for a connection waits no more", async () => {
  using nowhere = silence();
  const options = { ...cluster([]), addresses: [nowhere.address] };
  await using stage = await Stage.start(config(ROUTES, { main: options }));
  const client = await stage.client();
  const inFlight = async () => (await stage.gateway.status()).clusters[0]!.instances[0]!.inFlight;
  const cancelled = client.call(METHOD);
  await until(async () => await inFlight() === 1, "it waits");
  cancelled.stream.reset(ERROR_CODE.CANCEL);
  await until(async () => await inFlight() === 0, "it waits no more");
  const late = await client.unary(METHOD, { headers: [["grpc-timeout", "30m"]] });
  assertEquals([late.status, await inFlight()], ["4", 0]);
  const gone = client.call(METHOD);
  await until(async () => await inFlight() === 1, "the next one waits");
  await stage.gateway.configure(config([], {}));
  await gone.end();
  assertEquals([gone.status, gone.text], UNAVAILABLE);
});

Deno.test("6.17 calls that are reset at once leave nothing behind", async () => {
  await using a = new Backend("a", () => {});
  await using stage = await Stage.start(config(ROUTES, { main: cluster([a], { maxConnections: 1 }) }));
  await stage.ready(1);
  const client = await stage.client();
  for (let i = 0; i < 500; i++) {
    const call = client.call(METHOD, { open: i % 2 === 0 });
    if (i % 3 === 0) await Promise.resolve();
    call.stream.reset(ERROR_CODE.CANCEL);
  }
  await until(async () => {
    const { callsTotal, callsInFlight } = await stage.gateway.status();
    return callsTotal === 500 && callsInFlight === 0;
  }, "all of them are over");
  await until(() => a.requests.every(({ code }) => code !== undefined), "the backend knows of each");
  assertEquals((await stage.gateway.status()).clusters[0]!.instances[0]!.inFlight, 0);
  a.handler = report;
  assertEquals((await client.unary(METHOD)).messages, ["a:x"]);
});
