// @ts-check
/**
 * What a room looks like after what was told of it: order, positions, what was missed, and what
 * came twice.
 *
 * PURE.
 * @module
 */
import { plural } from "./words.js";

/** @import { Message, Note, Position, Presence } from "./types.d.ts" */
/** @import { Recovery, Room, RoomEvent, Subscribed } from "./types.d.ts" */

/** ms for which somebody is believed to be writing. */
export const TYPING = 5_000;

/** @param {string} id @returns {Room} */
export function newRoom(id) {
  return {
    id,
    name: id,
    isLive: false,
    offset: 0,
    epoch: "",
    log: [],
    waiting: [],
    known: new Set(),
    unread: 0,
    present: new Set(),
    typing: new Map(),
    cursor: undefined,
    isLoading: false,
    recovery: undefined,
  };
}

/** From where on it wants to be told. @param {Room} room @returns {Position} */
export function position({ id, offset, epoch }) {
  return { roomId: id, offset: String(offset), epoch };
}

/**
 * The gateway tells what happens in the room from now on.
 * @param {Room} room @param {Subscribed} subscribed @param {string} now RFC 3339
 * @returns {boolean} whether what was missed has to be read from the history
 */
export function subscribed(room, { offset = "0", epoch = "", recovered = false }, now) {
  const newest = Number(offset);
  const [wasBefore, from] = [room.epoch !== "", room.offset];
  room.isLive = true;
  room.epoch = epoch;
  room.typing.clear();
  if (recovered) {
    room.recovery = { from, to: newest, read: 0, twice: 0 };
    note(room, now, "Connected again.", room.recovery);
    return false;
  }
  room.offset = newest;
  room.recovery = undefined;
  if (wasBefore) note(room, now, "Connected again, too late: what was missed is read from the history.");
  return wasBefore;
}

/** @param {Room} room @param {string} why @param {string} now RFC 3339 */
export function lost(room, why, now) {
  if (!room.isLive) return;
  room.isLive = false;
  room.recovery = undefined;
  room.present = new Set();
  room.typing.clear();
  note(room, now, `No connection: ${why}.`);
}

/**
 * An event of the room.
 * @param {Room} room @param {RoomEvent} event
 * @returns {boolean} whether it is new
 */
export function received(room, event) {
  const offset = Number(event.offset ?? 0);
  const { recovery } = room;
  const isMissed = recovery !== undefined && offset > recovery.from && offset <= recovery.to;
  if (room.known.has(event.id)) {
    // One from the history may come again as what was missed; what was read before may not.
    if (recovery !== undefined && offset !== 0 && offset <= room.offset) recovery.twice++;
    else if (isMissed) recovery.read++;
    room.offset = Math.max(room.offset, offset);
    return false;
  }
  if (isMissed) recovery.read++;
  room.offset = Math.max(room.offset, offset);
  room.known.add(event.id);
  room.typing.delete(event.senderId ?? "");
  const at = room.waiting.findIndex(({ id }) => id === event.id);
  const [own] = at < 0 ? [] : room.waiting.splice(at, 1);
  room.log.push(Object.assign(own ?? messageOf(event), placed(event, isMissed)));
  return true;
}

/** @param {RoomEvent} event @param {boolean} wasMissed */
function placed({ senderId = "", sentAt = "" }, wasMissed) {
  return { sender: senderId, at: sentAt, state: /** @type {const} */ ("sent"), wasMissed };
}

/**
 * A page of the history, which goes where its time says.
 * @param {Room} room @param {readonly RoomEvent[]} events newest first
 */
export function remembered(room, events) {
  const older = [...events].reverse().filter(({ id }) => !room.known.has(id));
  for (const { id } of older) {
    room.known.add(id);
    const at = room.waiting.findIndex((message) => message.id === id);
    if (at >= 0) room.waiting.splice(at, 1);
  }
  const log = [...older.map(messageOf), ...room.log];
  log.sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
  room.log.splice(0, room.log.length, ...log);
}

/** @param {Room} room @param {Presence} presence */
export function present(room, { members, joined = "", left = "" }) {
  if (members !== undefined) room.present = new Set(members.map(({ profileId }) => profileId));
  if (joined !== "") room.present.add(joined);
  room.present.delete(left);
  room.typing.delete(left);
}

/** Who is writing at that time. @param {Room} room @param {number} now ms */
export function writing(room, now) {
  return [...room.typing].filter(([, until]) => until > now).map(([name]) => name);
}

/** `3 messages were missed: 3 read, 0 twice, 0 missing.` @param {Recovery} recovery */
export function recoveryWords({ from, to, read, twice }) {
  const missed = to - from;
  if (missed === 0) return "Nothing was missed.";
  const said = missed === 1 ? "One message was missed" : `${plural(missed, "message")} were missed`;
  return `${said}: ${read} read, ${twice} twice, ${missed - read} missing.`;
}

/** @param {RoomEvent} event @returns {Message} */
function messageOf({ id, senderId = "", sentAt = "", type = "", payload = {} }) {
  const { text } = payload;
  return {
    kind: "message",
    id,
    sender: senderId,
    text: typeof text === "string" ? text : `${type} ${JSON.stringify(payload)}`,
    at: sentAt,
    state: "sent",
    problem: "",
    wasMissed: false,
  };
}

let notes = 0;

/** @param {Room} room @param {string} at @param {string} text @param {Recovery} [recovery] */
function note(room, at, text, recovery) {
  /** @type {Note} */
  const made = { kind: "note", id: `note ${++notes}`, at, text, ...(recovery === undefined ? {} : { recovery }) };
  room.log.push(made);
}
