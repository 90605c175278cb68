import { assert, assertEquals } from "@std/assert";
import { BEGIN, Scene, settled } from "./support/scene.ts";

Deno.test("C1: the first message is Hello; it is answered by Welcome, then one Subscribed per room", async () => {
  const scene = await Scene.start();
  scene.core.room("r1", "alice").room("r2", "alice");
  const alice = await scene.device("alice", "phone", ["r1", "r2", "r1"]);
  const [welcome, ...subscribed] = alice.take();
  assertEquals(welcome, {
    replyTo: "h",
    welcome: {
      gatewayId: scene.gateway.gatewayId,
      profileId: "alice",
      deviceId: "phone",
      heartbeatIntervalMs: 30000,
      connectionTimeoutMs: 300000,
      maxMessageSize: 65536,
      maxEventsPerSecond: 100,
    },
  });
  assertEquals(subscribed.map(({ replyTo, subscribed }) => [replyTo, subscribed.roomId]), [
    [undefined, "r1"],
    [undefined, "r2"],
  ]);
  await scene.stop();
});

Deno.test("C1: anything before Hello is closed 4003, and so is silence for hello_timeout", async () => {
  const scene = await Scene.start();
  const hasty = await scene.open();
  hasty.say({ id: "1", ping: {} });
  assertEquals(hasty.ended?.code, 4003);
  const silent = await scene.open();
  await scene.pass(9_000);
  assertEquals(silent.ended, undefined);
  await scene.pass(1_500);
  assertEquals(silent.ended?.code, 4003);
  await scene.stop();
});

Deno.test("C2: a second Hello is an error, and the connection stays", async () => {
  const scene = await Scene.start();
  const alice = await scene.device("alice");
  alice.take();
  alice.say({ id: "2", hello: { token: "alice", deviceId: "phone" } });
  const [{ replyTo, error }] = alice.take() as [Record<string, unknown>];
  assertEquals([replyTo, (error as { code: string }).code, alice.ended], ["2", "invalid_argument", undefined]);
  await scene.stop();
});

Deno.test("C3: every request with an id gets exactly one answer", async () => {
  const scene = await Scene.start();
  scene.core.room("r1", "alice").room("r2", "alice");
  const alice = await scene.device("alice", "phone", ["r1"]);
  alice.take();
  const requests = {
    ping: {},
    pong: {},
    ack: { positions: [{ roomId: "r1", offset: "0" }] },
    typing: { roomId: "r1", typing: true },
    presence: { roomId: "r1" },
    signal: { profileId: "nobody", kind: "offer" },
    refresh: { token: "alice" },
    call: { method: "GetHistory", json: {} },
    subscribe: { rooms: [{ roomId: "r2" }] },
    unsubscribe: { roomIds: ["r2"] },
  };
  for (const [kind, value] of Object.entries(requests)) alice.say({ id: kind, [kind]: value });
  await settled();
  await scene.pass(1_100);
  const answers = alice.take().flatMap(({ replyTo }) => replyTo === undefined ? [] : [replyTo]);
  assertEquals(answers.sort(), Object.keys(requests).sort());
  await scene.stop();
});

Deno.test("C3: what comes while a token is checked waits for its turn", async () => {
  const scene = await Scene.start();
  scene.core.room("r1", "alice");
  const check = scene.checker.check.bind(scene.checker);
  const { promise, resolve } = Promise.withResolvers<void>();
  // deno-lint-ignore no-explicit-any -- A check may take its time.
  scene.checker.check = ((token: string) => promise.then(() => check(token))) as any;
  const alice = await scene.open();
  alice.say({ id: "h", hello: { token: "alice", deviceId: "phone" } });
  alice.say({ id: "1", subscribe: { rooms: [{ roomId: "r1" }] } });
  alice.say({ id: "2", ping: {} });
  await settled();
  assertEquals(alice.told, []);
  resolve();
  await settled();
  assertEquals(alice.told.map(({ replyTo }) => replyTo).sort(), ["1", "2", "h"]);
  assertEquals(alice.told[0]!.replyTo, "h");
  await scene.stop();
});

Deno.test("C4: connections are counted and found per device and per room", async () => {
  const scene = await Scene.start();
  scene.core.room("r1", "alice", "bob");
  const alice = await scene.device("alice", "phone", ["r1"]);
  await scene.device("alice", "laptop");
  await scene.device("bob", "phone", ["r1"]);
  const found = async (filter: object) =>
    (await scene.gateway.connections(filter)).map(({ profileId, deviceId }) => `${profileId} ${deviceId}`);
  assertEquals(await found({}), ["alice phone", "alice laptop", "bob phone"]);
  assertEquals(await found({ profile: "alice" }), ["alice phone", "alice laptop"]);
  assertEquals(await found({ profile: "alice", device: "laptop" }), ["alice laptop"]);
  assertEquals(await found({ room: "r1" }), ["alice phone", "bob phone"]);
  alice.leave();
  const { connections, rooms, subscriptions } = await scene.gateway.status();
  assertEquals([connections, rooms, subscriptions], [2, 1, 1]);
  await scene.stop();
});

Deno.test("C5: a newer connection of a device replaces the oldest", async () => {
  const scene = await Scene.start();
  const first = await scene.device("alice");
  const other = await scene.device("alice", "laptop");
  const second = await scene.device("alice");
  assertEquals([first.ended?.code, second.ended, other.ended], [4005, undefined, undefined]);
  await scene.stop();
});

Deno.test("C5: with reject the new connection goes, before the upgrade where its device is known", async () => {
  const scene = await Scene.start({ onDeviceLimit: "reject", maxConnectionsPerDevice: 2 });
  const first = await scene.device("alice");
  await scene.device("alice");
  const third = await scene.device("alice");
  assertEquals([first.ended, third.ended?.code], [undefined, 4009]);
  const admission = await scene.host.admit(scene.handshake({ token: "alice/phone" }));
  assert("refused" in admission);
  assertEquals(admission.refused.status, 429);
  await scene.stop();
});

Deno.test("A3: a bad token is refused in the handshake with 401, in Hello with 4001", async () => {
  const scene = await Scene.start();
  const admission = await scene.host.admit(scene.handshake({ token: "bad" }));
  assert("refused" in admission);
  assertEquals([admission.refused.status, admission.refused.code], [401, "unauthenticated"]);
  assertEquals((await scene.device("bad")).ended?.code, 4001);
  const none = await scene.open();
  none.say({ hello: { deviceId: "phone" } });
  await settled();
  assertEquals(none.ended?.code, 4001);
  await scene.stop();
});

Deno.test("A4: the device of the token wins; without any it is closed 4003; an id that is none is 400", async () => {
  const scene = await Scene.start();
  const claimed = await scene.device("alice/tablet", "phone");
  assertEquals(claimed.told[0]!.welcome.deviceId, "tablet");
  const header = await scene.open({ token: "bob", deviceId: "watch" });
  header.say({ hello: { deviceId: "phone" } });
  await settled();
  assertEquals(header.told[0]!.welcome.deviceId, "watch");
  assertEquals((await scene.device("carol", "")).ended?.code, 4003);
  assertEquals((await scene.device("carol", "a:b")).ended?.code, 4003);
  const admission = await scene.host.admit(scene.handshake({ token: "bob", deviceId: "a b" }));
  assert("refused" in admission);
  assertEquals(admission.refused.status, 400);
  await scene.stop();
});

Deno.test("A6: at the end of its token a connection is closed 4002, unless a newer one came", async () => {
  const scene = await Scene.start();
  const alice = await scene.device(`alice/phone/${BEGIN + 60_000}`);
  const bob = await scene.device(`bob/phone/${BEGIN + 60_000}`);
  const carol = await scene.device(`carol/phone/${BEGIN + 60_000}`);
  bob.take();
  bob.say({ id: "r", refresh: { token: `bob/phone/${BEGIN + 120_000}` } });
  carol.say({ id: "r", refresh: { token: "bob/phone" } });
  await settled();
  assertEquals(bob.take(), [{ replyTo: "r", refreshed: {} }]);
  assertEquals(carol.ended?.code, 4001);
  await scene.pass(64_000);
  assertEquals([alice.ended, bob.ended], [undefined, undefined]);
  await scene.pass(2_000);
  assertEquals([alice.ended?.code, bob.ended], [4002, undefined]);
  await scene.pass(60_000);
  assertEquals(bob.ended?.code, 4002);
  await scene.stop();
});

Deno.test("A7: while the issuer cannot be reached it is 503 with a time to wait", async () => {
  const scene = await Scene.start();
  const admission = await scene.host.admit(scene.handshake({ token: "away" }));
  assert("refused" in admission);
  assertEquals([admission.refused.status, admission.refused.retryAfterMs], [503, 1000]);
  scene.checker.state = "down";
  const { ready, reason } = await scene.gateway.status();
  assertEquals([ready, reason], [false, "the keys of the issuer cannot be read"]);
  await scene.stop();
});

Deno.test("H1, H2: it is pinged every heartbeat, and closed 4000 when nothing came for connection_timeout", async () => {
  const scene = await Scene.start({ heartbeatInterval: 10_000, connectionTimeout: 40_000 });
  const alive = await scene.device("alice");
  const dead = await scene.device("bob");
  for (let second = 0; second < 39; second += 3) {
    await scene.pass(3_000);
    alive.listener.alive();
  }
  assertEquals([alive.pings, dead.pings, dead.ended], [3, 3, undefined]);
  await scene.pass(2_000);
  assertEquals([alive.ended, dead.ended?.code], [undefined, 4000]);
  assertEquals((await scene.gateway.status()).connections, 1);
  await scene.stop();
});

Deno.test("H3: ping gets pong", async () => {
  const scene = await Scene.start();
  const alice = await scene.device("alice");
  alice.take();
  alice.say({ id: "p", ping: {} });
  alice.say({ ping: {} });
  assertEquals(alice.take(), [{ replyTo: "p", pong: {} }, { pong: {} }]);
  await scene.stop();
});

Deno.test("H4: heartbeats renew what is in the cache, which goes when the connection goes", async () => {
  const scene = await Scene.start({ heartbeatInterval: 1_000, connectionTimeout: 3_000 });
  scene.core.room("r1", "alice");
  const alice = await scene.device("alice", "phone", ["r1"]);
  for (let second = 0; second < 20; second++) {
    await scene.pass(1_000);
    alice.listener.alive();
  }
  assertEquals((await scene.gateway.room("r1"))?.devices.map(({ deviceId }) => deviceId), ["phone"]);
  alice.leave();
  await scene.pass(300);
  assertEquals(await scene.gateway.room("r1"), undefined);
  await scene.stop();
});
