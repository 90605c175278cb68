import { assert, assertEquals } from "@std/assert";
import { DEFAULT_CHAT } from "../../src/chat/config/options.ts";
import { makeCore } from "../../src/chat/made_parts.ts";
import { ChatService } from "../../src/chat/proto/mod.ts";
import { CoreServer } from "../../src/chat/sim/core_server.ts";
import { until } from "../support/until.ts";
import type { Told } from "./support/fakes.ts";
import { type Device, Running } from "./support/running.ts";

const LOOPBACK = { hostname: "127.0.0.1", port: 0 };

/** Calls a method within the stream, and gives its answer. */
async function call(device: Device, method: string, json: Told): Promise<Told> {
  const id = crypto.randomUUID();
  device.say({ id, call: { method, json } });
  const answer = () => device.told.find(({ replyTo }) => replyTo === id);
  await until(() => answer() !== undefined, `${method} is answered`);
  return answer()!.result?.json ?? answer()!.error;
}

for (const scheme of ["http", "grpc"]) {
  Deno.test(`a room's life over a real core, ${scheme}: made, joined, spoken in, read, left, deleted`, async () => {
    const core = await CoreServer.start({ listen: LOOPBACK, service: ChatService });
    const uri = `${scheme}://127.0.0.1:${core.address.port}`;
    {
      await using running = await Running.start({ core: { ...DEFAULT_CHAT.core, uri } }, { core: makeCore });
      const alice = await running.device("alice");
      const bob = await running.device("bob", "phone", [], { allRooms: true });
      const made = await call(alice, "CreateRoom", { id: "r1", name: "One", private: true });
      assertEquals(made.room.id, "r1");
      alice.say({ id: "s", subscribe: { rooms: [{ roomId: "r1" }] } });
      bob.say({ id: "s", subscribe: { rooms: [{ roomId: "r1" }] } });
      await until(() => alice.find("subscribed") !== undefined && bob.find("error") !== undefined, "both are answered");
      assertEquals(bob.find("error")!.code, "permission_denied");
      await call(alice, "AddRoomSubscriptions", { roomId: "r1", members: [{ profileId: "bob", roles: ["member"] }] });
      await until(() => bob.find("subscribed") !== undefined, "R2: bob is in it by itself");
      const event = { id: "e1", roomId: "r1", senderId: "bob", type: "message", payload: { text: "hi" } };
      const sent = await call(bob, "SendEvent", { events: [event] });
      assertEquals(sent.events[0].id, "e1");
      await until(() => alice.events().length === 1, "alice has read it");
      assertEquals([alice.events(), bob.events()], [["r1 1 e1"], ["r1 1 e1"]]);
      const history = await call(alice, "GetHistory", { roomId: "r1" });
      assertEquals(history.events.map(({ id }: Told) => id), ["e1"]);
      const denied = await call(bob, "DeleteRoom", { roomId: "r1" });
      assertEquals(denied.code, "permission_denied");
      await call(alice, "RemoveRoomSubscriptions", { roomId: "r1", profileIds: ["bob"] });
      await until(() => bob.find("unsubscribed") !== undefined, "R5: bob is out");
      assertEquals((await call(bob, "GetHistory", { roomId: "r1" })).code, "permission_denied");
      await call(alice, "DeleteRoom", { roomId: "r1" });
      await until(() => alice.find("unsubscribed") !== undefined, "alice as well");
      assertEquals([bob, alice].map((device) => device.find("unsubscribed")!.reason), ["removed", "deleted"]);
    }
    await core.stop();
  });
}

Deno.test("F6, F7: without a core calls are unavailable, the breaker opens and shows in /readyz, and closes again", async () => {
  const first = await CoreServer.start({ listen: LOOPBACK, service: ChatService });
  const { port } = first.address;
  {
    const core = { ...DEFAULT_CHAT.core, uri: `127.0.0.1:${port}`, breaker: { failures: 3, open: 100 } };
    await using running = await Running.start({ core }, { core: makeCore });
    const alice = await running.device("alice");
    await first.stop();
    for (let i = 0; i < 4; i++) {
      assertEquals((await call(alice, "CreateRoom", { id: `r${i}`, name: "x" })).code, "unavailable");
    }
    const response = await fetch(`http://${running.address}/readyz`);
    const body = await response.json();
    assert(response.status === 200 && ["open", "half-open"].includes(body.core), JSON.stringify(body));
    const again = await CoreServer.start({ listen: { hostname: "127.0.0.1", port }, service: ChatService });
    await until(
      async () => (await call(alice, "SearchRooms", { profileId: "alice" })).code === undefined,
      "it answers",
    );
    assertEquals((await running.gateway.status()).core, "closed");
    await again.stop();
  }
});
