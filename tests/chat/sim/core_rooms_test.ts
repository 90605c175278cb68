import { assert, assertEquals, assertThrows } from "@std/assert";
import { CoreRooms } from "../../../src/chat/sim/core_rooms.ts";
import { type Json, SimError } from "../../../src/chat/sim/json.ts";

const TIME = "2026-11-28T13:00:00.000Z";

function core() {
  let ids = 0;
  return new CoreRooms({ time: () => TIME, newId: () => `id-${++ids}` });
}

/** A room of ann's, with bob as moderator and cid as member. */
function withRoom(parts: Json = {}) {
  const rooms = core();
  const members = [{ profileId: "bob", roles: ["moderator"] }, { profileId: "cid" }];
  rooms.call("CreateRoom", { id: "r1", name: "One", private: true, members, ...parts }, "ann");
  return rooms;
}

function refused(code: string, rooms: CoreRooms, method: string, request: Json, profile: string): void {
  const error = assertThrows(() => rooms.call(method, request, profile), SimError) as SimError;
  assertEquals(error.code, code, error.message);
}

const send = (rooms: CoreRooms, profile: string, ...ids: readonly string[]) =>
  rooms.call("SendEvent", { events: ids.map((id) => ({ id, roomId: "r1", type: "text" })) }, profile);
const idsOf = (answer: Json, list: string, field: string) => (answer[list] as Json[]).map((one) => one[field]);

Deno.test("whoever makes a room owns it, and those it brings are members", () => {
  const rooms = core();
  const answer = rooms.call("CreateRoom", { name: "x", members: [{ profile_id: "bob" }], metadata: { a: 1 } }, "ann");
  assertEquals(answer, { room: { id: "id-1", name: "x", topic: "", private: false, metadata: { a: 1 } } });
  const { subscriptions } = rooms.call("SearchRoomSubscriptions", { roomId: "id-1" }, "bob");
  assertEquals(subscriptions, [
    { roomId: "id-1", profileId: "ann", roles: ["owner"], joinedAt: TIME },
    { roomId: "id-1", profileId: "bob", roles: ["member"], joinedAt: TIME },
  ]);
  refused("already_exists", rooms, "CreateRoom", { id: "id-1" }, "bob");
  refused("invalid_argument", rooms, "CreateRoom", { id: "a:b" }, "bob");
});

Deno.test("events are stored as the core knows them: id, sender and time are not the sender's to say", () => {
  const rooms = withRoom();
  const event = { roomId: "r1", type: "text", payload: { text: "hi" }, senderId: "root", sentAt: "1970", offset: "7" };
  const stored = { id: "id-1", roomId: "r1", senderId: "cid", type: "text", payload: { text: "hi" }, sentAt: TIME };
  assertEquals(rooms.call("SendEvent", { events: [event] }, "cid"), { events: [stored] });
  assertEquals(rooms.call("GetHistory", { roomId: "r1" }, "ann"), { events: [stored], nextCursor: "" });
});

Deno.test("an event or a request that comes again is stored once, and answered alike", () => {
  const rooms = withRoom();
  assertEquals(send(rooms, "ann", "e1"), send(rooms, "ann", "e1"));
  const request = { events: [{ roomId: "r1" }], idempotencyKey: "k" };
  const first = rooms.call("SendEvent", request, "ann");
  assertEquals(rooms.call("SendEvent", request, "ann"), first);
  assert(idsOf(rooms.call("SendEvent", request, "bob"), "events", "id")[0] !== idsOf(first, "events", "id")[0]);
  assertEquals((rooms.call("GetHistory", { roomId: "r1" }, "ann")["events"] as Json[]).length, 3);
});

Deno.test("of several events none is stored when one of them may not be", () => {
  const rooms = withRoom();
  rooms.call("CreateRoom", { id: "r2" }, "bob");
  refused("permission_denied", rooms, "SendEvent", { events: [{ roomId: "r1" }, { roomId: "r2" }] }, "ann");
  refused("not_found", rooms, "SendEvent", { events: [{ roomId: "r1" }, { roomId: "r3" }] }, "ann");
  refused("not_found", rooms, "SendEvent", { events: [{ roomId: "r1", parentId: "none" }] }, "ann");
  refused("invalid_argument", rooms, "SendEvent", { events: [] }, "ann");
  assertEquals(rooms.call("GetHistory", { roomId: "r1" }, "ann")["events"], []);
});

for (
  const [forward, pages] of [
    [false, [["e5", "e4"], ["e3", "e2"], ["e1"]]],
    [true, [["e1", "e2"], ["e3", "e4"], ["e5"]]],
  ] as const
) {
  Deno.test(`history is read page by page, ${forward ? "oldest" : "newest"} first, and its end is told`, () => {
    const rooms = withRoom();
    send(rooms, "ann", "e1", "e2", "e3", "e4", "e5");
    const read: unknown[] = [];
    let cursor = "";
    do {
      const answer = rooms.call("GetHistory", { roomId: "r1", limit: 2, forward, cursor }, "cid");
      read.push(idsOf(answer, "events", "id"));
      cursor = answer["nextCursor"] as string;
    } while (cursor !== "" && read.length < 9);
    assertEquals(read, [...pages.map((page) => [...page])]);
  });
}

Deno.test("history of an empty room has no page more", () => {
  const rooms = withRoom();
  for (const forward of [true, false]) {
    assertEquals(rooms.call("GetHistory", { roomId: "r1", forward }, "ann"), { events: [], nextCursor: "" });
  }
  refused("invalid_argument", rooms, "GetHistory", { roomId: "r1", cursor: "x" }, "ann");
});

Deno.test("what is in a private room is for its members", () => {
  const rooms = withRoom();
  for (
    const [method, request] of [
      ["GetHistory", {}],
      ["SendEvent", { events: [{ roomId: "r1" }] }],
      ["UpdateRoom", { name: "x" }],
      ["DeleteRoom", {}],
      ["AddRoomSubscriptions", { members: [{ profileId: "eve" }] }],
      ["RemoveRoomSubscriptions", { profileIds: ["cid"] }],
      ["UpdateSubscriptionRole", { profileId: "eve", roles: ["owner"] }],
      ["SearchRoomSubscriptions", {}],
    ] as const
  ) {
    refused("permission_denied", rooms, method, { roomId: "r1", ...request }, "eve");
    refused("unauthenticated", rooms, method, { roomId: "r1", ...request }, "");
    if (method !== "SendEvent") refused("not_found", rooms, method, { ...request, roomId: "r9" }, "ann");
    if (method !== "SendEvent") refused("invalid_argument", rooms, method, request, "ann");
  }
  assertEquals(rooms.call("SearchRooms", {}, "eve"), { rooms: [], nextCursor: "" });
  const about = { roomId: "r1", profileId: "eve" };
  assertEquals(rooms.call("SearchRoomSubscriptions", about, "eve"), { subscriptions: [], nextCursor: "" });
});

Deno.test("a room that is not private can be found and joined by anybody, as a plain member", () => {
  const rooms = withRoom({ private: false });
  assertEquals(idsOf(rooms.call("SearchRooms", { query: "ONE" }, "eve"), "rooms", "id"), ["r1"]);
  assertEquals(idsOf(rooms.call("SearchRooms", { query: "two" }, "eve"), "rooms", "id"), []);
  assertEquals(idsOf(rooms.call("SearchRooms", { profileId: "eve" }, "eve"), "rooms", "id"), []);
  refused("permission_denied", rooms, "AddRoomSubscriptions", {
    roomId: "r1",
    members: [{ profileId: "eve", roles: ["moderator"] }],
  }, "eve");
  rooms.call("AddRoomSubscriptions", { roomId: "r1", members: [{ profileId: "eve" }] }, "eve");
  assertEquals(idsOf(rooms.call("SearchRooms", { profileId: "eve" }, "eve"), "rooms", "id"), ["r1"]);
  refused("permission_denied", rooms, "SearchRooms", { profileId: "ann" }, "eve");
});

Deno.test("roles: members, moderators and owners may do more and more", () => {
  const rooms = withRoom();
  const add = (name: string, role: string) => ({ roomId: "r1", members: [{ profileId: name, roles: [role] }] });
  const remove = (...profileIds: string[]) => ({ roomId: "r1", profileIds });
  refused("permission_denied", rooms, "AddRoomSubscriptions", add("dan", "member"), "cid");
  refused("permission_denied", rooms, "UpdateRoom", { roomId: "r1", name: "x" }, "cid");
  refused("permission_denied", rooms, "RemoveRoomSubscriptions", remove("bob"), "cid");
  rooms.call("AddRoomSubscriptions", add("dan", "member"), "bob");
  rooms.call("UpdateRoom", { roomId: "r1", topic: "news" }, "bob");
  refused("permission_denied", rooms, "AddRoomSubscriptions", add("eve", "owner"), "bob");
  refused("permission_denied", rooms, "RemoveRoomSubscriptions", remove("ann"), "bob");
  refused("permission_denied", rooms, "DeleteRoom", { roomId: "r1" }, "bob");
  refused("permission_denied", rooms, "UpdateSubscriptionRole", { roomId: "r1", profileId: "bob" }, "bob");
  rooms.call("RemoveRoomSubscriptions", remove("dan"), "bob");
  rooms.call("RemoveRoomSubscriptions", remove("cid"), "cid");
  refused("invalid_argument", rooms, "AddRoomSubscriptions", add("eve", "king"), "ann");
  refused("not_found", rooms, "UpdateSubscriptionRole", { roomId: "r1", profileId: "eve", roles: ["owner"] }, "ann");
  refused("failed_precondition", rooms, "RemoveRoomSubscriptions", remove("ann"), "ann");
  const demoted = { roomId: "r1", profileId: "ann", roles: ["member"] };
  refused("failed_precondition", rooms, "UpdateSubscriptionRole", demoted, "ann");
  const answer = rooms.call("UpdateSubscriptionRole", { roomId: "r1", profileId: "bob", roles: ["owner"] }, "ann");
  assertEquals(answer, { subscription: { roomId: "r1", profileId: "bob", roles: ["owner"], joinedAt: TIME } });
  rooms.call("RemoveRoomSubscriptions", remove("ann"), "ann");
  assertEquals(rooms.call("DeleteRoom", { roomId: "r1" }, "bob"), {});
  refused("not_found", rooms, "GetHistory", { roomId: "r1" }, "bob");
});

Deno.test("whoever is a member already keeps role and day when added again", () => {
  const rooms = withRoom();
  const answer = rooms.call("AddRoomSubscriptions", { roomId: "r1", members: [{ profileId: "bob" }] }, "ann");
  assertEquals((answer["subscriptions"] as Json[])[0]!["roles"], ["moderator"]);
});

Deno.test("rooms and members are listed page by page", () => {
  const rooms = core();
  const members = Array.from({ length: 7 }, (_, i) => ({ profileId: `m${i}` }));
  for (const id of ["c", "a", "b"]) rooms.call("CreateRoom", { id, members }, "ann");
  const first = rooms.call("SearchRooms", { profileId: "m3", limit: 2 }, "m3");
  assertEquals([idsOf(first, "rooms", "id"), first["nextCursor"]], [["a", "b"], "b"]);
  const second = rooms.call("SearchRooms", { profileId: "m3", limit: 2, cursor: "b" }, "m3");
  assertEquals([idsOf(second, "rooms", "id"), second["nextCursor"]], [["c"], ""]);
  const page = rooms.call("SearchRoomSubscriptions", { roomId: "a", limit: 7, cursor: "ann" }, "ann");
  assertEquals(idsOf(page, "subscriptions", "profileId"), members.map(({ profileId }) => profileId));
});

for (
  const request of [
    { roomId: 7 },
    { roomId: "r1", limit: -1 },
    { roomId: "r1", limit: "x" },
    { roomId: "r1", limit: 1.5 },
    { roomId: "r1", forward: "yes" },
    { roomId: {} },
  ]
) {
  Deno.test(`a request with a wrong type is refused: ${JSON.stringify(request)}`, () => {
    refused("invalid_argument", withRoom(), "GetHistory", request, "ann");
  });
}

Deno.test("a method that the service has not is unimplemented", () => {
  for (const method of ["Connect", "constructor", "sendEvent", ""]) refused("unimplemented", core(), method, {}, "ann");
});
