import { assertEquals } from "@std/assert";
import { Scene, settled } from "./support/scene.ts";

Deno.test("P1: presence counts members and devices over all gateways; without a subscription it is refused", async () => {
  const one = await Scene.start();
  const other = await Scene.start({}, one.shared);
  one.core.room("r1", "alice", "bob");
  const alice = await one.device("alice", "phone", ["r1"]);
  await one.device("alice", "laptop", ["r1"]);
  await other.device("bob", "phone", ["r1"]);
  const carol = await other.device("carol");
  await one.pass(250);
  alice.take();
  carol.take();
  alice.say({ id: "p", presence: { roomId: "r1" } });
  carol.say({ id: "p", presence: { roomId: "r1" } });
  await settled();
  assertEquals(alice.take(), [{
    replyTo: "p",
    presence: {
      roomId: "r1",
      count: 2,
      members: [{ profileId: "alice", deviceIds: ["laptop", "phone"] }, { profileId: "bob", deviceIds: ["phone"] }],
    },
  }]);
  assertEquals(carol.take()[0].error, {
    code: "permission_denied",
    message: "not subscribed to the room",
    roomId: "r1",
  });
  await one.stop();
  await other.stop();
});

Deno.test("P2: join and leave of a profile's first and last device are announced, over all gateways", async () => {
  const one = await Scene.start();
  const other = await Scene.start({}, one.shared);
  one.core.room("r1", "alice", "bob");
  const alice = await one.device("alice", "phone", ["r1"]);
  await one.pass(250);
  alice.take();
  const phone = await other.device("bob", "phone", ["r1"]);
  const laptop = await one.device("bob", "laptop", ["r1"]);
  await one.pass(250);
  assertEquals(alice.take(), [{ presence: { roomId: "r1", count: 2, joined: "bob" } }]);
  phone.leave();
  await one.pass(250);
  assertEquals(alice.take(), []);
  laptop.leave();
  await one.pass(250);
  assertEquals(alice.take(), [{ presence: { roomId: "r1", count: 1, left: "bob" } }]);
  await one.stop();
  await other.stop();
});

Deno.test("P2: in rooms of more than presence.events_up_to members nothing is announced", async () => {
  const scene = await Scene.start({ presence: { eventsUpTo: 1 } });
  scene.core.room("r1", "alice", "bob");
  const alice = await scene.device("alice", "phone", ["r1"]);
  await scene.pass(250);
  alice.take();
  await scene.device("bob", "phone", ["r1"]);
  await scene.pass(250);
  assertEquals(alice.take(), []);
  await scene.stop();
});

Deno.test("P3: a signal reaches the devices of a profile with whom a room is shared, with the sender's ids", async () => {
  const one = await Scene.start();
  const other = await Scene.start({}, one.shared);
  one.core.room("r1", "alice", "bob").room("r2", "carol");
  const alice = await one.device("alice", "phone", ["r1"]);
  const near = await one.device("bob", "phone", ["r1"]);
  const far = await other.device("bob", "laptop", ["r1"]);
  const carol = await other.device("carol", "phone", ["r2"]);
  for (const device of [alice, near, far, carol]) device.take();
  const data = { sdp: "v=0" };
  alice.say({ id: "s", signal: { profileId: "bob", kind: "offer", data, deviceId: "" } });
  await settled();
  const signal = { signal: { profileId: "alice", deviceId: "phone", kind: "offer", data } };
  assertEquals([near.take(), far.take()], [[signal], [signal]]);
  assertEquals(alice.take(), [{ replyTo: "s", signal: { profileId: "bob", kind: "offer", delivered: 2 } }]);
  alice.say({ id: "t", signal: { profileId: "bob", deviceId: "laptop", kind: "ice", data } });
  alice.say({ id: "u", signal: { profileId: "carol", kind: "offer", data } });
  await settled();
  assertEquals([near.take().length, far.take().length, carol.take()], [0, 1, []]);
  assertEquals(alice.take().map(({ replyTo, error, signal }) => [replyTo, error?.code ?? signal.delivered]), [
    ["t", 1],
    ["u", "permission_denied"],
  ]);
  await one.stop();
  await other.stop();
});

Deno.test("the operator closes the connections of a profile on all gateways: 4010", async () => {
  const one = await Scene.start();
  const other = await Scene.start({}, one.shared);
  const phone = await one.device("alice", "phone");
  const laptop = await other.device("alice", "laptop");
  const bob = await other.device("bob");
  assertEquals(await one.gateway.disconnect("alice", "laptop"), 1);
  assertEquals([phone.ended, laptop.ended?.code], [undefined, 4010]);
  assertEquals([await other.gateway.disconnect("alice"), await one.gateway.disconnect("nobody")], [1, 0]);
  assertEquals([phone.ended?.code, bob.ended], [4010, undefined]);
  await one.stop();
  await other.stop();
});
