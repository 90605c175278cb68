import { assertEquals } from "@std/assert";
import { RecentEvents } from "../../../src/chat/store/recent_events.ts";
import { RoomFeed } from "../../../src/chat/store/room_feed.ts";
import type { StoredEvent } from "../../../src/chat/store/mod.ts";
import { Heard } from "./scene.ts";

const BODY = new Uint8Array();

/** `a@3` of epoch x, `a@3/y` of epoch y. */
function at(text: string): StoredEvent {
  const [id = "", rest = ""] = text.split("@");
  const [offset, epoch = "x"] = rest.split("/");
  return { id, body: BODY, offset: Number(offset), epoch };
}

/** A feed that stands at an offset of epoch x. */
function feedAt(offset: number) {
  const heard = new Heard();
  const feed = new RoomFeed(heard);
  feed.filled({ offset, epoch: "x" }, []);
  return { feed, heard };
}

Deno.test("events that come before the position is known wait for it, and none is told twice", () => {
  const heard = new Heard();
  const feed = new RoomFeed(heard);
  for (const text of ["c@3", "d@4", "e@5"]) feed.offer(at(text));
  assertEquals([heard.lines, feed.placed, feed.gap], [[], false, false]);
  feed.filled({ offset: 3, epoch: "x" }, []);
  assertEquals([heard.lines, feed.gap], [["d@4", "e@5"], false]);
});

Deno.test("events of an epoch that went while the position was asked for are dropped", () => {
  const heard = new Heard();
  const feed = new RoomFeed(heard);
  for (const text of ["c@3", "a@1/y"]) feed.offer(at(text));
  feed.filled({ offset: 0, epoch: "y" }, []);
  assertEquals(heard.lines, ["a@1"]);
});

Deno.test("a gap holds what comes behind it until it is fetched", () => {
  const { feed, heard } = feedAt(1);
  for (const text of ["b@2", "b@2", "d@4", "f@6"]) feed.offer(at(text));
  assertEquals([heard.lines, feed.gap], [["b@2"], true]);
  feed.filled({ offset: 5, epoch: "x" }, [at("c@3"), at("d@4"), at("e@5")]);
  assertEquals([heard.lines, feed.gap], [["b@2", "c@3", "d@4", "e@5", "f@6"], false]);
});

Deno.test("what history has no more is told once, and the rest goes on", () => {
  const { feed, heard } = feedAt(1);
  feed.offer(at("i@9"));
  feed.filled({ offset: 9, epoch: "x" }, [at("g@7"), at("h@8")]);
  assertEquals([heard.lines, feed.gap], [["moved 6", "g@7", "h@8", "i@9"], false]);
  feed.offer(at("l@12"));
  feed.filled({ offset: 12, epoch: "x" }, []);
  assertEquals([heard.lines.slice(4), feed.gap, feed.position.offset], [["moved 12"], false, 12]);
});

Deno.test("a page of history that is not all leaves a gap", () => {
  const { feed, heard } = feedAt(1);
  feed.filled({ offset: 4, epoch: "x" }, [at("b@2")]);
  assertEquals([heard.lines, feed.gap], [["b@2"], true]);
});

Deno.test("a new epoch is told, and entered at its start", () => {
  const { feed, heard } = feedAt(7);
  feed.offer(at("b@2/y"));
  assertEquals([heard.lines, feed.gap, feed.position], [["moved 0"], true, { offset: 0, epoch: "y" }]);
  feed.filled({ offset: 2, epoch: "y" }, [at("a@1/y"), at("b@2/y")]);
  assertEquals([heard.lines, feed.gap], [["moved 0", "a@1", "b@2"], false]);
});

Deno.test("a late message of a past epoch changes nothing, but is looked into", () => {
  const { feed, heard } = feedAt(7);
  feed.announced({ offset: 0, epoch: "y" });
  feed.offer(at("h@8"));
  feed.announced({ offset: 9, epoch: "x" });
  assertEquals([heard.lines, feed.gap], [["moved 0"], true]);
  feed.filled({ offset: 0, epoch: "y" }, []);
  assertEquals([heard.lines, feed.gap], [["moved 0"], false]);
  // Redis says so: an old server took over again.
  feed.offer(at("h@8"));
  feed.filled({ offset: 8, epoch: "x" }, []);
  assertEquals([heard.lines, feed.position], [["moved 0", "moved 0"], { offset: 0, epoch: "x" }]);
});

Deno.test("what was told without offset is not told again with it, but moves the position", () => {
  const { feed, heard } = feedAt(1);
  const [b, c] = [at("b@0"), at("c@0")];
  assertEquals([feed.tellUnplaced(b), feed.tellUnplaced(c), feed.tellUnplaced(b)], [true, true, false]);
  feed.place("b", { offset: 2, epoch: "x" });
  assertEquals(feed.unplaced, [b, c]);
  feed.offer(at("b@2"));
  assertEquals([heard.lines, feed.position.offset, feed.unplaced], [["b@0", "c@0"], 2, [c]]);
  feed.place("c", undefined);
  assertEquals(feed.unplaced, []);
});

Deno.test("what was told without offset is forgotten when its offset is passed by", () => {
  const { feed } = feedAt(1);
  for (const id of ["b", "c", "d"]) feed.tellUnplaced(at(`${id}@0`));
  feed.place("b", { offset: 1, epoch: "x" });
  feed.place("c", { offset: 5, epoch: "x" });
  assertEquals(feed.unplaced.map(({ id }) => id), ["c", "d"]);
  feed.moved({ offset: 5, epoch: "x" });
  assertEquals(feed.unplaced.map(({ id }) => id), ["d"]);
  feed.place("d", { offset: 9, epoch: "x" });
  feed.moved({ offset: 0, epoch: "y" });
  assertEquals(feed.unplaced, []);
});

Deno.test("a publication whose answer is lost is known from the bus", () => {
  const { feed } = feedAt(1);
  feed.expect("b");
  feed.expect("c");
  feed.offer(at("b@2"));
  assertEquals([feed.settle("b"), feed.settle("c"), feed.settle("b")], [
    { offset: 2, epoch: "x" },
    undefined,
    undefined,
  ]);
});

Deno.test("a flood behind a gap is not kept: it is fetched", () => {
  const { feed, heard } = feedAt(0);
  for (let i = 2; i <= 3000; i++) feed.offer(at(`e${i}@${i}`));
  feed.offer(at("e1@1"));
  assertEquals([heard.events.length, feed.gap, feed.highest], [1001, true, 3000]);
});

Deno.test("recent events are all after an offset, or it is said that they are not", () => {
  const recent = new RecentEvents([at("c@3"), at("d@4")], 3);
  assertEquals([recent.covers(1), recent.covers(2), recent.covers(9)], [false, true, true]);
  for (let i = 5; i <= 10; i++) recent.add(at(`e${i}@${i}`));
  assertEquals(recent.after(7).map(({ offset }) => offset), [8, 9, 10]);
  assertEquals([recent.covers(6), recent.covers(4)], [true, false]);
  assertEquals(new RecentEvents([], 3).covers(0), false);
});
