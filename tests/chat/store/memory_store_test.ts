import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { MemoryCache, MemoryStore, openStore } from "../../../src/chat/store/mod.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { bytes, event, hear, Heard, missed, recover, text, Told } from "./scene.ts";

/** Gateways `gw1`, `gw2` ... of one process. */
async function gateways(count: number, historySize = 1000) {
  const clock = new FakeClock();
  const cache = new MemoryCache(clock);
  const told = new Told();
  const stores = Array.from({ length: count }, (_, i) =>
    new MemoryStore({
      gatewayId: `gw${i + 1}`,
      historySize,
      historyTtl: 600_000,
      sessionTtl: 3_600_000,
      recordTtl: 600_000,
      outageQueue: 10,
      clock,
      wall: () => clock.now(),
      tell: told.tell,
    }, cache));
  for (const store of stores) await store.start();
  return {
    clock,
    told,
    stores,
    one: stores[0]!,
    two: stores[1]!,
    async [Symbol.asyncDispose]() {
      for (const store of stores) await store.close();
      assertEquals(clock.alarms, 0);
    },
  };
}

Deno.test("B1 an event reaches the members on all gateways of the process in the order of its offsets", async () => {
  await using scene = await gateways(2);
  const [here, there] = [await hear(scene.one, "r"), await hear(scene.two, "r")];
  const first = await scene.one.publish("r", event("a"));
  await scene.two.publish("r", event("b"));
  await scene.two.publish("other", event("c"));
  assertEquals([here.lines, there.lines], [["a@1", "b@2"], ["a@1", "b@2"]]);
  assertEquals(scene.two.position("r"), { offset: 2, epoch: first.epoch });
  scene.one.unsubscribe("r");
  await scene.two.publish("r", event("d"));
  assertEquals([here.lines.length, there.lines.length], [2, 3]);
});

Deno.test("B1 a listener that publishes does not overtake what the others wait for", async () => {
  await using scene = await gateways(2);
  const heard = new Heard();
  const answers = new Heard();
  answers.event = (got) => {
    if (got.id === "question") void scene.one.publish("r", event("answer"));
  };
  await scene.one.subscribe("r", answers);
  await scene.two.subscribe("r", heard);
  await scene.one.publish("r", event("question"));
  assertEquals(heard.lines, ["question@1", "answer@2"]);
});

Deno.test("B3 an id published twice is delivered once, until its time is over", async () => {
  await using scene = await gateways(1);
  const heard = await hear(scene.one, "r");
  const first = await scene.one.publish("r", event("a"));
  await scene.one.publish("r", event("b"));
  assertEquals(await scene.one.publish("r", event("a")), { ...first, duplicate: true });
  scene.clock.advance(600_001);
  assertEquals((await scene.one.publish("r", event("a"))).offset, 3);
  assertEquals(heard.lines, ["a@1", "b@2", "a@3"]);
});

Deno.test("V1 V2 what a device missed comes from history, and what is not there is said to be lost", async () => {
  await using scene = await gateways(2, 2);
  const start = await scene.one.publish("r", event("a"));
  await hear(scene.two, "r");
  await scene.one.publish("r", event("b"));
  assertEquals(await missed(scene.two, "r", start), "b@2");
  await scene.one.publish("r", event("c"));
  assertEquals(await missed(scene.two, "r", start), "b@2 c@3");
  await scene.one.publish("r", event("d"));
  assertEquals(await missed(scene.two, "r", start), "lost");
  assertEquals(await missed(scene.two, "r", { ...start, offset: 4 }), "");
  assertEquals(await missed(scene.two, "r", { ...start, offset: 5 }), "lost");
  assertEquals((await recover(scene.two, "r", { offset: 3, epoch: "old" })).position.offset, 4);
  for (const offset of [2 ** 64, -1, 1.5, NaN]) {
    assertEquals(await missed(scene.two, "r", { ...start, offset }), "lost");
  }
  scene.clock.advance(600_001);
  assertEquals(await missed(scene.two, "r", { ...start, offset: 3 }), "lost");
});

Deno.test("S2 P2 records and lists follow the connections of all gateways, and say who came and went", async () => {
  await using scene = await gateways(2);
  const phone = scene.one.record("ann", "phone", 1);
  const laptop = scene.two.record("ann", "laptop", 1);
  const bob = scene.one.record("bob", "phone", 1);
  for (const record of [phone, laptop, bob]) record.join("r");
  scene.clock.advance(200);
  const devices = async () => {
    await scene.one.devices("r");
    return (await scene.two.devices("r")).map((it) => `${it.profileId}:${it.deviceId}@${it.gatewayId}`);
  };
  assertEquals(await devices(), ["ann:laptop@gw2", "ann:phone@gw1", "bob:phone@gw1"]);
  phone.end();
  bob.leave("r");
  assertEquals(await devices(), ["ann:laptop@gw2"]);
  assertEquals(await scene.one.gatewayOf("ann", "phone"), undefined);
  assertEquals(await scene.two.gatewayOf("bob", "phone"), "gw1");
  laptop.end();
  assertEquals(await devices(), []);
  assertEquals(scene.told.presence(), ["r +ann,bob - =2", "r + -bob =1", "r + -ann =0"]);
});

Deno.test("S2 the end of an old connection leaves the record that another gateway owns now", async () => {
  await using scene = await gateways(2);
  const old = scene.one.record("ann", "phone", 1);
  old.join("r");
  await scene.one.devices("r");
  const now = scene.two.record("ann", "phone", 2);
  now.join("r");
  await scene.two.devices("r");
  old.end();
  assertEquals((await scene.one.devices("r")).map((it) => it.gatewayId), ["gw2"]);
});

Deno.test("S5 a gateway that died is forgotten when its records expire, unless they are renewed", async () => {
  await using scene = await gateways(2);
  const dead = scene.one.record("ann", "phone", 1);
  const alive = scene.two.record("bob", "phone", 1);
  dead.join("r");
  alive.join("r");
  await scene.one.devices("r");
  for (let i = 0; i < 4; i++) {
    scene.clock.advance(200_000);
    alive.beat(i);
    await scene.two.devices("r");
  }
  assertEquals((await scene.two.devices("r")).map((it) => it.profileId), ["bob"]);
});

Deno.test("V3 positions of a device are found on any gateway for the session's time", async () => {
  await using scene = await gateways(2);
  scene.one.savePositions("ann", "phone", [
    { roomId: "s", offset: 1, epoch: "x" },
    { roomId: "r", offset: 2, epoch: "y" },
    { roomId: "t", offset: 3, epoch: "z" },
  ]);
  scene.one.forgetRooms("ann", "phone", ["t"]);
  assertEquals(await scene.two.positions("ann", "phone"), [
    { roomId: "r", offset: 2, epoch: "y" },
    { roomId: "s", offset: 1, epoch: "x" },
  ]);
  scene.clock.advance(3_600_001);
  assertEquals(await scene.two.positions("ann", "phone"), []);
});

Deno.test("what nobody keeps reaches the room's listeners and all gateways", async () => {
  await using scene = await gateways(2);
  const heard = await hear(scene.two, "r");
  scene.one.spread("r", bytes("typing"));
  assertEquals(heard.lines, ["message typing"]);
  const words: string[] = [];
  for (const [i, store] of scene.stores.entries()) store.onControl((body) => words.push(`${i}: ${text(body)}`));
  assertEquals(await scene.one.control(bytes("hello")), 2);
  assertEquals(words, ["0: hello", "1: hello"]);
});

Deno.test("a room has one listener, and only a subscribed room has a position", async () => {
  await using scene = await gateways(1);
  await hear(scene.one, "r");
  await assertRejects(() => scene.one.subscribe("r", new Heard()), TypeError, "r has a listener already");
  assertThrows(() => scene.one.position("s"), TypeError, "s is not subscribed");
});

Deno.test("a cache URI says which store it is, and another is refused", async () => {
  await using scene = await gateways(1);
  const options = { ...scene, gatewayId: "g", historySize: 1, historyTtl: 1, sessionTtl: 1, recordTtl: 1 };
  const all = { ...options, outageQueue: 1, wall: () => 0, tell: () => {} };
  assert((await openStore("mem://", all)).up);
  await assertRejects(
    () => openStore("http://host", all),
    TypeError,
    "expected mem://, redis://HOST:PORT or rediss://",
  );
});
