// @ts-check
/// <reference lib="dom" />
/**
 * The rooms that have members here.
 * @module
 */
/** @import { ChatRoom } from "./types.d.ts" */
import { byId, fill, h, setText } from "./dom.js";
import { count } from "./format.js";
import { Pages } from "./pages.js";

/** Rooms of one page. */
const SIZE = 50;
const TITLES = ["Room", "Here", "Events"];

/** The list. A click on a room shows who is in it. */
export class RoomList {
  /** @type {Pages<ChatRoom>} */
  #pages;
  #choose;
  /** @type {readonly ChatRoom[]} */
  #rooms = [];
  #shown = "";

  /** @param {() => void} refresh asks anew @param {(room: string) => void} choose */
  constructor(refresh, choose) {
    this.#pages = new Pages(byId("chat-rooms-pages", HTMLElement), "/api/v1/chat/rooms", SIZE, refresh);
    this.#choose = choose;
  }

  async ask() {
    this.#rooms = await this.#pages.ask();
  }

  /** @param {number} all rooms */
  show(all) {
    const { before } = this.#pages;
    const last = before + this.#rooms.length;
    const part = last < all || before > 0 ? `; ${count(before + 1)} to ${count(last)}` : "";
    setText(byId("chat-rooms-count", HTMLElement), `${count(all)}, with members here${part}`);
    const shown = JSON.stringify(this.#rooms);
    if (shown === this.#shown) return;
    this.#shown = shown;
    const rows = this.#rooms.map(({ room_id: room, local, offset, epoch }) =>
      h(
        "tr",
        { "data-room": room },
        h(
          "td",
          { class: "name" },
          h("button", { type: "button", title: `Who is in ${room}`, onclick: () => this.#choose(room) }, room),
        ),
        h("td", { class: "number" }, count(local)),
        h("td", { class: "number", title: `epoch ${epoch}` }, count(offset)),
      )
    );
    fill(
      byId("chat-room-list", HTMLElement),
      rows.length === 0 ? h("p", { class: "nothing" }, "Nobody here is in a room.") : h(
        "table",
        { class: "chat-rooms" },
        h(
          "thead",
          {},
          h(
            "tr",
            {},
            ...TITLES.map((title, i) => h("th", { scope: "col", class: i === 0 ? "name" : "number" }, title)),
          ),
        ),
        h("tbody", {}, ...rows),
      ),
    );
  }
}
