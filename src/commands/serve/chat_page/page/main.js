// @ts-check
/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
/**
 * The page of a gateway for development: one person, some rooms, and a line that can be cut.
 * @module
 */
import { byId, setText } from "../../../../dashboard/page/dom.js";
import { openLine } from "./line.js";
import { lost, newRoom, position, present, received, remembered, subscribed, TYPING } from "./rooms.js";
import { drawOthers, drawProblem, drawRoom, drawRooms, drawState, drawTyping, keepPlace, toEnd } from "./view.js";
import { failureWords, nameProblem, Refused } from "./words.js";

/** @import { Line, LineState, Message, Room, RoomInfo, Told } from "./types.d.ts" */

/** ms for which a line that was cut stays cut: time to write something in another tab. */
const CUT = 10_000;
/** ms between two times that others are told that somebody is still typing. */
const STILL = 2_000;
/** ms after the last key before rooms are searched. */
const REST = 200;
/** Messages of one look into the history, and rooms of one search. */
const [PAGE, FOUND] = [30, 50];

const chat = byId("chat", HTMLElement);
const entrance = byId("entrance", HTMLElement);
const name = byId("name", HTMLInputElement);
const query = byId("query", HTMLInputElement);
const text = byId("text", HTMLInputElement);

let me = "";
/** @type {Line | undefined} */
let line;
/** @type {LineState} */
let state = { kind: "connecting", why: "", again: 0 };
/** @type {Map<string, Room>} */
const rooms = new Map();
/** @type {Room | undefined} */
let current;
/** When others were told last that this person is typing; 0: they believe that nobody is. */
let saidTyping = 0;

// Who it is.

byId("enter", HTMLFormElement).addEventListener("submit", (event) => {
  event.preventDefault();
  const problem = nameProblem(name.value.trim());
  setText(byId("name-problem", HTMLElement), problem);
  if (problem !== "") return name.focus();
  sessionStorage.setItem("name", name.value.trim());
  enter(name.value.trim());
});

byId("leave", HTMLButtonElement).addEventListener("click", () => {
  sessionStorage.clear();
  location.reload();
});

/** @param {string} as */
function enter(as) {
  me = as;
  // A tab is a device; the gateway keeps one connection of each.
  const device = sessionStorage.getItem("device") ?? `tab-${crypto.randomUUID()}`;
  sessionStorage.setItem("device", device);
  setText(byId("who", HTMLElement), me);
  document.title = `${me} · Chat · diam-gw`;
  entrance.hidden = true;
  chat.hidden = byId("tools", HTMLElement).hidden = false;
  line = openLine({
    url: `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws`,
    async hello() {
      const token = await tokenOf(me, device);
      // Of those in which something was told, from where it ended.
      const known = [...rooms.values()].filter(({ epoch }) => epoch !== "").map(position);
      return { token, deviceId: device, rooms: known, allRooms: true };
    },
    told,
    changed,
  });
  line.connect();
  draw();
}

/** @param {string} profile @param {string} device */
async function tokenOf(profile, device) {
  let response;
  try {
    response = await fetch(`/dev/token?${new URLSearchParams({ profile, device })}`);
  } catch {
    throw new Error("the gateway cannot be reached");
  }
  if (!response.ok) throw new Error(`the gateway gives no token (${response.status})`);
  const { token } = await response.json();
  return String(token);
}

// What the gateway tells.

/** @param {LineState} next */
function changed(next) {
  state = next;
  if (next.kind === "waiting" || next.kind === "ended") {
    saidTyping = 0;
    for (const room of rooms.values()) lost(room, next.why, new Date().toISOString());
  }
  draw();
}

/** @param {Told} event */
function told(event) {
  if (event.welcome !== undefined) {
    void findOwn();
    void findOthers();
  } else if (event.subscribed !== undefined) {
    const { roomId } = event.subscribed;
    const isKnown = rooms.has(roomId);
    const room = roomOf(roomId);
    const isToRead = subscribed(room, event.subscribed, new Date().toISOString());
    if (!isKnown) void findOwn();
    if (isToRead || (room === current && room.cursor === undefined)) void readHistory(room, "");
    void askPresence(room);
    for (const message of room.waiting) if (message.state === "waiting") void send(room, message);
  } else if (event.event !== undefined) {
    const room = roomOf(event.event.roomId);
    if (received(room, event.event) && (room !== current || document.hidden)) room.unread++;
  } else if (event.typing !== undefined) {
    const { roomId, profileId, typing = false } = event.typing;
    const { typing: all } = roomOf(roomId);
    if (typing) all.set(profileId, Date.now() + TYPING);
    else all.delete(profileId);
  } else if (event.presence !== undefined) {
    present(roomOf(event.presence.roomId), event.presence);
  } else if (event.unsubscribed !== undefined) {
    const { roomId, reason } = event.unsubscribed;
    drawProblem(
      `${roomOf(roomId).name}: ${reason === "deleted" ? "the room was deleted" : "you are no member any more"}.`,
    );
    forgetRoom(roomId);
  } else if (event.error !== undefined) {
    const { code, message = "", roomId = "" } = event.error;
    const what = roomId === "" ? "The gateway refused something" : `You cannot be in ${roomOf(roomId).name}`;
    drawProblem(failureWords(what, new Refused(code, message)));
    if (roomId !== "" && (code === "permission_denied" || code === "not_found")) forgetRoom(roomId);
  }
  draw();
}

/** @param {string} id */
function roomOf(id) {
  const room = rooms.get(id) ?? newRoom(id);
  rooms.set(id, room);
  return room;
}

/** @param {string} id */
function forgetRoom(id) {
  if (current?.id === id) choose(undefined);
  rooms.delete(id);
}

// What the gateway is asked.

/**
 * A method of the chat service.
 * @param {string} method @param {object} json @returns {Promise<any>}
 */
async function call(method, json) {
  if (line === undefined) throw new Refused("lost", "");
  const { result } = await line.ask({ call: { method, json } });
  return result?.json ?? {};
}

/**
 * Does something, and says so when it fails; not when the connection went, which is seen anyway.
 * @param {string} failure `The room was not made` @param {() => Promise<void>} work @param
 * {boolean} [isByHand]
 */
async function trying(failure, work, isByHand = false) {
  try {
    await work();
  } catch (error) {
    if (isByHand || !(error instanceof Refused && error.code === "lost")) drawProblem(failureWords(failure, error));
  }
  draw();
}

function findOwn() {
  return trying("Your rooms were not found", async () => {
    let cursor = "";
    do {
      const { rooms: page = [], nextCursor = "" } = await call("SearchRooms", { profileId: me, cursor });
      for (const { id, name } of page) roomOf(id).name = name || id;
      cursor = nextCursor;
    } while (cursor !== "");
    const last = rooms.get(sessionStorage.getItem("room") ?? "");
    if (current === undefined && last !== undefined) choose(last);
  });
}

function findOthers() {
  return trying("Rooms were not searched", async () => {
    const wanted = query.value.trim();
    /** @type {{ rooms?: RoomInfo[] }} */
    const { rooms: found = [] } = await call("SearchRooms", { query: wanted, limit: FOUND });
    if (query.value.trim() === wanted) drawOthers(found.filter(({ id }) => !rooms.has(id)), wanted, join);
  });
}

/** @param {RoomInfo} info */
function join({ id, name = id }) {
  return trying(`You are not in ${name}`, async () => {
    await call("AddRoomSubscriptions", { roomId: id, members: [{ profileId: me, roles: ["member"] }] });
    come(id, name);
  }, true);
}

function create() {
  const name = query.value.trim();
  if (name === "") {
    drawProblem("A room needs a name.");
    return query.focus();
  }
  return trying("The room was not created", async () => {
    const { room } = await call("CreateRoom", { name });
    come(String(room.id), name);
  }, true);
}

/**
 * Goes into a room of which this person is a member since now.
 * @param {string} id
 * @param {string} name
 */
function come(id, name) {
  const room = roomOf(id);
  room.name = name;
  query.value = "";
  drawProblem("");
  choose(room);
  void findOthers();
}

/** @param {Room} room @param {string} cursor "" for the newest */
async function readHistory(room, cursor) {
  if (room.isLoading) return;
  room.isLoading = true;
  await trying(`The history of ${room.name} was not read`, async () => {
    const { events = [], nextCursor = "" } = await call("GetHistory", { roomId: room.id, cursor, limit: PAGE });
    const read = () => {
      remembered(room, events);
      // The newest page, read again, says nothing of where the oldest begins.
      if (cursor !== "" || room.cursor === undefined) room.cursor = nextCursor;
      draw();
    };
    if (cursor !== "") keepPlace(read);
    else read();
  }, cursor !== "");
  room.isLoading = false;
}

/** @param {Room} room */
function askPresence(room) {
  return trying(`Nobody knows who is in ${room.name}`, async () => {
    const { presence } = await /** @type {Line} */ (line).ask({ presence: { roomId: room.id } });
    if (presence !== undefined) present(room, presence);
  });
}

// What the person does.

/** @param {Room | undefined} room */
function choose(room) {
  sayTyping(false);
  current = room;
  sessionStorage.setItem("room", room?.id ?? "");
  if (room !== undefined) {
    room.unread = 0;
    if (room.isLive && room.cursor === undefined) void readHistory(room, "");
  }
  draw();
  if (room !== undefined) text.focus();
}

byId("say", HTMLFormElement).addEventListener("submit", (event) => {
  event.preventDefault();
  const said = text.value.trim();
  if (current === undefined || said === "") return;
  /** @type {Message} */
  const message = {
    kind: "message",
    // Chosen here: sent once more after a loss, it is still the same event.
    id: crypto.randomUUID(),
    sender: me,
    text: said,
    at: new Date().toISOString(),
    state: "waiting",
    problem: "",
    wasMissed: false,
  };
  current.waiting.push(message);
  text.value = "";
  sayTyping(false);
  void send(current, message);
  draw();
  toEnd();
});

/** @param {Room} room @param {Message} message */
async function send(room, message) {
  if (!room.isLive) return; // It is sent as soon as the room is there again.
  message.state = "waiting";
  const { id, text } = message;
  try {
    await call("SendEvent", { events: [{ id, roomId: room.id, type: "message", payload: { text } }] });
  } catch (error) {
    if (error instanceof Refused && error.code === "lost") return;
    message.state = "failed";
    message.problem = failureWords("not sent", error);
  }
  draw();
}

text.addEventListener("input", () => sayTyping(text.value !== ""));
text.addEventListener("blur", () => sayTyping(false));

/** @param {boolean} typing */
function sayTyping(typing) {
  const now = Date.now();
  if (current === undefined || !current.isLive || (typing ? now - saidTyping < STILL : saidTyping === 0)) return;
  saidTyping = typing ? now : 0;
  line?.say({ typing: { roomId: current.id, typing } });
}

/** @type {ReturnType<typeof setTimeout> | undefined} */
let searching;
query.addEventListener("input", () => {
  clearTimeout(searching);
  searching = setTimeout(findOthers, REST);
});
byId("find", HTMLFormElement).addEventListener("submit", (event) => {
  event.preventDefault();
  void findOthers();
});
byId("create", HTMLElement).addEventListener("click", create);
byId("older", HTMLElement).addEventListener("click", () => {
  if (current !== undefined) void readHistory(current, current.cursor ?? "");
});
byId("back", HTMLElement).addEventListener("click", () => choose(undefined));
byId("cut", HTMLElement).addEventListener("click", () => line?.cut(CUT));
byId("connect", HTMLElement).addEventListener("click", () => line?.connect());
byId("problem-done", HTMLElement).addEventListener("click", () => drawProblem(""));
document.addEventListener("visibilitychange", () => {
  if (document.hidden || current === undefined) return;
  current.unread = 0;
  draw();
});

function draw() {
  drawState(state, Date.now());
  drawRooms([...rooms.values()], current, choose);
  drawRoom(current, me, (message) => {
    const room = current;
    if (room !== undefined) void send(room, message).then(draw);
    draw();
  });
}

setInterval(() => {
  if (line === undefined) return;
  drawState(state, Date.now());
  if (current !== undefined) drawTyping(current, me, Date.now());
}, 500);

const before = sessionStorage.getItem("name");
if (before === null) {
  entrance.hidden = false;
  name.focus();
} else enter(before);
document.body.dataset["loaded"] = "";
