import { assert, assertEquals, assertMatch } from "@std/assert";
import { jwtVerify } from "jose";
import { authMethods } from "../../../src/grpc/sim/auth.ts";
import { GrpcClient } from "../../../src/rpc/client.ts";
import { startDiscoverer } from "../../../src/grpc/sim/discoverer.ts";
import { echoMethods } from "../../../src/grpc/sim/echo.ts";
import {
  ECHO_REQUEST,
  ECHO_RESPONSE,
  EVENT,
  LOGIN_REQUEST,
  LOGIN_RESPONSE,
  METHOD,
  SHUTDOWN_RESPONSE,
  SUBSCRIBE_REQUEST,
} from "../../../src/grpc/sim/my_service.ts";
import { Registration } from "../../../src/grpc/sim/registration.ts";
import { GrpcServer, type Method } from "../../../src/rpc/server.ts";
import { MemoryUsers, StoreAway, type UserStore } from "../../../src/grpc/sim/users.ts";
import { STATUS } from "../../../src/rpc/status.ts";
import { silentLogger } from "../../../src/ops/log/mod.ts";
import { FakeLog } from "../../ops/admin/fakes.ts";
import { until } from "../../support/until.ts";

const LOOPBACK = { hostname: "127.0.0.1", port: 0 };
const SECRET = "a secret of this test, and long enough";

async function served(methods: Readonly<Record<string, Method>>) {
  const server = new GrpcServer({ listen: LOOPBACK, methods: () => methods });
  const client = await GrpcClient.connect(server.address);
  return {
    server,
    client,
    async [Symbol.asyncDispose]() {
      await client.close();
      await server.stop(0);
    },
  };
}

const echo = (shutdown = () => {}, delay = 0) => echoMethods({ id: "one", delay, shutdown });

async function auth(users: UserStore = new MemoryUsers()) {
  const it = await served(authMethods({ users, secret: SECRET, tokenLife: 60_000 }));
  const login = (username: string, password: string) =>
    it.client.call(METHOD.login, LOGIN_REQUEST.encode({ username, password }));
  return { ...it, users, login };
}

Deno.test("Login gives a fresh session, and a token for it that says who and until when", async () => {
  await using it = await auth();
  await it.users.add("ann", "secret");
  const [one, two] = [await it.login("ann", "secret"), await it.login("ann", "secret")]
    .map(({ messages: [answer] }) => LOGIN_RESPONSE.decode(answer!));
  assert(one!.sessionId !== two!.sessionId);
  const { payload, protectedHeader } = await jwtVerify(one!.token, new TextEncoder().encode(SECRET));
  assertEquals([protectedHeader.alg, payload["session_id"], payload.sub], ["HS256", one!.sessionId, "ann"]);
  assertEquals([payload.exp, payload.exp! - payload.iat!], [one!.expiresAt, 60]);
});

Deno.test("Login refuses what is wrong or missing, in words", async () => {
  await using it = await auth();
  await it.users.add("ann", "secret");
  const cases = [["ann", "Secret"], ["bob", "secret"], ["", "secret"], ["ann", ""]] as const;
  const seen = [];
  for (const [name, password] of cases) {
    const { status, message } = await it.login(name, password);
    seen.push([status, message]);
  }
  const wrong = [STATUS.UNAUTHENTICATED, "wrong username or password"];
  const missing = [STATUS.INVALID_ARGUMENT, "username and password are required"];
  assertEquals(seen, [wrong, wrong, missing, missing]);
});

Deno.test("Login says so when the users cannot be asked", async () => {
  const away: UserStore = {
    add: () => Promise.resolve(),
    check: () => Promise.reject(new StoreAway("gone")),
    close() {},
  };
  await using it = await auth(away);
  const { status, message } = await it.login("ann", "secret");
  assertEquals([status, message], [STATUS.UNAVAILABLE, "user store unavailable"]);
});

Deno.test("an instance echoes with its name and the session of the call", async () => {
  await using it = await served(echo());
  const request = ECHO_REQUEST.encode({ text: "hello" });
  const { status, messages: [answer] } = await it.client.call(METHOD.echo, request, {
    metadata: { "session-id": "s" },
  });
  assertEquals(status, STATUS.OK);
  assertEquals(ECHO_RESPONSE.decode(answer!), { text: "hello", instanceId: "one", sessionId: "s" });
});

Deno.test("an instance streams events in order, and without end until it is cancelled", async () => {
  await using it = await served(echo());
  const few = await it.client.call(METHOD.subscribe, SUBSCRIBE_REQUEST.encode({ intervalMs: 1, count: 3 }));
  assertEquals(few.messages.map((bytes) => EVENT.decode(bytes).number), [1, 2, 3]);
  const seen: number[] = [];
  const enough = new AbortController();
  const endless = await it.client.call(METHOD.subscribe, SUBSCRIBE_REQUEST.encode({ intervalMs: 1, count: 0 }), {
    signal: enough.signal,
    onMessage: (bytes) => {
      seen.push(EVENT.decode(bytes).number);
      if (seen.length === 5) enough.abort();
    },
  });
  assertEquals([endless.status, seen], [STATUS.CANCELLED, [1, 2, 3, 4, 5]]);
});

Deno.test("an instance that is told to shut down answers first", async () => {
  let told = 0;
  await using it = await served(echo(() => void told++));
  const { messages: [answer] } = await it.client.call(METHOD.shutdown, new Uint8Array());
  assertEquals([SHUTDOWN_RESPONSE.decode(answer!), told], [{ instanceId: "one" }, 1]);
});

Deno.test("unknown methods and bytes that are no message are answered", async () => {
  await using it = await served(echo());
  const unknown = await it.client.call("/my_service.MyServiceAPI/Nothing", new Uint8Array());
  assertEquals([unknown.status, unknown.message], [
    STATUS.UNIMPLEMENTED,
    "unknown method /my_service.MyServiceAPI/Nothing",
  ]);
  const broken = await it.client.call(METHOD.echo, Uint8Array.of(0x0a, 0x05));
  assertEquals(broken.status, STATUS.INTERNAL);
  assertMatch(broken.message, /ends within a field/);
});

Deno.test("a server that stops serves the calls that are under way", async () => {
  await using it = await served(echo(() => {}, 50));
  const call = it.client.call(METHOD.echo, ECHO_REQUEST.encode({ text: "late" }));
  await until(() => it.server.calls === 1, "the call has arrived");
  await it.server.stop();
  assertEquals((await call).status, STATUS.OK);
});

Deno.test("an instance registers, stays by its heartbeats, and registers again at a discoverer that forgot it", async () => {
  const start = (port: number) =>
    startDiscoverer({ listen: { hostname: "127.0.0.1", port }, ttl: 60_000, version: "1", log: silentLogger });
  let discoverer = await start(0);
  const { port } = discoverer.address;
  const ids = async () => {
    const response = await fetch(`http://127.0.0.1:${port}/v1/instances`);
    const { instances } = await response.json();
    return instances.map((instance: { readonly instance_id: string }) => instance.instance_id);
  };
  const log = new FakeLog();
  const registration = new Registration({
    discoverer: `http://127.0.0.1:${port}`,
    instance: { instance_id: "one", ipv4: "127.0.0.1", port: 1 },
    heartbeat: 10,
    log,
  });
  await until(async () => (await ids()).length === 1, "it is registered");
  await discoverer.close();
  await until(
    () => !registration.registered || log.lines.some(({ event }) => event === "discoverer_failed"),
    "it noticed",
  );
  discoverer = await start(port);
  await until(async () => (await ids()).length === 1, "it is registered again");
  await registration.end();
  assertEquals(await ids(), []);
  await discoverer.close();
});
