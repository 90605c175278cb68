import { assert, assertEquals } from "@std/assert";
import { goneBy } from "../../src/chat/drain.ts";
import { Scene, settled } from "./support/scene.ts";

Deno.test("devices go evenly, the first at once, the last within the time", () => {
  const gone = [0, 250, 500, 750, 1000].map((elapsed) => goneBy(100, elapsed, 1000));
  assertEquals(gone, [1, 26, 51, 76, 100]);
  assertEquals([goneBy(100, 0, 0), goneBy(0, 0, 1000), goneBy(1, 0, 1000)], [100, 0, 1]);
});

Deno.test("D1: devices are sent away spread over drain_spread, each with Reconnect first", async () => {
  const scene = await Scene.start({ drainSpread: 1_000, drainTimeout: 5_000 });
  const devices = await Promise.all(Array.from({ length: 20 }, (_, nth) => scene.device(`p${nth}`)));
  const silent = await scene.open();
  const drained = scene.gateway.drain();
  const gone = () => devices.filter(({ ended }) => ended?.code === 1012).length;
  const counts = [gone()];
  for (let i = 0; i < 4; i++) {
    await scene.pass(250);
    counts.push(gone());
  }
  assert(counts.every((count, i) => i === 0 || count > counts[i - 1]!), counts.join());
  assertEquals([counts.at(-1), silent.ended?.code], [20, 1012]);
  for (const { told } of devices) assertEquals(told.at(-1).reconnect, { delayMs: 500, reason: "drain" });
  assertEquals(silent.told, []);
  await drained;
});

Deno.test("D1: while it drains nobody is let in, and no new call is taken", async () => {
  const scene = await Scene.start({ drainSpread: 1_000 });
  const [alice] = await Promise.all([scene.device("alice"), scene.device("bob"), scene.device("carol")]);
  let answer = () => {};
  scene.core.answer = ({ body }) => new Promise((resolve) => answer = () => resolve({ body, headers: {} }));
  alice.say({ id: "c", call: { method: "GetHistory", json: {} } });
  await settled();
  const drained = scene.gateway.drain();
  const admission = await scene.host.admit(scene.handshake({ token: "dave" }));
  assert("refused" in admission);
  assertEquals([admission.refused.status, admission.refused.code], [503, "unavailable"]);
  alice.say({ id: "d", call: { method: "GetHistory", json: {} } });
  assertEquals(alice.told.at(-1).error.code, "unavailable");
  await scene.pass(2_000);
  assertEquals(alice.ended, undefined);
  answer();
  await settled();
  assertEquals([alice.told.at(-1).replyTo, alice.ended?.code], ["c", 1012]);
  await drained;
});

Deno.test("D1: calls that are not answered within drain_timeout are given up", async () => {
  const scene = await Scene.start({ drainSpread: 100, drainTimeout: 3_000 });
  const alice = await scene.device("alice");
  scene.core.answer = () => new Promise(() => {});
  alice.say({ id: "c", call: { method: "GetHistory", json: {} } });
  await settled();
  const drained = scene.gateway.drain();
  await scene.pass(2_900);
  assertEquals(alice.ended, undefined);
  await scene.pass(200);
  assertEquals(alice.ended?.code, 1012);
  await drained;
});

Deno.test("D1: what is in the cache of a gateway that went is gone with it", async () => {
  const one = await Scene.start();
  const other = await Scene.start({}, one.shared);
  one.core.room("r1", "alice", "bob");
  await one.device("alice", "phone", ["r1"]);
  await other.device("bob", "phone", ["r1"]);
  await one.pass(300);
  const who = async () => (await other.gateway.room("r1"))?.devices.map(({ profileId }) => profileId);
  assertEquals(await who(), ["alice", "bob"]);
  await one.stop();
  assertEquals(await who(), ["bob"]);
  await other.stop();
});

Deno.test("D2: without connections it ends at once", async () => {
  const scene = await Scene.start({ drainSpread: 60_000, drainTimeout: 60_000 });
  await scene.gateway.drain();
  assertEquals((await scene.gateway.status()).state, "stopped");
});
