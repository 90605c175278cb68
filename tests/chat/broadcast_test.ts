import { assert, assertEquals } from "@std/assert";
import type { Encoded } from "../../src/chat/proto/mod.ts";
import { Judge } from "../../src/chat/sim/judge.ts";
import type { FakeTransport } from "./support/fakes.ts";
import { Scene, settled } from "./support/scene.ts";

const send = (roomId: string, ...ids: string[]) => ({
  method: "SendEvent",
  json: { events: ids.map((id) => ({ id, roomId, senderId: "alice", type: "message", payload: { text: id } })) },
});

/** Lets the judge read all that a device was told. */
function judged(judge: Judge, who: string, device: FakeTransport): void {
  for (const { subscribed, event } of device.told) {
    if (subscribed !== undefined) {
      const { roomId, offset = "0", epoch, recovered = false } = subscribed;
      judge.subscribed(who, roomId, Number(offset), epoch, recovered);
    } else if (event !== undefined) judge.read(who, event.roomId, Number(event.offset ?? 0), event.id);
  }
}

Deno.test("B1: each event reaches every member once, the sender too, on all gateways, in order, without gaps", async () => {
  const one = await Scene.start();
  const other = await Scene.start({}, one.shared);
  one.core.room("r1", "alice", "bob", "carol").room("r2", "alice");
  const devices = {
    alice: await one.device("alice", "phone", ["r1", "r2"]),
    bob: await one.device("bob", "phone", ["r1"]),
    carol: await other.device("carol", "phone", ["r1"]),
  };
  for (let round = 0; round < 20; round++) {
    devices.alice.say({ call: send("r1", `a${round}`, `b${round}`) });
    devices.carol.say({ call: send("r1", `c${round}`) });
    devices.alice.say({ call: send("r2", `d${round}`) });
    await settled();
  }
  const judge = new Judge();
  for (const [who, device] of Object.entries(devices)) judged(judge, who, device);
  for (const who of Object.keys(devices)) judge.mustHave(who, "r1", 60);
  judge.mustHave("alice", "r2", 20);
  judge.assertFaultless();
  assertEquals(judge.verdict().deliveries, 3 * 60 + 20);
  const { published, deliveries } = await one.gateway.status();
  assertEquals([published, deliveries], [60, 2 * 60 + 20]);
  await one.stop();
  await other.stop();
});

Deno.test("B2: an event is published before its sender is answered, as the core has stored it", async () => {
  const scene = await Scene.start();
  scene.core.room("r1", "alice");
  scene.core.answer = ({ encoding }) => {
    assertEquals(encoding, "json");
    const events = [{
      id: "stored",
      roomId: "r1",
      senderId: "alice",
      type: "message",
      sentAt: "2026-01-01T00:00:00Z",
      future: 1,
    }];
    return { body: new TextEncoder().encode(JSON.stringify({ events })), headers: {} };
  };
  const alice = await scene.device("alice", "phone", ["r1"]);
  alice.take();
  alice.say({ id: "c", call: send("r1", "mine") });
  await settled();
  const [event, result] = alice.take();
  assertEquals(event, {
    event: {
      id: "stored",
      roomId: "r1",
      senderId: "alice",
      type: "message",
      sentAt: "2026-01-01T00:00:00Z",
      offset: "1",
    },
  });
  // Unknown fields of the core's answer survive.
  assertEquals([result.replyTo, result.result.json.events[0].future], ["c", 1]);
  await scene.stop();
});

Deno.test("B2: with publish: pushed only what is pushed is published; a failed SendEvent publishes nothing", async () => {
  const scene = await Scene.start();
  scene.core.room("r1", "alice");
  const alice = await scene.device("alice", "phone", ["r1"]);
  alice.take();
  const { config } = scene;
  await scene.gateway.configure({ ...config, core: { ...config.core, publish: "pushed" } });
  alice.say({ id: "c", call: send("r1", "a") });
  await settled();
  assertEquals(alice.take().map(({ replyTo }) => replyTo), ["c"]);
  await scene.publish("r1", "pushed");
  assertEquals(alice.events(), ["r1 1 pushed"]);
  await scene.gateway.configure(config);
  scene.core.answer = () => ({ error: { code: "permission_denied", message: "you must not speak" } });
  alice.take();
  alice.say({ id: "d", call: send("r1", "b") });
  await settled();
  assertEquals(alice.take().map(({ error }) => [error.code, error.message]), [[
    "permission_denied",
    "you must not speak",
  ]]);
  await scene.stop();
});

Deno.test("B3: an id that is published twice is delivered once, and keeps its place", async () => {
  const scene = await Scene.start();
  scene.core.room("r1", "alice");
  const alice = await scene.device("alice", "phone", ["r1"]);
  await scene.publish("r1", "a", "b");
  const [again] = await scene.gateway.publish([{ id: "a", roomId: "r1", senderId: "", type: "", payload: {} }]);
  assertEquals([alice.events(), again?.offset], [["r1 1 a", "r1 2 b"], 1]);
  await scene.stop();
});

Deno.test("B4: one object for all members of a room, whatever their number", async () => {
  const scene = await Scene.start();
  const names = Array.from({ length: 20 }, (_, nth) => `p${nth}`);
  scene.core.room("r1", ...names);
  const devices = await Promise.all(names.map((name) => scene.device(name, "phone", ["r1"])));
  const sent: Encoded[] = [];
  for (const device of devices) device.send = (event) => void sent.push(event);
  await scene.publish("r1", "a");
  assertEquals(sent.length, 20);
  for (const event of sent) assert(event === sent[0]);
  await scene.stop();
});

Deno.test("B5: typing goes to the other members, on all gateways, and is not kept", async () => {
  const one = await Scene.start();
  const other = await Scene.start({}, one.shared);
  one.core.room("r1", "alice", "bob", "carol");
  const alice = await one.device("alice", "phone", ["r1"]);
  const bob = await one.device("bob", "phone", ["r1"]);
  const carol = await other.device("carol", "phone", ["r1"]);
  const dave = await other.device("dave");
  for (const device of [alice, bob, carol, dave]) device.take();
  alice.say({ typing: { roomId: "r1", typing: true } });
  await settled();
  const typing = [{ typing: { roomId: "r1", profileId: "alice", typing: true } }];
  assertEquals([alice.take(), bob.take(), carol.take(), dave.take()], [[], typing, typing, []]);
  dave.say({ id: "t", typing: { roomId: "r1", typing: true } });
  assertEquals(dave.take()[0].error.code, "permission_denied");
  assertEquals(carol.take(), []);
  await one.stop();
  await other.stop();
});

Deno.test("F2: a call's bytes and errors pass as they are, in the encoding in which they came", async () => {
  const scene = await Scene.start();
  const alice = await scene.device("alice");
  alice.take();
  scene.core.answer = ({ body }) => ({ body, headers: {} });
  alice.say({ id: "j", call: { method: "Anything", json: { a: [1, { b: null }] } } });
  alice.say({ id: "p", call: { method: "Anything", proto: "AQID" } });
  await settled();
  assertEquals(alice.take(), [
    { replyTo: "j", result: { json: { a: [1, { b: null }] } } },
    { replyTo: "p", result: { proto: "AQID" } },
  ]);
  const [first, second] = scene.core.calls;
  assertEquals([first?.encoding, second?.encoding, first?.caller.profileId, first?.caller.deviceId], [
    "json",
    "proto",
    "alice",
    "phone",
  ]);
  await scene.stop();
});

Deno.test("F11: a device that leaves cancels its calls", async () => {
  const scene = await Scene.start();
  const alice = await scene.device("alice");
  scene.core.answer = () => new Promise(() => {});
  alice.say({ id: "c", call: { method: "GetHistory", json: {} } });
  await settled();
  const signal = scene.core.calls[0]!.signal!;
  assert(!signal.aborted);
  alice.leave();
  assert(signal.aborted);
  await scene.stop();
});
