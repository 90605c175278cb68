import { assertEquals } from "@std/assert";
import { Scene, settled } from "./support/scene.ts";

const codes = (told: { error?: { code: string; roomId?: string } }[]) =>
  told.flatMap(({ error }) => error === undefined ? [] : [`${error.code} ${error.roomId ?? ""}`.trim()]);

Deno.test("R1: who is no member of a room is told permission_denied with the room, and gets nothing of it", async () => {
  const scene = await Scene.start();
  scene.core.room("r1", "bob");
  const alice = await scene.device("alice");
  alice.take();
  alice.say({ id: "s", subscribe: { rooms: [{ roomId: "r1" }] } });
  await settled();
  const told = alice.take();
  assertEquals([told[0].replyTo, codes(told)], ["s", ["permission_denied r1"]]);
  await scene.publish("r1", "1");
  assertEquals(alice.take(), []);
  // A refusal is not remembered.
  scene.core.room("r1", "bob", "alice");
  alice.say({ id: "s", subscribe: { rooms: [{ roomId: "r1" }] } });
  await settled();
  assertEquals(alice.take()[0].subscribed.roomId, "r1");
  await scene.stop();
});

Deno.test("R1: while the core does not answer, a subscription fails with its error, and nothing else does", async () => {
  const scene = await Scene.start();
  scene.core.room("r1", "alice");
  scene.core.failure = "unavailable";
  const alice = await scene.device("alice");
  alice.say({ id: "s", subscribe: { rooms: [{ roomId: "r1" }] } });
  await settled();
  assertEquals([codes(alice.take()), alice.ended], [["unavailable r1"], undefined]);
  await scene.stop();
});

Deno.test("R2: all_rooms subscribes to every room of the profile, and to those it is added to later", async () => {
  const scene = await Scene.start();
  scene.core.room("r1", "alice").room("r2", "alice").room("r3", "bob");
  const alice = await scene.device("alice", "phone", [], { allRooms: true });
  await settled();
  assertEquals(alice.take().flatMap(({ subscribed }) => subscribed?.roomId ?? []), ["r1", "r2"]);
  scene.core.room("r3", "bob", "alice");
  const bob = await scene.device("bob", "phone");
  const json = { roomId: "r3", members: [{ profileId: "alice" }] };
  bob.say({ id: "a", call: { method: "AddRoomSubscriptions", json } });
  await settled();
  assertEquals(alice.take().flatMap(({ subscribed }) => subscribed?.roomId ?? []), ["r3"]);
  await scene.stop();
});

Deno.test("R3, R4: no second delivery after a second Subscribe, none after Unsubscribe", async () => {
  const scene = await Scene.start();
  scene.core.room("r1", "alice");
  const alice = await scene.device("alice", "phone", ["r1"]);
  alice.say({ id: "s", subscribe: { rooms: [{ roomId: "r1" }] } });
  await settled();
  await scene.publish("r1", "a");
  assertEquals(alice.events(), ["r1 1 a"]);
  alice.take();
  alice.say({ id: "u", unsubscribe: { roomIds: ["r1"] } });
  await scene.publish("r1", "b");
  assertEquals(alice.take(), [{ replyTo: "u", unsubscribed: { roomId: "r1", reason: "requested" } }]);
  await scene.stop();
});

Deno.test("R3: Unsubscribe behind a Subscribe that is under way counts, and both are answered in order", async () => {
  const scene = await Scene.start();
  scene.core.room("r1", "alice");
  const alice = await scene.device("alice");
  alice.take();
  alice.say({ id: "1", subscribe: { rooms: [{ roomId: "r1" }] } });
  alice.say({ id: "2", unsubscribe: { roomIds: ["r1"] } });
  alice.say({ id: "3", subscribe: { rooms: [{ roomId: "r1" }] } });
  alice.say({ id: "4", unsubscribe: { roomIds: ["r1"] } });
  await settled();
  assertEquals(alice.take().map(({ replyTo }) => replyTo), ["1", "2", "3", "4"]);
  await scene.publish("r1", "a");
  assertEquals(alice.take(), []);
  assertEquals((await scene.gateway.status()).rooms, 0);
  await scene.stop();
});

Deno.test("R5: who is removed from a room is unsubscribed on all gateways at once", async () => {
  const one = await Scene.start();
  const other = await Scene.start({}, one.shared);
  one.core.room("r1", "alice", "bob").room("r2", "alice");
  const alice = await one.device("alice", "phone", ["r1", "r2"]);
  const again = await other.device("alice", "laptop", ["r1"]);
  const bob = await other.device("bob", "phone", ["r1"]);
  for (const device of [alice, again, bob]) device.take();
  bob.say({ id: "x", call: { method: "RemoveRoomSubscriptions", json: { roomId: "r1", profileIds: ["alice"] } } });
  await settled();
  const removed = [{ unsubscribed: { roomId: "r1", reason: "removed" } }];
  assertEquals([alice.take(), again.take()], [removed, removed]);
  assertEquals(one.core.forgotten.includes("r1/alice"), true);
  bob.take();
  await one.publish("r1", "a");
  await one.publish("r2", "b");
  assertEquals([alice.events(), again.events(), bob.events()], [["r2 1 b"], [], ["r1 1 a"]]);
  bob.say({ id: "d", call: { method: "DeleteRoom", json: { roomId: "r1" } } });
  await settled();
  assertEquals(bob.take().flatMap(({ unsubscribed }) => unsubscribed?.reason ?? []), ["deleted"]);
  await one.stop();
  await other.stop();
});

Deno.test("R5: a removal while the subscription is under way is not overtaken by it", async () => {
  const scene = await Scene.start();
  scene.core.room("r1", "alice", "bob");
  const { promise, resolve } = Promise.withResolvers<boolean>();
  scene.core.isMember = ({ profileId }) => profileId === "alice" ? promise : true;
  const [alice, bob] = [await scene.device("alice"), await scene.device("bob")];
  alice.take();
  alice.say({ id: "s", subscribe: { rooms: [{ roomId: "r1" }] } });
  bob.say({ id: "x", call: { method: "RemoveRoomSubscriptions", json: { roomId: "r1", profileIds: ["alice"] } } });
  await settled();
  resolve(true);
  await settled();
  assertEquals(codes(alice.take()), ["permission_denied r1"]);
  await scene.publish("r1", "a");
  assertEquals(alice.take(), []);
  await scene.stop();
});

Deno.test("R6: above max_rooms_per_connection a room is refused", async () => {
  const scene = await Scene.start({ maxRoomsPerConnection: 2 });
  scene.core.room("r1", "alice").room("r2", "alice").room("r3", "alice");
  const alice = await scene.device("alice", "phone", ["r1", "r2"]);
  alice.say({ id: "s", subscribe: { rooms: [{ roomId: "r3" }] } });
  await settled();
  assertEquals(codes(alice.take()), ["resource_exhausted r3"]);
  await scene.stop();
});

Deno.test("C8: an id of a room that is none is an error, and the connection stays", async () => {
  const scene = await Scene.start();
  const alice = await scene.device("alice");
  alice.say({ id: "s", subscribe: { rooms: [{ roomId: "a:b" }] } });
  alice.say({ id: "t", subscribe: { rooms: [] } });
  alice.say({ id: "u", call: { method: "../x", json: {} } });
  await settled();
  assertEquals([codes(alice.take()), alice.ended], [
    ["invalid_argument a:b", "invalid_argument", "invalid_argument"],
    undefined,
  ]);
  await scene.stop();
});

Deno.test("a device that leaves in the middle of a subscription leaves nothing behind", async () => {
  const scene = await Scene.start();
  const { promise, resolve } = Promise.withResolvers<boolean>();
  scene.core.isMember = () => promise;
  const alice = await scene.device("alice");
  alice.say({ id: "s", subscribe: { rooms: [{ roomId: "r1" }] } });
  alice.leave();
  resolve(true);
  await settled();
  const { connections, rooms, subscriptions } = await scene.gateway.status();
  assertEquals([connections, rooms, subscriptions], [0, 0, 0]);
  await scene.stop();
});
