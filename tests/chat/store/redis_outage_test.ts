import { assert, assertEquals, assertMatch } from "@std/assert";
import { interopTest } from "../../interop/programs.ts";
import { until } from "../../support/until.ts";
import { REDIS, redisClient, RedisScene } from "./redis_scene.ts";
import { RedisStore } from "../../../src/chat/store/redis_store.ts";
import { bytes, event, hear, missed, text, Told } from "./scene.ts";

interopTest(
  "S4 Redis away at the start: a gateway works alone, and enters its rooms when it comes",
  [REDIS],
  async () => {
    await using scene = new RedisScene();
    const { store, told } = await scene.gateway();
    assertEquals([store.up, told.kinds()[0]], [false, "cache_down"]);
    const heard = await hear(store, "r");
    assertEquals(store.position("r"), { offset: 0, epoch: "" });
    assertEquals(await store.publish("r", event("a")), { offset: 0, epoch: "", duplicate: false });
    assertEquals(await store.publish("r", event("a")), { offset: 0, epoch: "", duplicate: true });
    assertEquals(await missed(store, "r", { offset: 0, epoch: "x" }), "lost");
    await scene.serve();
    await scene.up();
    assertEquals(heard.lines, ["a@0", "moved 0"]);
    await until(() => store.position("r").offset === 1, "the event has its offset");
    await store.publish("r", event("b"));
    await until(() => heard.lines.length === 3, "the next has come");
    assertEquals(heard.lines[2], "b@2");
    assertEquals(told.kinds().filter((kind) => kind === "cache_up").length, 1);
  },
);

interopTest(
  "S4 Redis away: own members get events at once, the others when it is back, nobody twice",
  [REDIS],
  async () => {
    await using scene = await RedisScene.start(2);
    const [here, there] = [await hear(scene.one, "r"), await hear(scene.two, "r")];
    await scene.one.publish("r", event("a"));
    await until(() => there.lines.length === 1 && here.lines.length === 1, "the first has come");
    await scene.outage();
    await scene.one.publish("r", event("b"));
    await scene.two.publish("r", event("c"));
    await scene.one.publish("r", event("d"));
    assertEquals([here.lines, there.lines], [["a@1", "b@0", "d@0"], ["a@1", "c@0"]]);
    await scene.serve();
    await scene.up();
    await scene.one.publish("r", event("e"));
    await until(() => [here, there].every(({ lines }) => lines.at(-1)?.startsWith("e@")), "the last has come");
    // It lost its data: all are told of a new epoch, once.
    for (const { lines, events, moves } of [here, there]) {
      assertEquals(moves.length, 1, lines.join());
      assertEquals(events.map(({ id }) => id).sort(), ["a", "b", "c", "d", "e"]);
      const order = events.map(({ id }) => id).join("");
      assertMatch(order, /b.*d/);
    }
    assertEquals(here.events.at(-1)!.offset, 4);
  },
);

interopTest("S4 whoever joins during an outage gets what has no offset yet after what it missed", [REDIS], async () => {
  await using scene = await RedisScene.start(1);
  const heard = await hear(scene.one, "r");
  await scene.one.publish("r", event("a"));
  const second = await scene.one.publish("r", event("b"));
  await until(() => heard.lines.length === 2, "both have come");
  assertEquals(await missed(scene.one, "r", { ...second, offset: 1 }), "b@2");
  await scene.outage();
  await scene.one.publish("r", event("c"));
  assertEquals(await missed(scene.one, "r", second), "c@0");
  // What was fetched lately needs no Redis; what was not is lost.
  assertEquals(await missed(scene.one, "r", { ...second, offset: 1 }), "b@2 c@0");
  assertEquals(await missed(scene.one, "r", { ...second, offset: 0 }), "lost");
});

interopTest("S4 connections that break are back at once, and what the bus missed is fetched", [REDIS], async () => {
  await using scene = await RedisScene.start(2);
  const [here, there] = [await hear(scene.one, "r"), await hear(scene.two, "r")];
  for (let round = 0; round < 3; round++) {
    await scene.cut("pubsub");
    for (let i = 0; i < 20; i++) await scene.one.publish("r", event(`${round}.${i}`));
    const count = 20 * (round + 1);
    await scene.pass(200);
    await until(() => here.lines.length === count && there.lines.length === count, "all have come");
  }
  assertEquals(there.lines, here.lines);
  assertEquals(there.events.map(({ offset }) => offset), Array.from({ length: 60 }, (_, i) => i + 1));
  assert(scene.gateways.every(({ told }) => !told.kinds().includes("cache_down")), "nobody need know");
});

interopTest(
  "S4 what was published while the connection for commands broke arrives once everywhere",
  [REDIS],
  async () => {
    await using scene = await RedisScene.start(2);
    const [here, there] = [await hear(scene.one, "r"), await hear(scene.two, "r")];
    const publishing: Promise<unknown>[] = [];
    for (let i = 0; i < 100; i++) {
      publishing.push(scene.one.publish("r", event(`e${i}`)));
      if (i % 25 === 10) await scene.cut("normal");
    }
    await Promise.all(publishing);
    await scene.up();
    await until(() => new Set(here.lines).size >= 100 && there.lines.length >= 100, "all have come");
    for (const heard of [here, there]) {
      assertEquals(heard.events.length, 100);
      assertEquals(new Set(heard.events.map(({ id }) => id)).size, 100);
      assertEquals(heard.moves, []);
    }
    const offsets = there.events.map(({ offset }) => offset);
    assertEquals(offsets, Array.from({ length: 100 }, (_, i) => i + 1));
  },
);

interopTest(
  "S4 a bus that stays away counts as an outage, and what was published meanwhile is fetched",
  [REDIS],
  async () => {
    await using scene = await RedisScene.start(1);
    const heard = await hear(scene.one, "r");
    await scene.look.config("SET", "maxclients", "2");
    await scene.cut("pubsub");
    await until(async () => (await scene.look.pubsub("CHANNELS") as string[]).length === 0, "the bus is cut");
    assertEquals((await scene.one.publish("r", event("a"))).offset, 1);
    await scene.pass(600);
    assert(scene.one.up, "it is away for a moment only");
    await scene.pass(1000);
    await until(() => !scene.one.up, "it is an outage");
    assertEquals((await scene.one.publish("r", event("b"))).offset, 0);
    const down = scene.gateways[0]!.told.events.find(({ kind }) => kind === "cache_down");
    assert(down?.kind === "cache_down");
    await scene.look.config("SET", "maxclients", "100");
    await scene.up();
    assertEquals(heard.lines, ["b@0", "a@1"]);
    await until(() => scene.one.position("r").offset === 2, "the second has its offset");
    assertEquals(heard.lines.length, 2);
  },
);

interopTest("S4 a Redis that does not answer is away after a second, and nothing is doubled", [REDIS], async () => {
  await using scene = await RedisScene.start(2);
  const [here, there] = [await hear(scene.one, "r"), await hear(scene.two, "r")];
  const other = await hear(scene.one, "other");
  await scene.one.publish("r", event("a"));
  await until(() => here.lines.length + there.lines.length === 2, "the first has come");
  scene.server.freeze();
  try {
    const waiting = scene.one.publish("r", event("b"));
    scene.clock.advance(900);
    assert(scene.one.up, "it is still waited for");
    scene.clock.advance(350);
    assertEquals((await waiting).offset, 0);
    await scene.one.publish("other", event("c"));
    assertEquals([here.lines, other.lines], [["a@1", "b@0"], ["c@0"]]);
    const down = scene.gateways[0]!.told.events.find(({ kind }) => kind === "cache_down");
    assert(down?.kind === "cache_down");
    assertEquals(down.reason, "Redis did not answer on the connection for commands within 1000 ms");
  } finally {
    scene.server.thaw();
  }
  await scene.up();
  await until(() => there.lines.length === 2, "the other gateway has it too");
  await scene.two.publish("r", event("d"));
  await until(() => here.lines.length === 3 && there.lines.length === 3, "the last has come");
  assertEquals([here.lines, there.lines], [["a@1", "b@0", "d@3"], ["a@1", "b@2", "d@3"]]);
});

interopTest("S4 a connection that went away without a word is noticed while nothing is asked", [REDIS], async () => {
  await using scene = await RedisScene.start(1);
  scene.server.freeze();
  for (let i = 0; i < 30 && scene.one.up; i++) {
    scene.clock.advance(250);
    await new Promise((resolve) => setTimeout(resolve)); // the socket's end is told in another turn
  }
  await until(() => !scene.one.up, "it is noticed");
  scene.server.thaw();
  await scene.up();
});

interopTest("S4 a short pause of Redis delays, and nothing else", [REDIS], async () => {
  await using scene = await RedisScene.start(2);
  const heard = await hear(scene.two, "r");
  await scene.look.call("CLIENT", "PAUSE", "60", "ALL");
  assertEquals((await scene.one.publish("r", event("a"))).offset, 1);
  scene.look.call("DEBUG", "SLEEP", "0.05").catch(() => {}); // forbidden by default since Redis 7
  assertEquals((await scene.one.publish("r", event("b"))).offset, 2);
  await until(() => heard.lines.length === 2, "both have come");
  assertEquals(heard.lines, ["a@1", "b@2"]);
  assert(scene.gateways.every(({ told }) => !told.kinds().includes("cache_down")));
});

interopTest(
  "S4 a full Redis counts as away, and what it did not take is published when there is room",
  [REDIS],
  async () => {
    await using scene = await RedisScene.start(2);
    const [here, there] = [await hear(scene.one, "r"), await hear(scene.two, "r")];
    await scene.one.publish("r", event("a"));
    await scene.look.config("SET", "maxmemory-policy", "noeviction");
    await scene.look.config("SET", "maxmemory", "1");
    assertEquals((await scene.one.publish("r", event("b"))).offset, 0);
    assertEquals(scene.one.up, false);
    await scene.pass(1100);
    assertEquals(scene.one.up, false, "no room yet");
    const { told } = scene.gateways[0]!;
    const reasons = told.events.flatMap((event) => event.kind === "cache_down" ? [event.reason] : []);
    assertEquals(reasons.length, 1, "told once");
    assertMatch(reasons[0]!, /^OOM /);
    await scene.look.config("SET", "maxmemory", "0");
    await scene.up();
    await until(() => there.lines.length === 2, "the other gateway has it");
    assertEquals([here.lines, there.lines], [["a@1", "b@0"], ["a@1", "b@2"]]);
  },
);

interopTest("S4 a Redis that became a replica counts as away until it takes writes again", [REDIS], async () => {
  await using scene = await RedisScene.start(1);
  const heard = await hear(scene.one, "r");
  await scene.look.call("REPLICAOF", "127.0.0.1", "1");
  assertEquals((await scene.one.publish("r", event("a"))).offset, 0);
  assertEquals(scene.one.up, false);
  await scene.look.call("REPLICAOF", "NO", "ONE");
  await scene.up();
  assertEquals(heard.lines, ["a@0"]);
  assertEquals(await scene.look.hget("gateway:meta:r", "offset"), "1");
});

interopTest("V2 Redis restarted empty: a new epoch is told once, and events go on", [REDIS], async () => {
  await using scene = await RedisScene.start(2);
  const [here, there] = [await hear(scene.one, "r"), await hear(scene.two, "r")];
  const old = await scene.one.publish("r", event("a"));
  await until(() => here.lines.length + there.lines.length === 2, "the first has come");
  await scene.outage();
  await scene.serve();
  await scene.up();
  const now = await scene.two.publish("r", event("b"));
  await until(() => here.lines.length === 3 && there.lines.length === 3, "the second has come");
  assertEquals([here.lines, there.lines], [["a@1", "moved 0", "b@1"], ["a@1", "moved 0", "b@1"]]);
  assert(now.epoch !== old.epoch);
  assertEquals([here.moves[0]!.epoch, there.moves[0]!.epoch], [now.epoch, now.epoch]);
  assertEquals(await missed(scene.one, "r", old), "lost");
});

interopTest("V2 data lost while all stays connected: the next event tells the new epoch", [REDIS], async () => {
  await using scene = await RedisScene.start(2);
  const [here, there] = [await hear(scene.one, "r"), await hear(scene.two, "r")];
  await scene.one.publish("r", event("a"));
  await scene.look.flushall();
  await scene.two.publish("r", event("b"));
  await until(() => here.lines.length === 3 && there.lines.length === 3, "the second has come");
  assertEquals(here.lines, ["a@1", "moved 0", "b@1"]);
  assertEquals(there.lines, here.lines);
});

interopTest("S4 after an outage the keys are there again, and nobody is said to have joined", [REDIS], async () => {
  await using scene = await RedisScene.start(2);
  const [ann, bob] = [scene.one.record("ann", "phone", 1), scene.two.record("bob", "phone", 1)];
  ann.join("r");
  bob.join("r");
  await Promise.all([scene.one.devices("r"), scene.two.devices("r")]);
  const presence = () => scene.gateways.flatMap(({ told }) => told.presence()).length;
  assertEquals(presence(), 2);
  await scene.outage();
  assertEquals((await scene.one.devices("r")).map(({ profileId }) => profileId), ["ann"]);
  scene.one.record("cid", "phone", 1).join("r");
  bob.end();
  scene.one.savePositions("ann", "phone", [{ roomId: "r", offset: 7, epoch: "x" }]);
  await scene.serve();
  await scene.up();
  await until(async () => (await scene.two.devices("r")).length === 2, "the list is there");
  assertEquals((await scene.two.devices("r")).map(({ profileId }) => profileId), ["ann", "cid"]);
  const keys = (await scene.look.keys("gateway:conn:*")).sort();
  assertEquals(keys, ["gateway:conn:ann:phone", "gateway:conn:cid:phone"]);
  const last = scene.gateways.map(({ told }) => told.presence().at(-1)?.slice(0, 8));
  assertEquals(last, ["r +cid -", "r +bob -"]);
  assertEquals((await scene.two.positions("ann", "phone"))[0]?.offset, 7);
});

interopTest(
  "S4 an outage longer than its queue makes a new epoch, so that nobody misses anything unknown",
  [REDIS],
  async () => {
    await using scene = await RedisScene.start(2, { outageQueue: 2 });
    const [here, there] = [await hear(scene.one, "r"), await hear(scene.two, "r")];
    await scene.outage();
    for (const id of ["a", "b", "c"]) await scene.one.publish("r", event(id));
    await scene.serve();
    await scene.up();
    await until(() => there.moves.length >= 1 && here.moves.length >= 1, "the new epoch is told");
    await scene.two.publish("r", event("d"));
    await until(() => [here, there].every(({ lines }) => lines.at(-1)?.startsWith("d@")), "the last has come");
    assertEquals(here.events.map(({ id }) => id), ["a", "b", "c", "d"]);
    assertEquals(there.events.map(({ id }) => id), ["a", "b", "d"]);
    assert(scene.gateways[0]!.told.kinds().includes("cache_overflow"));
  },
);

interopTest("R5 a word that must not be lost is heard here at once, and by the others later", [REDIS], async () => {
  await using scene = await RedisScene.start(2);
  const words: string[] = [];
  for (const [i, { store }] of scene.gateways.entries()) store.onControl((body) => words.push(`${i}: ${text(body)}`));
  await scene.outage();
  assertEquals(await scene.one.control(bytes("removed"), true), 1);
  assertEquals(await scene.one.control(bytes("signal"), false), 1);
  assertEquals(words, ["0: removed", "0: signal"]);
  await scene.serve();
  await scene.up();
  await until(() => words.length > 2, "the other hears it");
  assertEquals(await scene.two.control(bytes("end"), false), 2);
  await until(() => words.filter((word) => word.includes("end")).length === 2, "the last is heard");
  assertEquals(words.slice(2).sort(), ["0: end", "1: end", "1: removed"]);
});

interopTest("R5 a word that was said while the bus was away is heard by all when it is back", [REDIS], async () => {
  await using scene = await RedisScene.start(2);
  const words: string[] = [];
  for (const [i, { store }] of scene.gateways.entries()) store.onControl((body) => words.push(`${i}: ${text(body)}`));
  await scene.cut("pubsub");
  assertEquals(await scene.one.control(bytes("removed"), true), 0);
  assertEquals(await scene.one.control(bytes("signal"), false), 0);
  await scene.pass(200);
  await until(() => words.length === 2, "both have heard it");
  assertEquals(words.sort(), ["0: removed", "1: removed"]);
});

interopTest("B1 an event that the bus lost is fetched when the next one comes", [REDIS], async () => {
  await using scene = await RedisScene.start(1);
  const heard = await hear(scene.one, "r");
  await scene.one.publish("r", event("a"));
  await scene.look.xadd("gateway:history:r", "2-0", "id", "b", "event", "b");
  await scene.look.hset("gateway:meta:r", "offset", 2);
  await scene.one.publish("r", event("c"));
  await until(() => heard.lines.length === 3, "all have come");
  assertEquals(heard.lines, ["a@1", "b@2", "c@3"]);
});

interopTest("V2 a Redis that knows less than it has told makes a new epoch", [REDIS], async () => {
  await using scene = await RedisScene.start(1);
  const heard = await hear(scene.one, "r");
  const { epoch } = await scene.one.publish("r", event("a"));
  await scene.look.publish("gateway:bus:r", `e9:${epoch}:1:xbody`);
  await until(() => heard.moves.length === 1, "it is told");
  assert(heard.moves[0]!.epoch !== epoch);
  await scene.one.publish("r", event("b"));
  await until(() => heard.lines.length === 3, "the next has come");
  assertEquals(heard.lines, ["a@1", "moved 0", "b@1"]);
});

interopTest("keys of another type are removed, told, and nothing is lost", [REDIS], async () => {
  await using scene = await RedisScene.start(2);
  const heard = await hear(scene.two, "r");
  await scene.one.publish("r", event("a"));
  await scene.look.set("gateway:history:r", "nonsense");
  await scene.look.hset("gateway:seen:r:b", "x", "y");
  assertEquals((await scene.one.publish("r", event("b"))).offset, 2);
  await until(() => heard.lines.length === 2, "both have come");
  assertEquals(heard.lines, ["a@1", "b@2"]);
  await scene.look.del("gateway:meta:r");
  await scene.look.set("gateway:meta:r", "nonsense");
  await scene.one.publish("r", event("c"));
  await until(() => heard.lines.length === 4, "the third has come");
  assertEquals(heard.lines.slice(2), ["moved 0", "c@1"]);

  for (const key of ["gateway:room:r", "gateway:conn:ann:phone", "gateway:session:ann:phone"]) {
    await scene.look.rpush(key, "nonsense");
  }
  scene.one.record("ann", "phone", 1).join("r");
  assertEquals((await scene.one.devices("r")).length, 1);
  scene.one.savePositions("ann", "phone", [{ roomId: "r", offset: 1, epoch: "x" }]);
  assertEquals((await scene.one.positions("ann", "phone")).length, 1);
  await scene.look.set("gateway:room:r", "{nonsense");
  await scene.look.set("gateway:conn:bob:phone", "{nonsense");
  scene.one.record("ann", "laptop", 1).join("r");
  assertEquals((await scene.one.devices("r")).length, 1);
  assertEquals(await scene.two.gatewayOf("bob", "phone"), "");
  assert(scene.gateways[0]!.told.events.some((event) => event.kind === "cache_error" && event.what === "repair"));
  assert(scene.one.up);
});

interopTest("a history ahead of its counter begins anew", [REDIS], async () => {
  await using scene = await RedisScene.start(1);
  const heard = await hear(scene.one, "r");
  for (const id of ["a", "b", "c"]) await scene.one.publish("r", event(id));
  await scene.look.hset("gateway:meta:r", "offset", 1);
  await scene.one.publish("r", event("d"));
  await until(() => heard.lines.length === 5, "all have come");
  assertEquals(heard.lines.slice(3), ["moved 0", "d@1"]);
});

interopTest("scripts that an operator flushed are loaded again", [REDIS], async () => {
  await using scene = await RedisScene.start(2);
  const heard = await hear(scene.two, "r");
  await scene.look.script("FLUSH");
  await scene.one.publish("r", event("a"));
  await scene.up();
  await until(() => heard.lines.length === 1, "it has come");
  assertEquals(heard.lines, ["a@1"]);
});

interopTest("V2 a server that took over and knows less makes a new epoch, told to all gateways", [REDIS], async () => {
  await using scene = await RedisScene.start(2);
  const [here, there] = [await hear(scene.one, "r"), await hear(scene.two, "r")];
  for (const id of ["a", "b", "c"]) await scene.one.publish("r", event(id));
  await until(() => here.lines.length + there.lines.length === 6, "all have come");
  const { epoch } = scene.one.position("r");
  await scene.outage();
  await scene.serve();
  // The replica had two of the three, and somebody published another third there.
  await scene.look.hset("gateway:meta:r", { epoch, offset: 3 });
  for (const [i, id] of ["a", "b", "other"].entries()) {
    await scene.look.xadd("gateway:history:r", `${i + 1}-0`, "id", id, "event", id);
  }
  await scene.up();
  await scene.one.publish("r", event("d"));
  await until(() => [here, there].every(({ lines }) => lines.at(-1)?.startsWith("d@")), "the last has come");
  assertEquals([here.lines, there.lines], [
    ["a@1", "b@2", "c@3", "moved 0", "d@1"],
    ["a@1", "b@2", "c@3", "moved 0", "d@1"],
  ]);
});

interopTest("V2 a server that took over with all data goes on as if nothing had been", [REDIS], async () => {
  await using scene = await RedisScene.start(2);
  const [here, there] = [await hear(scene.one, "r"), await hear(scene.two, "r")];
  for (const id of ["a", "b"]) await scene.one.publish("r", event(id));
  await until(() => here.lines.length + there.lines.length === 4, "all have come");
  const { epoch } = scene.one.position("r");
  await scene.outage();
  await scene.two.publish("r", event("d"));
  await scene.serve();
  // One more than they have seen.
  await scene.look.hset("gateway:meta:r", { epoch, offset: 3 });
  for (const [i, id] of ["a", "b", "c"].entries()) {
    await scene.look.xadd("gateway:history:r", `${i + 1}-0`, "id", id, "event", id);
  }
  await scene.up();
  await until(() => here.lines.length === 4 && there.lines.length === 4, "all have come");
  assertEquals([here.lines, there.lines], [["a@1", "b@2", "c@3", "d@4"], ["a@1", "b@2", "d@0", "c@3"]]);
});

interopTest(
  "S4 a password that Redis does not take is told without saying it, until it is taken",
  [REDIS],
  async () => {
    await using scene = new RedisScene();
    await scene.serve(["--requirepass", "other"]);
    const told = new Told();
    const store = new RedisStore(`redis://:geheim@127.0.0.1:${scene.port}`, {
      gatewayId: "gw1",
      historySize: 1,
      historyTtl: 1,
      sessionTtl: 1,
      recordTtl: 1,
      outageQueue: 1,
      clock: scene.clock,
      wall: () => 0,
      tell: told.tell,
    });
    await store.start();
    scene.gateways.push({ store, told });
    assertMatch(JSON.stringify(told.events[0]), /cache_down.*WRONGPASS/);
    assert(!JSON.stringify(told.events).includes("geheim"));
    using admin = redisClient(scene.port, "other");
    await admin.client.config("SET", "requirepass", "geheim");
    await scene.up();
  },
);

interopTest("a store that is closed while Redis is away, or on its way, leaves nothing behind", [REDIS], async () => {
  await using scene = new RedisScene();
  const { store } = await scene.gateway();
  await hear(store, "r");
  await store.publish("r", event("a"));
  await store.close();
  await store.close();
  await scene.serve();
  await using other = new RedisScene();
  await other.serve();
  const coming = other.gateway();
  await other.gateways[0]!.store.close();
  await coming;
});
