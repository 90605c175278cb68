import { assert, assertEquals } from "@std/assert";
import { fromBinary, fromJson, type JsonValue, toBinary, toJson } from "@bufbuild/protobuf";
import { CoreForwarder } from "../../../src/chat/core/core_forwarder.ts";
import { CoreMembership } from "../../../src/chat/core/core_membership.ts";
import type { Forwarder, ForwarderOptions } from "../../../src/chat/core/forwarder.ts";
import { CoreServer, type CoreServerOptions } from "../../../src/chat/sim/core_server.ts";
import { bytes, callOf, OPTIONS, text, told } from "../core/scene.ts";
import { until } from "../../support/until.ts";
import { miniature } from "./miniature.ts";

const LISTEN = { hostname: "127.0.0.1", port: 0 };

/** Plays over each way to the core. */
async function overBoth(
  play: (forwarder: Forwarder, core: CoreServer, scheme: string) => Promise<void>,
  core: Partial<CoreServerOptions> = {},
  options: Partial<ForwarderOptions> = {},
): Promise<void> {
  for (const scheme of ["http", "grpc"]) {
    const server = await CoreServer.start({ listen: LISTEN, ...core });
    const uri = `${scheme}://127.0.0.1:${server.address.port}`;
    const forwarder = await CoreForwarder.create({ ...OPTIONS, uri, ...options });
    try {
      await play(forwarder, server, scheme);
    } finally {
      await forwarder.close();
      await server.stop();
    }
  }
}

const call = (method: string, request: unknown, profileId = "ann") =>
  callOf({
    method,
    body: bytes(JSON.stringify(request)),
    caller: { profileId, deviceId: "phone", token: "" },
  });

Deno.test("a core on one port answers Connect and gRPC", async () => {
  await overBoth(async (forwarder) => {
    const made = await forwarder.forward(call("CreateRoom", { id: "r1", members: [{ profileId: "bob" }] }));
    assertEquals(told(made), 'ok: {"room":{"id":"r1","name":"","topic":"","private":false}}');
    const sent = await forwarder.forward(call("SendEvent", { events: [{ id: "e1", roomId: "r1" }] }, "bob"));
    assert(!("error" in sent), told(sent));
    const [event] = JSON.parse(text(sent.body)).events;
    assertEquals([event.id, event.senderId], ["e1", "bob"]);
    const denied = await forwarder.forward(call("GetHistory", { roomId: "r1" }, "eve"));
    assertEquals(told(denied), "permission_denied: eve is no member of r1");
    assertEquals(told(await forwarder.forward(call("PinEvent", {}))), "unimplemented: unknown method PinEvent");
    const bad = await forwarder.forward({ ...call("GetHistory", {}), body: bytes("{") });
    assertEquals(told(bad), "invalid_argument: expected JSON");
  });
});

Deno.test("R1, R2: a core answers who is in which rooms, and a removal counts at once", async () => {
  await overBoth(async (forwarder) => {
    const membership = new CoreMembership({ forwarder }, 60_000);
    const bob = { profileId: "bob", deviceId: undefined, token: "" };
    for (let i = 0; i < 5; i++) {
      await forwarder.forward(call("CreateRoom", { id: `r${i}`, private: true, members: [{ profileId: "bob" }] }));
    }
    await forwarder.forward(call("CreateRoom", { id: "other", private: true }));
    assertEquals(await membership.isMember(bob, "r1"), true);
    assertEquals(await membership.isMember(bob, "other"), false);
    assertEquals(await membership.isMember(bob, "none"), false);
    assertEquals(await membership.roomsOf(bob, 1000), ["r0", "r1", "r2", "r3", "r4"]);
    assertEquals(await membership.roomsOf(bob, 2), ["r0", "r1"]);
    await forwarder.forward(call("RemoveRoomSubscriptions", { roomId: "r1", profileIds: ["bob"] }));
    assertEquals(membership.isMember(bob, "r1"), true);
    membership.forget("r1", "bob");
    assertEquals(await membership.isMember(bob, "r1"), false);
  });
});

Deno.test("F6, F7: a core that goes away opens the breaker, and closes it when it is back", async () => {
  const options = { breaker: { failures: 2, open: 100 } };
  await overBoth(
    async (forwarder, core) => {
      assertEquals(told(await forwarder.forward(call("CreateRoom", { id: "r1" }))).slice(0, 2), "ok");
      await core.stop();
      for (let i = 0; i < 2; i++) {
        const answer = await forwarder.forward(call("SendEvent", {}));
        assertEquals(told(answer), "unavailable: the chat service cannot be reached");
      }
      assertEquals(forwarder.breaker, "open");
      await core.resume();
      const isBack = async () => told(await forwarder.forward(call("GetHistory", { roomId: "r1" }))).startsWith("ok");
      await until(isBack, "the core answers");
      assertEquals(forwarder.breaker, "closed");
    },
    {},
    options,
  );
});

Deno.test("--fail, --fail-methods: those calls fail, about as often as was asked for", async () => {
  let dice = 0;
  await overBoth(async (forwarder, core) => {
    core.service.behaviour = { delay: 0, failRate: 0.5, failMethods: ["SearchRooms"], dice: () => dice };
    dice = 0.5;
    assertEquals(told(await forwarder.forward(call("SearchRooms", {}))), 'ok: {"rooms":[],"nextCursor":""}');
    dice = 0.49;
    const failed = await forwarder.forward(call("SearchRooms", {}));
    assertEquals(told(failed), "unavailable: this call fails, as was asked for");
    assertEquals(told(await forwarder.forward(call("CreateRoom", {}))).slice(0, 2), "ok");
    // An answer, even this one, is no failure of the connection: no read is repeated for it.
    assertEquals(core.service.calls.get("SearchRooms"), 2);
  });
});

Deno.test("--delay: the answer comes later, and who has left is not waited for", async () => {
  await overBoth(async (forwarder) => {
    const begun = performance.now();
    assertEquals(told(await forwarder.forward(call("SearchRooms", {}))).slice(0, 2), "ok");
    assert(performance.now() - begun >= 29);
    const late = await forwarder.forward({ ...call("SearchRooms", {}), timeoutMs: 5 });
    assertEquals(told(late), "deadline_exceeded: the chat service has not answered in time");
  }, { delay: 30 });
});

Deno.test("what is no call of the service is answered as HTTP has it", async () => {
  const core = await CoreServer.start({ listen: LISTEN });
  const base = `http://127.0.0.1:${core.address.port}`;
  const ask = async (path: string, init: RequestInit = {}) => {
    const response = await fetch(`${base}${path}`, init);
    await response.body?.cancel();
    return response.status;
  };
  try {
    assertEquals(await ask("/healthz"), 200);
    assertEquals(await ask("/"), 404);
    assertEquals(await ask("/chat.v1.ChatService/GetHistory"), 405);
    const type = (type: string) => ({ method: "POST", body: "{}", headers: { "content-type": type } });
    assertEquals(await ask("/chat.v1.ChatService/GetHistory", type("text/plain")), 415);
    assertEquals(await ask("/chat.v1.ChatService/GetHistory", type("application/json; charset=utf-8")), 401);
    assertEquals(await ask("/chat.v1.ChatService/Nope", type("application/json")), 501);
  } finally {
    await core.stop();
  }
});

Deno.test("protobuf is read and written by the service's own descriptor", async () => {
  const service = miniature();
  const { input, output } = service.methods[0]!;
  await overBoth(async (forwarder) => {
    const proto = (method: string, body: Uint8Array) =>
      forwarder.forward({ ...call(method, {}), encoding: "proto", body });
    const request = toBinary(input, fromJson(input, { id: "r1", name: "One" } as JsonValue));
    const answer = await proto("CreateRoom", request);
    assert(!("error" in answer), told(answer));
    const { room } = toJson(output, fromBinary(output, answer.body)) as { room: unknown };
    assertEquals(room, { id: "r1", name: "One" });
    assertEquals(told(await proto("CreateRoom", request)), "already_exists: there is a room r1");
    assertEquals(told(await proto("CreateRoom", Uint8Array.of(10, 200))).split(":")[0], "invalid_argument");
    assertEquals(told(await proto("Nope", request)), "unimplemented: unknown method Nope");
  }, { service });
});
