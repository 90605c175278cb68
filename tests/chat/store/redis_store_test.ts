import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { interopTest } from "../../interop/programs.ts";
import { until } from "../../support/until.ts";
import { REDIS, RedisScene } from "./redis_scene.ts";
import { bytes, event, hear, Heard, missed, recover, text } from "./scene.ts";

interopTest("B1 an event reaches the members on all gateways in the order of its offsets", [REDIS], async () => {
  await using scene = await RedisScene.start(2);
  const [here, there] = [await hear(scene.one, "r"), await hear(scene.two, "r")];
  const other = await hear(scene.two, "other");
  const published = await Promise.all(
    Array.from({ length: 50 }, (_, i) => (i % 2 ? scene.one : scene.two).publish("r", event(`e${i}`))),
  );
  await until(() => here.lines.length === 50 && there.lines.length === 50, "all have come");
  assertEquals(here.events.map(({ offset }) => offset), Array.from({ length: 50 }, (_, i) => i + 1));
  assertEquals(there.lines, here.lines);
  assertEquals(text(here.events[0]!.body), `body of ${here.events[0]!.id}`);
  assertEquals(new Set(published.map(({ epoch }) => epoch)).size, 1);
  assertEquals(scene.one.position("r"), { offset: 50, epoch: published[0]!.epoch });
  assertEquals(other.lines, []);
  scene.one.unsubscribe("r");
  await scene.one.publish("r", event("last"));
  await until(() => there.lines.length === 51, "the last one has come");
  assertEquals(here.lines.length, 50);
});

interopTest("B1 bodies and ids of any bytes arrive as they were", [REDIS], async () => {
  await using scene = await RedisScene.start(1);
  const heard = await hear(scene.one, "r");
  const body = Uint8Array.from({ length: 256 }, (_, i) => i);
  await scene.one.publish("r", { id: "ü:1:\n", body });
  await scene.one.publish("r", { id: "", body: new Uint8Array() });
  await until(() => heard.events.length === 2, "both have come");
  assertEquals([heard.events[0]!.id, [...heard.events[0]!.body]], ["ü:1:\n", [...body]]);
  assertEquals([heard.events[1]!.id, heard.events[1]!.body.length], ["", 0]);
  const { events } = await recover(scene.one, "r", { offset: 0, epoch: heard.events[0]!.epoch });
  assertEquals([events[0]!.id, [...events[0]!.body]], ["ü:1:\n", [...body]]);
});

interopTest("B3 an id published on two gateways is delivered once, within the history's time", [REDIS], async () => {
  await using scene = await RedisScene.start(2, { historyTtl: 50_000 });
  const heard = await hear(scene.one, "r");
  const first = await scene.one.publish("r", event("a"));
  assertEquals(await scene.two.publish("r", event("a")), { ...first, duplicate: true });
  const left = await scene.look.pttl("gateway:seen:r:a");
  assert(left > 40_000 && left <= 50_000, `it is remembered for ${left} ms`);
  await scene.look.pexpire("gateway:seen:r:a", 1);
  await until(async () => !(await scene.two.publish("r", event("a"))).duplicate, "its time is over");
  await until(() => heard.lines.length === 2, "both have come");
  assertEquals(heard.lines, ["a@1", "a@2"]);
});

interopTest("S1 keys, values and times are those of the contract", [REDIS], async () => {
  await using scene = await RedisScene.start(1, { historySize: 2, historyTtl: 5_000, sessionTtl: 7_000 });
  const { look, one } = scene;
  const record = one.record("auth0|ann", "phone/1", 1_699_999_999);
  record.join("r2");
  record.join("r1");
  record.beat(1_699_999_998);
  await one.devices("r1");
  assertEquals(
    await look.get("gateway:conn:auth0|ann:phone/1"),
    `{"profile_id":"auth0|ann","device_id":"phone/1","room_ids":["r1","r2"],"last_active":1699999999,` +
      `"last_heartbeat":1700000000,"connected":1699999999,"gateway_id":"gw1"}`,
  );
  assertEquals(await look.get("gateway:room:r1"), `["auth0|ann:phone/1"]`);
  const near = async (key: string, ttl: number) => {
    const left = await look.pttl(key);
    assert(left > ttl - 2_000 && left <= ttl, `${key} lives for ${left} ms`);
  };
  await near("gateway:conn:auth0|ann:phone/1", 600_000);
  await near("gateway:room:r1", 600_000);

  const other = one.record("auth0|ann", "a", 1);
  other.join("r1");
  await one.devices("r1");
  assertEquals(await look.get("gateway:room:r1"), `["auth0|ann:a","auth0|ann:phone/1"]`);
  other.end();
  record.leave("r2");
  await one.devices("r1");
  assertEquals(await look.exists("gateway:room:r2"), 0);
  record.end();
  await one.devices("r1");
  assertEquals(await look.keys("gateway:conn:*"), []);
  assertEquals(await look.keys("gateway:room:*"), []);

  for (const id of ["a", "b", "c"]) await one.publish("r1", event(id));
  const { epoch } = await one.publish("r1", event("d"));
  assertEquals(await look.hgetall("gateway:meta:r1"), { epoch, offset: "4" });
  assertEquals(await look.xrange("gateway:history:r1", "-", "+"), [
    ["3-0", ["id", "c", "event", "body of c"]],
    ["4-0", ["id", "d", "event", "body of d"]],
  ]);
  await near("gateway:history:r1", 5_000);

  one.savePositions("ann", "phone", [{ roomId: "r1", offset: 3, epoch }]);
  await one.positions("ann", "phone");
  assertEquals(await look.hgetall("gateway:session:ann:phone"), { r1: `${epoch}:3` });
  await near("gateway:session:ann:phone", 7_000);
});

interopTest("S2 two gateways change one list at the same time, and none of it is lost", [REDIS], async () => {
  await using scene = await RedisScene.start(2);
  const records = scene.gateways.flatMap(({ store }, gateway) =>
    Array.from({ length: 60 }, (_, i) => store.record(`p${i % 30}`, `d${gateway}-${i}`, 1))
  );
  for (const [i, record] of records.entries()) {
    record.join("r");
    if (i % 10 === 0) await Promise.all([scene.one.devices("r"), scene.two.devices("r")]);
  }
  await Promise.all([scene.one.devices("r"), scene.two.devices("r")]);
  const devices = await scene.one.devices("r");
  assertEquals(devices.length, 120);
  assertEquals(devices.filter(({ gatewayId }) => gatewayId === "gw2").length, 60);
  for (const record of records.slice(30, 90)) record.end();
  await Promise.all([scene.one.devices("r"), scene.two.devices("r")]);
  assertEquals((await scene.two.devices("r")).length, 60);
});

interopTest("S5 a storm of joins writes the room's list once", [REDIS], async () => {
  await using scene = await RedisScene.start(1);
  const before = await scene.calls("evalsha");
  for (let i = 0; i < 100; i++) scene.one.record(`p${i}`, "d", 1).join("r");
  scene.clock.advance(199);
  await until(async () => await scene.look.exists("gateway:conn:p99:d") === 1, "the records are written");
  assertEquals(await scene.look.exists("gateway:room:r"), 0);
  scene.clock.advance(1);
  await until(async () => await scene.look.exists("gateway:room:r") === 1, "the list is written");
  assertEquals(await scene.calls("evalsha") - before, 101);
});

interopTest(
  "S2 a heartbeat renews the record and the list, and brings back a list that was lost",
  [REDIS],
  async () => {
    await using scene = await RedisScene.start(2, { recordTtl: 100_000 });
    const record = scene.one.record("ann", "phone", 1);
    record.join("r");
    await scene.one.devices("r");
    await scene.look.del("gateway:room:r");
    await scene.look.pexpire("gateway:conn:ann:phone", 1000);
    await scene.pass(25_001);
    record.beat(2);
    await scene.one.devices("r");
    assertEquals(await scene.look.get("gateway:room:r"), `["ann:phone"]`);
    assert(await scene.look.pttl("gateway:conn:ann:phone") > 90_000);
    // A heartbeat does not take what another gateway owns by now.
    scene.two.record("ann", "phone", 3);
    assertEquals(await scene.two.gatewayOf("ann", "phone"), "gw2");
    record.beat(4);
    assertEquals(await scene.one.gatewayOf("ann", "phone"), "gw2");
    record.end();
    assertEquals(await scene.one.gatewayOf("ann", "phone"), "gw2");
  },
);

interopTest(
  "S2 the end of an old connection leaves the list to the gateway that has the device now",
  [REDIS],
  async () => {
    await using scene = await RedisScene.start(2);
    const old = scene.one.record("ann", "phone", 1);
    old.join("both");
    old.join("before");
    await scene.one.devices("both");
    scene.two.record("ann", "phone", 2).join("both");
    await scene.two.devices("both");
    old.end();
    assertEquals((await scene.one.devices("both")).map(({ gatewayId }) => gatewayId), ["gw2"]);
    assertEquals(await scene.one.devices("before"), []);
    assertEquals(scene.gateways.flatMap(({ told }) => told.presence()), [
      "both +ann - =1",
      "before +ann - =1",
      "before + -ann =0",
    ]);
  },
);

interopTest("S5 whoever reads or writes a list drops members whose gateway died", [REDIS], async () => {
  await using scene = await RedisScene.start(1);
  await scene.look.set("gateway:room:r", `["dead:phone","ann:phone"]`);
  scene.one.record("ann", "phone", 1);
  assertEquals((await scene.one.devices("r")).map(({ profileId }) => profileId), ["ann"]);
  assertEquals(await scene.look.get("gateway:room:r"), `["ann:phone"]`);
  await scene.look.set("gateway:room:r", `["ann:phone","dead:phone"]`);
  scene.one.record("bob", "phone", 1).join("r");
  scene.clock.advance(200);
  await until(async () => (await scene.look.get("gateway:room:r"))?.includes("bob") === true, "the list is written");
  assertEquals(await scene.look.get("gateway:room:r"), `["ann:phone","bob:phone"]`);
  assertEquals(scene.gateways[0]!.told.presence().at(-1), "r +bob -dead =2");
});

interopTest(
  "V1 V2 what a device missed comes from history on any gateway, or it is said to be lost",
  [REDIS],
  async () => {
    await using scene = await RedisScene.start(2, { historySize: 3 });
    const start = await scene.one.publish("r", event("a"));
    await hear(scene.two, "r");
    assertEquals(await missed(scene.two, "r", start), "");
    for (const id of ["b", "c", "d"]) await scene.one.publish("r", event(id));
    await until(() => scene.two.position("r").offset === 4, "the room is there");
    assertEquals(await missed(scene.two, "r", start), "b@2 c@3 d@4");
    await scene.one.publish("r", event("e"));
    await until(() => scene.two.position("r").offset === 5, "the room is there");
    assertEquals(await missed(scene.two, "r", { ...start, offset: 4 }), "e@5");
    await scene.pass(10_000); // What is remembered for a while is forgotten.
    assertEquals(await missed(scene.two, "r", start), "lost");
    assertEquals(await missed(scene.two, "r", { ...start, offset: 2 }), "c@3 d@4 e@5");
    assertEquals(await missed(scene.two, "r", { ...start, offset: 6 }), "lost");
    assertEquals(await missed(scene.two, "r", { offset: 2, epoch: "old" }), "lost");
    assertEquals(await missed(scene.two, "r", { offset: 0, epoch: "" }), "lost");
    for (const offset of [2 ** 64, -1, 1.5, NaN]) {
      assertEquals(await missed(scene.two, "r", { ...start, offset }), "lost", String(offset));
    }
    assert(scene.two.up);
  },
);

interopTest("V1 a device that is ahead of this gateway is caught up, not lost", [REDIS], async () => {
  await using scene = await RedisScene.start(2);
  const heard = await hear(scene.two, "r");
  const first = await scene.one.publish("r", event("a"));
  await until(() => heard.lines.length === 1, "it has come");
  // What the bus loses.
  await scene.look.call("CLIENT", "PAUSE", "1", "ALL");
  await scene.look.eval(
    `redis.call('XADD', 'gateway:history:r', '2-0', 'id', 'b', 'event', 'x') redis.call('HSET', 'gateway:meta:r', 'offset', 2)`,
    0,
  );
  assertEquals(scene.two.position("r").offset, 1);
  assertEquals(await missed(scene.two, "r", { ...first, offset: 2 }), "");
  assertEquals(heard.lines, ["a@1", "b@2"]);
});

interopTest("V1 whoever recovers while events come gets every event once, in order", [REDIS], async () => {
  await using scene = await RedisScene.start(2);
  const { epoch } = await scene.one.publish("r", event("e1"));
  const heard = await hear(scene.two, "r");
  const publishing = (async () => {
    for (let i = 2; i <= 400; i++) await scene.one.publish("r", event(`e${i}`));
  })();
  const seen: { from: number; got: number[]; joined: number }[] = [];
  for (let i = 0; i < 20; i++) {
    await until(() => heard.lines.length > i * 15, "some events have come");
    scene.two.recover("r", { offset: i, epoch }, ({ events }) => {
      seen.push({ from: i, got: events.map(({ offset }) => offset), joined: heard.events.length });
    });
    if (i % 5 === 4) await scene.pass(5_000);
  }
  await publishing;
  await until(() => heard.lines.length === 399 && seen.length === 20, "all is there");
  for (const { from, got, joined } of seen) {
    const all = [...got, ...heard.events.slice(joined).map(({ offset }) => offset)];
    assertEquals(all, Array.from({ length: 400 - from }, (_, j) => from + 1 + j));
  }
});

interopTest("V5 a thousand devices that come back at once cost a few questions to Redis", [REDIS], async () => {
  await using scene = await RedisScene.start(2);
  const { epoch } = await scene.one.publish("r", event("e1"));
  for (let i = 2; i <= 300; i++) await scene.one.publish("r", event(`e${i}`));
  await hear(scene.two, "r");
  const before = await scene.calls("evalsha");
  const recoveries = await Promise.all(
    Array.from({ length: 1000 }, (_, i) => recover(scene.two, "r", { offset: 1 + (i * 7) % 299, epoch })),
  );
  for (const [i, { recovered, events }] of recoveries.entries()) {
    assert(recovered);
    assertEquals([events[0]?.offset, events.at(-1)?.offset], [2 + (i * 7) % 299, 300]);
  }
  const questions = await scene.calls("evalsha") - before;
  assert(questions <= 6, `${questions} questions`);
});

interopTest("V3 positions of a device are found on any gateway, and rooms can be forgotten", [REDIS], async () => {
  await using scene = await RedisScene.start(2);
  const at = (roomId: string, offset: number) => ({ roomId, offset, epoch: "x" });
  scene.one.savePositions("ann", "phone", [at("s", 1), at("r", 1), at("t", 1)]);
  scene.one.savePositions("ann", "phone", [at("r", 2)]);
  scene.clock.advance(100);
  await until(async () => (await scene.two.positions("ann", "phone")).length === 3, "they are written");
  scene.one.forgetRooms("ann", "phone", ["t"]);
  assertEquals(await scene.one.positions("ann", "phone"), [at("r", 2), at("s", 1)]);
  assertEquals(await scene.two.positions("ann", "phone"), [at("r", 2), at("s", 1)]);
  scene.two.forgetRooms("ann", "phone", ["r", "s"]);
  assertEquals(await scene.two.positions("ann", "phone"), []);
  assertEquals(await scene.look.exists("gateway:session:ann:phone"), 0);
});

interopTest(
  "P2 the first and the last device of a profile over all gateways are told, by one of them",
  [REDIS],
  async () => {
    await using scene = await RedisScene.start(2);
    const [phone, laptop] = [scene.one.record("ann", "phone", 1), scene.two.record("ann", "laptop", 1)];
    for (const record of [phone, laptop]) {
      record.join("r");
      await scene.one.devices("r");
      await scene.two.devices("r");
    }
    phone.end();
    await scene.one.devices("r");
    laptop.leave("r");
    await scene.two.devices("r");
    assertEquals(scene.gateways.map(({ told }) => told.presence()), [["r +ann - =1"], ["r + -ann =0"]]);
  },
);

interopTest("what nobody keeps reaches the room's listeners, and a word all gateways", [REDIS], async () => {
  await using scene = await RedisScene.start(2);
  const heard = await hear(scene.two, "r");
  scene.one.spread("r", bytes("typing"));
  await until(() => heard.lines.length === 1, "it has come");
  assertEquals(heard.lines, ["message typing"]);
  const words: string[] = [];
  for (const [i, { store }] of scene.gateways.entries()) store.onControl((body) => words.push(`${i}: ${text(body)}`));
  assertEquals(await scene.one.control(bytes("hello\nyou"), true), 2);
  await until(() => words.length === 2, "both have heard");
  assertEquals(words.sort(), ["0: hello\nyou", "1: hello\nyou"]);
});

interopTest("history can be off, or shorter from now on", [REDIS], async () => {
  await using scene = await RedisScene.start(2, { historySize: 0 });
  const heard = await hear(scene.two, "r");
  const first = await scene.one.publish("r", event("a"));
  await scene.one.publish("r", event("b"));
  await until(() => heard.lines.length === 2, "both have come");
  assertEquals(await scene.look.exists("gateway:history:r"), 0);
  assertEquals([await missed(scene.two, "r", first), await missed(scene.two, "r", { ...first, offset: 2 })], [
    "lost",
    "",
  ]);
  scene.one.retain({ historySize: 1, historyTtl: 1000, sessionTtl: 1000 });
  await scene.one.publish("r", event("c"));
  await scene.one.publish("r", event("d"));
  assertEquals(await scene.look.xlen("gateway:history:r"), 1);
});

interopTest("a room has one listener, and strangers on the bus do no harm", [REDIS], async () => {
  await using scene = await RedisScene.start(1);
  const heard = await hear(scene.one, "r");
  await assertRejects(() => scene.one.subscribe("r", new Heard()), TypeError, "r has a listener already");
  assertThrows(() => scene.one.position("s"), TypeError, "s is not subscribed");
  for (const nonsense of ["", "e", "e1", "e1:x:9:id", "ex:y:0:", "m", "m1", "mx:y", "zzz", "e-1:x:0:"]) {
    await scene.look.publish("gateway:bus:r", nonsense);
  }
  await scene.one.publish("r", event("a"));
  await until(() => heard.lines.length > 0, "it has come");
  assertEquals(heard.lines, ["a@1"]);
});

interopTest("records that ended are written before the store closes", [REDIS], async () => {
  await using scene = await RedisScene.start(1);
  const record = scene.one.record("ann", "phone", 1);
  record.join("r");
  await scene.one.devices("r");
  record.end();
  await scene.one.close();
  assertEquals(await scene.look.keys("gateway:*:*"), []);
});
