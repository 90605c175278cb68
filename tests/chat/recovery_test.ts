import { assertEquals } from "@std/assert";
import { DEFAULT_CHAT } from "../../src/chat/config/options.ts";
import { until } from "../support/until.ts";
import { Scene, settled } from "./support/scene.ts";
import { Judge } from "../../src/chat/sim/judge.ts";

Deno.test("V1: a device that comes back gets every later event once, then live ones, on any gateway", async () => {
  const one = await Scene.start();
  const other = await Scene.start({}, one.shared);
  one.core.room("r1", "alice", "bob");
  await one.device("bob", "phone", ["r1"]);
  const before = await one.device("alice", "phone", ["r1"]);
  const { epoch } = before.told.find(({ subscribed }) => subscribed)!.subscribed;
  await one.publish("r1", "a", "b");
  before.leave();
  await one.publish("r1", "c", "d", "e");
  const back = await other.open();
  back.say({ hello: { token: "alice", deviceId: "phone", rooms: [{ roomId: "r1", offset: "2", epoch }] } });
  await settled();
  const answer = back.told.find(({ subscribed }) => subscribed)!.subscribed;
  assertEquals(answer, { roomId: "r1", offset: "5", epoch, recovered: true });
  await one.publish("r1", "f");
  assertEquals(back.events(), ["r1 3 c", "r1 4 d", "r1 5 e", "r1 6 f"]);
  await one.stop();
  await other.stop();
});

Deno.test("V2: another epoch, or a history that is too short: not recovered, no old events, live ones follow", async () => {
  const scene = await Scene.start({ history: { size: 3, ttl: 600_000 } });
  scene.core.room("r1", "alice", "bob");
  const bob = await scene.device("bob", "phone", ["r1"]);
  const { epoch } = bob.told.find(({ subscribed }) => subscribed)!.subscribed;
  await scene.publish("r1", "a", "b", "c", "d", "e");
  for (const from of [{ offset: "1", epoch }, { offset: "5", epoch: "another" }]) {
    const back = await scene.device("alice");
    back.take();
    back.say({ id: "s", subscribe: { rooms: [{ roomId: "r1", ...from }] } });
    await settled();
    assertEquals(back.take(), [{ replyTo: "s", subscribed: { roomId: "r1", offset: "5", epoch } }]);
    back.leave();
  }
  const back = await scene.device("alice");
  back.say({ id: "s", subscribe: { rooms: [{ roomId: "r1", offset: "2", epoch }] } });
  await settled();
  assertEquals(back.events(), ["r1 3 c", "r1 4 d", "r1 5 e"]);
  await scene.stop();
});

Deno.test("V3: Hello{resume} restores rooms and acknowledged positions on any gateway", async () => {
  const one = await Scene.start();
  const other = await Scene.start({}, one.shared);
  one.core.room("r1", "alice", "bob").room("r2", "alice");
  const alice = await one.device("alice", "phone", ["r1", "r2"]);
  await one.device("bob", "phone", ["r1"]);
  await one.publish("r1", "a", "b");
  alice.say({ id: "k", ack: { positions: [{ roomId: "r1", offset: "1" }, { roomId: "elsewhere", offset: "9" }] } });
  alice.leave();
  await one.publish("r1", "c");
  await one.publish("r2", "x");
  const back = await other.open();
  back.say({ id: "h", hello: { token: "alice", deviceId: "phone", resume: true } });
  await settled();
  assertEquals(back.told[0].welcome.resumed, true);
  assertEquals(back.told.flatMap(({ subscribed }) => subscribed ? [subscribed.roomId] : []), ["r1", "r2"]);
  assertEquals(back.events().sort(), ["r1 2 b", "r1 3 c", "r2 1 x"]);
  const fresh = await other.open();
  fresh.say({ id: "h", hello: { token: "alice", deviceId: "other", resume: true } });
  await settled();
  assertEquals(fresh.told.map(({ welcome }) => welcome.resumed ?? false), [false]);
  await one.stop();
  await other.stop();
});

Deno.test("V3: a room that was left, or from which it was removed, is not restored", async () => {
  const scene = await Scene.start();
  scene.core.room("r1", "alice").room("r2", "alice").room("r3", "alice");
  const alice = await scene.device("alice", "phone", ["r1", "r2", "r3"]);
  alice.say({ unsubscribe: { roomIds: ["r1"] } });
  await scene.gateway.unsubscribe("r2", "alice");
  alice.leave();
  const back = await scene.open();
  back.say({ hello: { token: "alice", deviceId: "phone", resume: true } });
  await settled();
  assertEquals(back.told.flatMap(({ subscribed }) => subscribed ? [subscribed.roomId] : []), ["r3"]);
  await scene.stop();
});

Deno.test("V5: what was missed is encoded once for all that come back, and does not overrun a queue", async () => {
  const scene = await Scene.start({ sendQueue: 64 * 1024, maxMessageSize: 4096, maxConnectionsPerDevice: 100 });
  scene.core.room("r1", "alice", "bob");
  const bob = await scene.device("bob", "phone", ["r1"]);
  const { epoch } = bob.told.find(({ subscribed }) => subscribed)!.subscribed;
  const ids = Array.from({ length: 500 }, (_, nth) => `event-${nth}-${"x".repeat(200)}`);
  await scene.publish("r1", ...ids);
  const judge = new Judge();
  const back = await scene.open();
  let most = 0;
  const send = back.send.bind(back);
  back.send = (event) => {
    back.queuedBytes += event.message("json").length;
    most = Math.max(most, back.queuedBytes);
    send(event);
  };
  back.say({ hello: { token: "alice", deviceId: "phone", rooms: [{ roomId: "r1", offset: "0", epoch }] } });
  for (let turn = 0; turn < 100 && back.events().length < 501; turn++) {
    await scene.pass(20);
    back.queuedBytes = 0;
    // Live events come in the middle of it.
    if (turn === 1) await scene.publish("r1", "live");
  }
  judge.subscribed("alice", "r1", 0, epoch);
  for (const { event } of back.told) if (event !== undefined) judge.read("alice", "r1", Number(event.offset), event.id);
  judge.mustHave("alice", "r1", 501);
  judge.assertFaultless();
  assertEquals(most < 64 * 1024, true, `${most} bytes were queued`);
  assertEquals(back.told.filter(({ subscribed }) => subscribed).length, 1);
  await scene.stop();
});

Deno.test("V5: hundreds of devices that come back at once all recover, though the core takes few calls at a time", async () => {
  const core = { ...DEFAULT_CHAT.core, maxInFlight: 8 };
  const scene = await Scene.start({ core });
  const names = Array.from({ length: 300 }, (_, nth) => `p${nth}`);
  scene.core.room("r1", ...names);
  const first = await scene.device("p0", "phone", ["r1"]);
  const { epoch } = first.told.find(({ subscribed }) => subscribed)!.subscribed;
  await scene.publish("r1", ...Array.from({ length: 50 }, (_, nth) => `e${nth}`));
  let asking = 0;
  let most = 0;
  scene.core.isMember = async () => {
    most = Math.max(most, ++asking);
    await settled();
    asking--;
    return true;
  };
  const back = await Promise.all(names.map(async (name) => {
    const device = await scene.open();
    device.say({ hello: { token: name, deviceId: "tablet", rooms: [{ roomId: "r1", offset: "10", epoch }] } });
    return device;
  }));
  await until(() => back.every((device) => device.events().length === 40), "all have what they missed");
  assertEquals(most <= 4, true, `${most} questions at a time`);
  await scene.publish("r1", "live");
  const judge = new Judge();
  for (const [nth, device] of back.entries()) {
    const name = names[nth]!;
    judge.subscribed(name, "r1", 10, epoch);
    for (const { event } of device.told) {
      if (event !== undefined) judge.read(name, "r1", Number(event.offset), event.id);
    }
    judge.mustHave(name, "r1", 51);
  }
  judge.assertFaultless();
  await scene.stop();
});

Deno.test("history: {size: 0} keeps nothing, and live events come all the same", async () => {
  const scene = await Scene.start({ history: { ...DEFAULT_CHAT.history, size: 0 } });
  scene.core.room("r1", "alice");
  const alice = await scene.device("alice", "phone", ["r1"]);
  await scene.publish("r1", "a");
  assertEquals(alice.events(), ["r1 1 a"]);
  await scene.stop();
});
