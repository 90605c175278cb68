import { assertEquals } from "@std/assert";
import {
  lost,
  newRoom,
  position,
  present,
  received,
  recoveryWords,
  remembered,
  subscribed,
  writing,
} from "../../../../src/commands/serve/chat_page/page/rooms.js";
import type { Message, Room, RoomEvent } from "../../../../src/commands/serve/chat_page/page/types.d.ts";

/** Of the second `nth`. */
const event = (nth: number, offset = nth): RoomEvent => ({
  id: `e${nth}`,
  roomId: "r",
  senderId: "bob",
  type: "message",
  payload: { text: String(nth) },
  sentAt: time(nth),
  ...(offset === 0 ? {} : { offset: String(offset) }),
});
const time = (nth: number) => new Date(Date.UTC(2030, 0, 1, 0, 0, nth)).toISOString();
const ids = ({ log }: Room) => log.map((item) => item.kind === "note" ? "-" : item.id);
const recovery = ({ log }: Room) =>
  log.flatMap((item) => item.kind === "note" && item.recovery ? [recoveryWords(item.recovery)] : []);

/** One that is read up to its third event. */
function room(): Room {
  const made = newRoom("r");
  subscribed(made, { roomId: "r", offset: "0", epoch: "x" }, time(0));
  for (const nth of [1, 2, 3]) received(made, event(nth));
  return made;
}

Deno.test("what was missed is asked for from the last event on, read, and marked", () => {
  const it = room();
  lost(it, "the connection was lost", time(4));
  assertEquals(position(it), { roomId: "r", offset: "3", epoch: "x" });
  assertEquals(subscribed(it, { roomId: "r", offset: "5", epoch: "x", recovered: true }, time(6)), false);
  for (const nth of [4, 5, 6]) received(it, event(nth));
  assertEquals(recovery(it), ["2 messages were missed: 2 read, 0 twice, 0 missing."]);
  assertEquals(it.log.map((item) => item.kind === "message" && item.wasMissed), [
    ...[false, false, false],
    ...[false, false],
    ...[true, true],
    false,
  ]);
});

Deno.test("an event that a recovery leaves out or brings twice is seen as such, and shown once", () => {
  const it = room();
  lost(it, "the connection was lost", time(4));
  subscribed(it, { roomId: "r", offset: "5", epoch: "x", recovered: true }, time(6));
  for (const nth of [3, 5]) received(it, event(nth));
  assertEquals(recovery(it), ["2 messages were missed: 1 read, 1 twice, 1 missing."]);
  assertEquals(ids(it), ["e1", "e2", "e3", "-", "-", "e5"]);
});

Deno.test("a connection that is lost before anything was missed says that nothing was", () => {
  const it = room();
  lost(it, "the connection was lost", time(4));
  subscribed(it, { roomId: "r", offset: "3", epoch: "x", recovered: true }, time(6));
  assertEquals(recovery(it), ["Nothing was missed."]);
});

Deno.test("when it is too late for a recovery the history fills the gap, without what is there already", () => {
  const it = room();
  lost(it, "the connection was lost", time(4));
  assertEquals(subscribed(it, { roomId: "r", offset: "1", epoch: "y" }, time(8)), true);
  received(it, event(9, 2));
  remembered(it, [9, 7, 6, 3, 2].map((nth) => event(nth, 0)));
  assertEquals(ids(it), ["e1", "e2", "e3", "-", "e6", "e7", "-", "e9"]);
  assertEquals(position(it), { roomId: "r", offset: "2", epoch: "y" });
});

Deno.test("a message of one's own waits behind the others until it comes back, and is there once", () => {
  const it = room();
  const own: Message = {
    kind: "message",
    id: "e5",
    sender: "bob",
    text: "5",
    at: time(3),
    state: "waiting",
    problem: "",
    wasMissed: false,
  };
  it.waiting.push(own);
  received(it, event(4));
  assertEquals([ids(it).length, it.waiting.length], [4, 1]);
  assertEquals([received(it, event(5)), received(it, event(5))], [true, false]);
  assertEquals([ids(it), it.waiting, own.state, own.at], [["e1", "e2", "e3", "e4", "e5"], [], "sent", time(5)]);
});

Deno.test("whoever is in the room and whoever types is known until they leave, send, or fall silent", () => {
  const it = room();
  present(it, { roomId: "r", members: [{ profileId: "alice" }, { profileId: "bob" }] });
  present(it, { roomId: "r", joined: "carol" });
  for (const name of ["alice", "bob", "carol"]) it.typing.set(name, 100);
  present(it, { roomId: "r", left: "alice" });
  received(it, event(4));
  assertEquals([[...it.present], writing(it, 99), writing(it, 100)], [["bob", "carol"], ["carol"], []]);
  lost(it, "the connection was lost", time(5));
  assertEquals([it.present.size, it.typing.size], [0, 0]);
});
