// @ts-check
/// <reference lib="dom" />
/**
 * The chat plane's sections of the page: numbers, events, rooms, devices.
 * @module
 */
/** @import { ChatStatus, GatewayEvent, Status } from "./types.d.ts" */
/** @import { Plane } from "./plane.d.ts" */
import { ConnectionList } from "./chat_connections.js";
import { RoomList } from "./chat_rooms.js";
import { byId, fill, h } from "./dom.js";
import { sentenceOf } from "./event_text.js";
import { clock, count, plural, short } from "./format.js";
import { rateOf } from "./rate.js";
import { TileRow } from "./tile_row.js";

/** Over how many looks a rate is taken, so that it can be read. */
const SMOOTH = 5;
const EVENTS_SHOWN = 200;
const EVENTS = byId("chat-event-list", HTMLElement);

const TRANSPORTS = { websocket: "WebSocket", grpc: "gRPC", connect: "Connect", grpcweb: "gRPC-web" };

/**
 * The breaker, as what it means. @type {Readonly<Record<ChatStatus["core"]["breaker"], readonly
 * [string, "good" | "warn" | "bad"]>>}
 */
const CORE = {
  closed: ["answers", "good"],
  "half-open": ["is tried", "warn"],
  open: ["fails", "bad"],
};

/** All of it. @implements {Plane} */
export class Chat {
  #tiles = new TileRow(byId("chat-tiles", HTMLElement), [
    "Devices",
    "Rooms",
    "Published",
    "Deliveries",
    "Slow consumers",
    "Core",
    "Cache",
  ]);
  #rooms;
  #connections;
  /** @type {{ at: number, published: number, deliveries: number, slow: number }[]} */
  #looks = [];
  #connected = 0;

  /** @param {() => void} refresh asks anew, after something was done */
  constructor(refresh) {
    const connections = this.#connections = new ConnectionList(refresh);
    this.#rooms = new RoomList(refresh, (room) => connections.inRoom(room));
    fill(EVENTS, h("li", { class: "nothing" }, "Nothing happened that is still known."));
  }

  async begin() {}

  async ask() {
    await Promise.all([this.#rooms.ask(), this.#connections.ask()]);
  }

  /** @param {Status} status @param {number} now ms since 1970 */
  show({ chat }, now) {
    if (chat === undefined) return;
    this.#connected = chat.connections;
    this.#showTiles(chat, now);
    this.#rooms.show(chat.rooms);
    this.#connections.show(chat.connections, now);
  }

  /** @param {ChatStatus} chat @param {number} now */
  #showTiles(chat, now) {
    const { published, deliveries, slow_consumers: slow, core, cache } = chat;
    const closes = Object.entries(chat.closes).sort(([, a], [, b]) => b - a);
    const closed = closes.reduce((sum, [, times]) => sum + times, 0);
    // It has started anew.
    if ((this.#looks.at(-1)?.published ?? 0) > published) this.#looks = [];
    const before = this.#looks[0];
    const seconds = before === undefined ? 0 : (now - before.at) / 1000;
    this.#looks.push({ at: now, published, deliveries, slow });
    if (this.#looks.length > SMOOTH) this.#looks.shift();
    const transports = Object.entries(TRANSPORTS)
      .map(([kind, name]) => `${count(chat.transports[/** @type {keyof typeof TRANSPORTS} */ (kind)])} ${name}`);
    this.#tiles.write("Devices", {
      value: count(chat.connections),
      remark: chat.connections === 0
        ? "none is connected"
        : transports.filter((text) => !text.startsWith("0 ")).join(", "),
    });
    this.#tiles.write("Rooms", { value: count(chat.rooms), remark: plural(chat.subscriptions, "subscription") });
    this.#tiles.write("Published", perSecond(published, before?.published, seconds));
    this.#tiles.write("Deliveries", perSecond(deliveries, before?.deliveries, seconds));
    this.#tiles.write("Slow consumers", {
      value: count(slow),
      remark: closes.length === 0
        ? "none has ended yet"
        : `of ${short(closed)} ended: ${closes.map(([code, times]) => `${code} ${short(times)}×`).join(", ")}`,
      level: before !== undefined && slow > before.slow ? "warn" : null,
    });
    const [does, level] = CORE[core.breaker];
    this.#tiles.write("Core", { value: does, remark: `breaker ${core.breaker}, ${core.uri}`, level });
    this.#tiles.write("Cache", {
      value: cache.up ? "up" : "down",
      remark: cache.uri,
      level: cache.up ? "good" : "bad",
    });
  }

  lost() {}

  async lookAround() {}

  /** @param {GatewayEvent} event */
  take(event) {
    if (!event.kind.startsWith("chat_") && event.kind !== "config") return;
    const { text, level } = sentenceOf(event);
    EVENTS.querySelector(".nothing")?.remove();
    EVENTS.prepend(h(
      "li",
      { class: level, "data-kind": event.kind, title: `${event.at} ${event.kind}` },
      h("time", { datetime: event.at }, clock(event.at)),
      h("span", { class: "dot" }),
      h("span", {}, text),
    ));
    if (EVENTS.childElementCount > EVENTS_SHOWN) EVENTS.lastElementChild?.remove();
  }

  recolor() {}

  close() {
    return false;
  }

  press() {
    return false;
  }

  atStake() {
    return `${plural(this.#connected, "device")} connected: they are told to go elsewhere, over drain_spread; calls ` +
      "in flight are answered, for drain_timeout at most.";
  }
}

/** @param {number} counter @param {number | undefined} before @param {number} seconds */
function perSecond(counter, before, seconds) {
  const rate = rateOf(counter, before, seconds);
  return {
    value: rate === null ? "–" : `${short(Math.round(rate))}/s`,
    remark: `${plural(counter, "event")} in all`,
  };
}
