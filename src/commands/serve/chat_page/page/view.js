// @ts-check
/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
/**
 * Draws rooms and messages: only what is different, so that focus, selection and screen readers are
 * left in peace.
 * @module
 */
import { byId, h, setAttribute, setText } from "../../../../dashboard/page/dom.js";
import { clock } from "../../../../dashboard/page/format.js";
import { recoveryWords, writing } from "./rooms.js";
import { plural } from "./words.js";

/** @import { LineState, Message, Note, Room, RoomInfo } from "./types.d.ts" */

/** px from the end within which somebody reads the newest. */
const NEAR = 60;
/** Names that are listed before the rest is counted. */
const NAMED = 8;

const log = byId("log", HTMLOListElement);
const scroll = byId("scroll", HTMLElement);
/** @type {WeakMap<object, HTMLElement>} */
const drawn = new WeakMap();
/** The room that is drawn. @type {Room | undefined} */
let shown;
/** Whether the newest is in sight. */
let isAtEnd = true;
scroll.addEventListener("scroll", () => {
  isAtEnd = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < NEAR;
});
// A problem that is shown above, or a keyboard on a small screen, takes room away.
new ResizeObserver(() => isAtEnd && toEnd()).observe(scroll);

/**
 * @param {LineState} state @param {number} now ms
 */
export function drawState({ kind, why, again }, now) {
  const badge = byId("state", HTMLElement);
  const words = {
    connecting: "connecting",
    open: "connected",
    waiting: `not connected: ${why}`,
    ended: `not connected: ${why}`,
  };
  setAttribute(badge, "data-kind", kind);
  setText(badge, words[kind]);
  // Not read out: it changes every second.
  const seconds = Math.max(0, Math.ceil((again - now) / 1000));
  setText(byId("again", HTMLElement), kind === "waiting" ? `again in ${seconds} s` : "");
  byId("connect", HTMLElement).hidden = kind === "open" || kind === "connecting";
  byId("cut", HTMLElement).hidden = kind !== "open" && kind !== "connecting";
}

/** @param {string} text "" for none */
export function drawProblem(text) {
  setText(byId("problem-text", HTMLElement), text);
  byId("problem", HTMLElement).hidden = text === "";
}

/**
 * @param {readonly Room[]} rooms @param {Room | undefined} current @param {(room: Room) => void}
 * choose
 */
export function drawRooms(rooms, current, choose) {
  const sorted = [...rooms].sort((a, b) => a.name.localeCompare(b.name));
  place(
    byId("own", HTMLElement),
    sorted.map((room) => {
      const item = element(room, () => {
        const button = h(
          "button",
          { type: "button", class: "choice", onclick: () => choose(room) },
          h("span", { class: "name" }),
          h("span", { class: "unread" }),
        );
        return h("li", {}, button);
      });
      const [button, name, unread] = /** @type {HTMLElement[]} */ ([...item.querySelectorAll(".choice, span")]);
      if (button === undefined || name === undefined || unread === undefined) return item;
      setAttribute(button, "aria-current", room === current ? "true" : null);
      setText(name, room.name);
      setText(unread, room.unread);
      setAttribute(unread, "aria-label", `${room.unread} unread`);
      unread.hidden = room.unread === 0;
      return item;
    }),
  );
  byId("own-none", HTMLElement).hidden = rooms.length > 0;
}

/**
 * @param {readonly RoomInfo[]} rooms @param {string} query @param {(room: RoomInfo) => void} join
 */
export function drawOthers(rooms, query, join) {
  byId("others", HTMLElement).replaceChildren(...rooms.map((room) => {
    const name = room.name || room.id;
    return h(
      "li",
      {},
      h("span", {}, name),
      h("button", { type: "button", "aria-label": `Join ${name}`, onclick: () => join(room) }, "Join"),
    );
  }));
  setText(
    byId("others-none", HTMLElement),
    rooms.length > 0 ? "" : query === "" ? "There is none." : `None is called “${query}”.`,
  );
}

/**
 * @param {Room | undefined} room @param {string} me @param {(message: Message) => void} retry
 */
export function drawRoom(room, me, retry) {
  byId("room", HTMLElement).hidden = room === undefined;
  byId("none", HTMLElement).hidden = room !== undefined;
  setAttribute(byId("chat", HTMLElement), "data-in-room", room !== undefined);
  if (room === undefined) return;
  const isOther = room !== shown;
  shown = room;
  const follows = isOther || isAtEnd;
  setText(byId("room-name", HTMLElement), room.name);
  setText(byId("present", HTMLElement), presentWords(room));
  byId("older", HTMLElement).hidden = (room.cursor ?? "") === "";
  byId("beginning", HTMLElement).hidden = room.cursor !== "";
  place(log, [...room.log, ...room.waiting].map((item) => drawItem(item, me, retry)));
  if (follows) toEnd();
  drawTyping(room, me, Date.now());
}

/** @param {Room} room @param {string} me @param {number} now ms */
export function drawTyping(room, me, now) {
  const names = writing(room, now).filter((name) => name !== me);
  const text = names.length === 0
    ? ""
    : names.length > 3
    ? `${names.length} people are typing…`
    : `${listed(names)} ${names.length === 1 ? "is" : "are"} typing…`;
  setText(byId("typing", HTMLElement), text);
}

/** Shows the newest. */
export function toEnd() {
  scroll.scrollTop = scroll.scrollHeight;
  isAtEnd = true;
}

/**
 * Draws what is put above the messages without moving those that are read.
 * @param {() => void} draw
 */
export function keepPlace(draw) {
  const fromEnd = scroll.scrollHeight - scroll.scrollTop;
  draw();
  scroll.scrollTop = scroll.scrollHeight - fromEnd;
}

/** @param {Room} room */
function presentWords({ isLive, present }) {
  if (!isLive) return "Nobody knows who is here while there is no connection.";
  const names = [...present].sort();
  if (names.length === 0) return "";
  const rest = names.length - NAMED;
  const some = rest > 0 ? [...names.slice(0, NAMED), `${rest} more`] : names;
  return `${plural(names.length, "person").replace("persons", "people")} here: ${listed(some)}`;
}

/** @param {Message | Note} item @param {string} me @param {(message: Message) => void} retry */
function drawItem(item, me, retry) {
  if (item.kind === "note") {
    const made = element(item, () => h("li", { class: "note" }));
    const more = item.recovery === undefined ? "" : ` ${recoveryWords(item.recovery)}`;
    setText(made, `${clock(item.at)} · ${item.text}${more}`);
    return made;
  }
  const made = element(item, () =>
    h(
      "li",
      { class: item.sender === me ? "message own" : "message", "data-id": item.id },
      h(
        "header",
        {},
        h("strong", {}, item.sender),
        h("time", { class: "quiet" }),
        h("span", { class: "remark" }),
        h("button", { type: "button", onclick: () => retry(item) }, "Try again"),
      ),
      h("p", { class: "text" }, item.text),
    ));
  setAttribute(made, "data-state", item.state);
  const [time, remark, again] = /** @type {HTMLElement[]} */ ([...made.querySelectorAll("time, .remark, button")]);
  if (time === undefined || remark === undefined || again === undefined) return made;
  setAttribute(time, "datetime", item.at);
  setText(time, clock(item.at));
  setText(remark, item.state === "waiting" ? "waiting" : item.state === "failed" ? item.problem : missed(item));
  again.hidden = item.state !== "failed";
  return made;
}

/** @param {Message} message */
function missed({ wasMissed }) {
  return wasMissed ? "was missed" : "";
}

/** `a`, `a and b`, `a, b and c` @param {readonly string[]} names */
function listed(names) {
  const [last = "", ...others] = [...names].reverse();
  return others.length === 0 ? last : `${others.reverse().join(", ")} and ${last}`;
}

/**
 * The element of something, made when it is asked for first.
 * @param {object} of @param {() => HTMLElement} make
 */
function element(of, make) {
  let made = drawn.get(of);
  if (made === undefined) drawn.set(of, made = make());
  return made;
}

/**
 * Makes these the children, in this order.
 * @param {Element} parent
 * @param {readonly Element[]} children
 */
function place(parent, children) {
  const wanted = new Set(children);
  for (const child of [...parent.children]) if (!wanted.has(child)) child.remove();
  children.forEach((child, at) => {
    const there = parent.children[at];
    if (there !== child) parent.insertBefore(child, there ?? null);
  });
}
