import { assert, assertEquals, assertRejects } from "@std/assert";
import { SignJWT } from "jose";
import { until } from "../support/until.ts";
import { Backend, type Client, cluster, config, dynamic, ERROR_CODE, message, Stage } from "./support/stage.ts";

const METHOD = "/pkg.Service/Method";
const SECRET = "a secret of the tests";
const AUTH = { jwtSecret: SECRET, sessionHeader: "session-id", sessionClaim: "session_id", clockTolerance: 0 };
const BUSY = "all instances are busy";
const STICKY = { type: "sticky_sessions", header: "session-id" } as const;

async function tokenFor(session: string, life = 60): Promise<string> {
  return await new SignJWT({ session_id: session }).setProtectedHeader({ alg: "HS256" })
    .setExpirationTime(Math.floor(Date.now() / 1000) + life).sign(new TextEncoder().encode(SECRET));
}

async function who(client: Client, session?: string): Promise<string> {
  const headers: [string, string][] = session === undefined ? [] : [["session-id", session]];
  return (await client.unary(METHOD, { headers })).messages[0]!;
}

Deno.test("4.1 a call without a session, or a token that holds, reaches no backend", async () => {
  await using backend = new Backend("one");
  await using stage = await Stage.start(
    config([{ prefix: "/pkg.Service", authorization: "required" }], { main: cluster([backend]) }, { auth: AUTH }),
  );
  await stage.ready(1);
  const client = await stage.client();
  const ask = async (...headers: [string, string][]) => {
    const { status, text } = await client.unary(METHOD, { headers });
    return `${status} ${text}`;
  };
  const token = await tokenFor("s1");
  assertEquals(await ask(), "16 missing session-id");
  assertEquals(await ask(["session-id", ""], ["authorization", token]), "16 missing session-id");
  const bad = "16 missing or invalid token";
  assertEquals(await ask(["session-id", "s1"]), bad);
  assertEquals(await ask(["session-id", "s2"], ["authorization", token]), bad);
  assertEquals(await ask(["session-id", "s1"], ["authorization", `${token}x`]), bad);
  assertEquals(await ask(["session-id", "s1"], ["authorization", token], ["authorization", token]), bad);
  assertEquals(await ask(["session-id", "s1"], ["session-id", "s1"], ["authorization", token]), bad);
  assertEquals(await ask(["session-id", "s1"], ["authorization", await tokenFor("s1", -5)]), bad);
  assertEquals(backend.requests.length, 0);
  assertEquals(await ask(["session-id", "s1"], ["authorization", token]), "0 undefined");
  assertEquals(await ask(["session-id", "s1"], ["authorization", `bEARER ${token}`]), "0 undefined");
  assertEquals(backend.requests.length, 2);
});

Deno.test("4.1 bytes that come while a token is verified are not lost", async () => {
  await using backend = new Backend("one", (request) => {
    if (request.ended && !request.stream.localEnded) request.answer(request.messages.join());
  });
  await using stage = await Stage.start(
    config([{ prefix: "/pkg.Service", authorization: "required" }], { main: cluster([backend]) }, { auth: AUTH }),
  );
  await stage.ready(1);
  const client = await stage.client();
  const headers: [string, string][] = [["session-id", "s"], ["authorization", await tokenFor("s")]];
  const got = await client.unary(METHOD, { headers, body: ["a", "b", "c"] });
  assertEquals(got.messages, ["a,b,c"]);
});

Deno.test("4.1 a token that was good is refused as soon as it has expired, or the secret is another", async () => {
  await using backend = new Backend("one");
  const routes = [{ prefix: "/pkg.Service", authorization: "required" }] as const;
  const clusters = { main: cluster([backend]) };
  await using stage = await Stage.start(config(routes, clusters, { auth: AUTH }));
  await stage.ready(1);
  const client = await stage.client();
  const status = async (...headers: [string, string][]) => (await client.unary(METHOD, { headers })).status;
  const short: [string, string][] = [["session-id", "s"], ["authorization", await tokenFor("s", 1)]];
  const long: [string, string][] = [["session-id", "s"], ["authorization", await tokenFor("s")]];
  for (let i = 0; i < 3; i++) assertEquals([await status(...short), await status(...long)], ["0", "0"]);
  await until(async () => await status(...short) === "16", "it has expired");
  assertEquals(await status(...long), "0");
  await stage.gateway.configure(config(routes, clusters, { auth: { ...AUTH, jwtSecret: "another secret" } }));
  assertEquals(await status(...long), "16");
});

Deno.test("4.2 calls of one connection go to all instances in turn", async () => {
  await using a = new Backend("a");
  await using b = new Backend("b");
  await using c = new Backend("c");
  await using stage = await Stage.start(config([{ prefix: "/pkg" }], { main: cluster([a, b, c]) }));
  await stage.ready(3);
  const client = await stage.client();
  for (let i = 0; i < 10; i++) await who(client);
  assertEquals([a, b, c].map(({ requests }) => requests.length), [4, 3, 3]);
});

Deno.test("4.2 least_pending takes the instance with fewest calls in flight", async () => {
  await using a = new Backend("a", () => {});
  await using b = new Backend("b");
  await using stage = await Stage.start(
    config([{ prefix: "/pkg", balancer: { type: "least_pending" } }], { main: cluster([a, b]) }),
  );
  await stage.ready(2);
  const client = await stage.client();
  client.call(METHOD, { open: true });
  await until(() => a.requests.length + b.requests.length === 1, "the first call is there");
  for (let i = 0; i < 5; i++) assertEquals(await who(client), "b");
});

Deno.test("4.3 a key stays with its instance, also over routes and connections", async () => {
  await using a = new Backend("a");
  await using b = new Backend("b");
  await using stage = await Stage.start(config([
    { prefix: "/pkg.Service", balancer: STICKY },
    { prefix: "/other", balancer: STICKY },
  ], { main: cluster([a, b]) }));
  await stage.ready(2);
  const [client, other] = [await stage.client(), await stage.client()];
  const first = await who(client, "k1");
  const second = await who(client, "k2");
  assert(first !== second);
  for (let i = 0; i < 3; i++) {
    assertEquals(await who(other, "k1"), first);
    assertEquals(await who(client, "k2"), second);
    const got = await other.unary("/other/X", { headers: [["session-id", "k2"]] });
    assertEquals(got.messages, [second]);
  }
  // Without the header: in turn.
  assert(await who(client) !== await who(client));
  assertEquals(
    (await stage.gateway.session("main", "k1"))?.instance,
    [a, b].map(({ address }) => address)
      .map(({ hostname, port }) => `${hostname}:${port}`)[first === "a" ? 0 : 1],
  );
});

Deno.test("4.3 the instance of a key that is busy refuses the call and keeps the key", async () => {
  await using a = new Backend("a", () => {});
  await using b = new Backend("b", () => {});
  await using stage = await Stage.start(
    config([{ prefix: "/pkg", balancer: STICKY }], { main: cluster([a, b], { maxInFlight: 1 }) }),
  );
  await stage.ready(2);
  const client = await stage.client();
  const call = client.call(METHOD, { headers: [["session-id", "k"]] });
  await until(() => a.requests.length + b.requests.length === 1, "the call is there");
  const [mine] = [a, b].filter(({ requests }) => requests.length === 1);
  const busy = await client.unary(METHOD, { headers: [["session-id", "k"]] });
  assertEquals([busy.status, busy.text], ["8", "all instances are busy"]);
  mine!.requests[0]!.answer("done");
  await call.end();
  client.call(METHOD, { headers: [["session-id", "k"]], open: true });
  await until(() => mine!.requests.length === 2, "the next one is there too");
});

Deno.test("4.4 an empty cluster, and one that is full, refuse at once", async () => {
  await using a = new Backend("a", () => {}, { maxConcurrentStreams: 2 });
  await using stage = await Stage.start(
    config(
      [
        { prefix: "/pkg", cluster: "full" },
        { prefix: "/none", cluster: "empty" },
      ],
      { full: cluster([a], { maxConnections: 2 }), empty: dynamic() },
      { drainTimeout: 50 },
    ),
    {
      discoverers: { empty: { getInstances: () => Promise.resolve([]), unregisterInstance: () => Promise.resolve() } },
    },
  );
  await stage.ready(1, "full");
  const client = await stage.client();
  const empty = await client.unary("/none/X");
  assertEquals([empty.status, empty.text], ["8", "all instances are busy"]);
  for (let i = 0; i < 4; i++) client.call(METHOD, { open: true });
  await until(() => a.requests.length === 4, "two connections with two streams each");
  const busy = await client.unary(METHOD);
  assertEquals([busy.status, busy.text], ["8", "all instances are busy"]);
  assertEquals(a.accepted, 2);
});

Deno.test("4.4 calls that come before it is known how many there may be are busy, not lost", async () => {
  await using a = new Backend("a", () => {}, { maxConcurrentStreams: 2 });
  await using stage = await Stage.start(
    config([{ prefix: "/pkg" }], { main: cluster([a], { maxConnections: 1 }) }, { drainTimeout: 50 }),
  );
  const client = await stage.client();
  const calls = Array.from({ length: 5 }, () => client.call(METHOD));
  await until(() => calls.filter(({ over }) => over).length === 3, "three of them are refused");
  for (const call of calls.filter(({ over }) => over)) assertEquals([call.status, call.text], ["8", BUSY]);
});

Deno.test("4.4 an instance allows so many calls as it is told, and then the next ones again", async () => {
  await using a = new Backend("a", () => {});
  await using stage = await Stage.start(config([{ prefix: "/pkg" }], { main: cluster([a], { maxInFlight: 2 }) }));
  await stage.ready(1);
  const client = await stage.client();
  const calls = [client.call(METHOD), client.call(METHOD)];
  await until(() => a.requests.length === 2, "both are there");
  assertEquals((await client.unary(METHOD)).status, "8");
  a.requests[0]!.answer("now");
  await calls[0]!.end();
  const next = client.call(METHOD);
  await until(() => a.requests.length === 3, "there is room");
  for (const request of a.requests.slice(1)) request.answer("now");
  await next.end();
});

Deno.test("8 a balancer, a processor, a validator and a discoverer of one's own", async () => {
  await using a = new Backend("a");
  await using b = new Backend("b");
  const listed = [a, b].map(({ id, address }) => ({ id, ...address }));
  await using stage = await Stage.start(
    config(
      [{
        prefix: "/pkg",
        authorization: "required",
        balancer: { type: "custom", kind: "last", options: { of: 2 } },
      }],
      { main: dynamic() },
    ),
    {
      balancers: { last: (options) => ({ pick: (_call, instances) => instances[Number(options["of"]) - 1] }) },
      processors: [{ process: ({ metadata }) => metadata.set("x-seen", "yes") }],
      tokenValidator: { validate: (token, session) => Promise.resolve({ token, session }) },
      discoverers: {
        main: { getInstances: () => Promise.resolve(listed), unregisterInstance: () => Promise.resolve() },
      },
    },
  );
  await stage.ready(2);
  const client = await stage.client();
  const headers: [string, string][] = [["session-id", "s"], ["authorization", "anything"]];
  assertEquals((await client.unary(METHOD, { headers })).messages, ["b"]);
  assertEquals(b.requests[0]!.list.get("x-seen"), "yes");
});

Deno.test("8 a part that throws or never settles fails its call alone", async () => {
  await using a = new Backend("a");
  const parts = {
    processors: [{
      process: ({ path, metadata }: { path: string; metadata: { has(name: string): boolean } }) => {
        if (path.endsWith("Throw")) throw new Error("a defect");
        if (path.endsWith("Reject")) return Promise.reject(new Error("a defect"));
        if (path.endsWith("Never")) return new Promise<void>(() => {});
        return metadata.has("x") ? { code: 7, message: "no x" } : undefined;
      },
    }],
    balancers: {
      broken: () => ({
        pick: () => {
          throw new Error("a defect");
        },
      }),
    },
  };
  await using stage = await Stage.start(
    config([
      { prefix: "/pkg" },
      { prefix: "/broken", balancer: { type: "custom", kind: "broken", options: {} } },
    ], { main: cluster([a]) }),
    parts,
  );
  await stage.ready(1);
  const client = await stage.client();
  for (const path of ["/pkg/Throw", "/pkg/Reject", "/broken/X"]) {
    const got = await client.unary(path);
    assertEquals([got.status, got.text], ["13", "gateway error"], path);
  }
  const never = await client.unary("/pkg/Never", { headers: [["grpc-timeout", "20m"]] });
  assertEquals(never.status, "4");
  const refused = await client.unary("/pkg/X", { headers: [["x", "1"]] });
  assertEquals([refused.status, refused.text], ["7", "no x"]);
  assertEquals((await client.unary("/pkg/X")).messages, ["a"]);
  assertEquals(stage.told("grpc_part_failed").map(({ part }) => part), ["processor", "balancer"]);
});

Deno.test("4 a call with several messages waits for its first connection, and loses none", async () => {
  await using a = new Backend("a", (request) => {
    if (request.ended && !request.stream.localEnded) request.answer(request.messages.join());
  });
  await using stage = await Stage.start(config([{ prefix: "/pkg" }], { main: cluster([a]) }));
  const client = await stage.client();
  const call = client.call(METHOD, { body: ["1", "2"], open: true });
  call.stream.sendData(message("3"), true);
  await call.end();
  assertEquals(call.messages, ["1,2,3"]);
});

Deno.test("8 a cluster of another kind brings its own connections", async () => {
  await using a = new Backend("a");
  let acquired = 0;
  const failures: string[] = [];
  let closed = false;
  const connected = Promise.withResolvers<Client>();
  await using stage = await Stage.start(
    config([{ prefix: "/pkg" }], { main: { type: "custom", kind: "mine", options: { first: "fails" } } }),
    {
      clusterTypes: {
        mine: (name, options) => ({
          async acquire(call, tried) {
            assertEquals([name, options["first"], call.path], ["main", "fails", METHOD]);
            if (acquired++ === 0) throw new Error("not yet");
            const { http2 } = await connected.promise;
            if (call.metadata.has("never")) await new Promise(() => {});
            assertEquals(tried.size, 0);
            return { instanceId: "one", open: (list, end, listener) => http2.open(list, end, listener) };
          },
          onBackendFailure: (id) => void failures.push(id),
          close: () => Promise.resolve(void (closed = true)),
        }),
      },
    },
  );
  const { Client } = await import("./support/stage.ts");
  await using backend = await Client.connect(a.address);
  connected.resolve(backend);
  const client = await stage.client();
  assertEquals((await client.unary(METHOD)).messages, ["a"]);
  assertEquals(acquired, 2);
  const never = await client.unary(METHOD, { headers: [["never", "1"], ["grpc-timeout", "20m"]] });
  assertEquals(never.status, "4");
  a.handler = (request) => request.stream.reset(ERROR_CODE.INTERNAL_ERROR);
  await client.unary(METHOD, { headers: [["grpc-timeout", "200m"]] });
  assertEquals(failures[0], "one");
  await stage.gateway.stop();
  assert(closed);
});

Deno.test("8 a configuration that names what is not among the parts changes nothing", async () => {
  await using a = new Backend("a");
  const routes = [{ prefix: "/pkg" }];
  await using stage = await Stage.start(config(routes, { main: cluster([a]) }));
  await stage.ready(1);
  const client = await stage.client();
  const custom = { type: "custom", kind: "none", options: {} } as const;
  await assertRejects(
    () => stage.gateway.configure(config(routes, { main: custom })),
    TypeError,
    "cluster of type none",
  );
  await assertRejects(
    () => stage.gateway.configure(config([{ prefix: "/pkg", balancer: custom }], {})),
    TypeError,
    "balancer of type none",
  );
  assertEquals((await client.unary(METHOD)).messages, ["a"]);
  assertEquals(a.accepted, 1);
});
