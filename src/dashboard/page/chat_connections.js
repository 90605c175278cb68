// @ts-check
/// <reference lib="dom" />
/**
 * The devices that are connected here, and how one is sent away.
 * @module
 */
/** @import { ChatConnection } from "./types.d.ts" */
import { act, question } from "./dialogs.js";
import { byId, fill, h, setAttribute, setText } from "./dom.js";
import { age, bytes, count, plural } from "./format.js";
import { Pages } from "./pages.js";

/** Connections of one page. */
const SIZE = 50;
const TITLES = ["Profile", "Device", "Transport", "From", "For", "Silent", "Rooms", "In", "Out", "Waiting", ""];
const KINDS = [
  "name",
  "name",
  "transport spare",
  "spare",
  "number spare",
  "number spare",
  "number",
  "number spare",
  "number spare",
  "number spare",
  "act",
];

/** The list. */
export class ConnectionList {
  /** @type {Pages<ChatConnection>} */
  #pages;
  #refresh;
  #profile = byId("chat-find-profile", HTMLInputElement);
  #room = byId("chat-find-room", HTMLInputElement);
  /** @type {readonly ChatConnection[]} */
  #connections = [];
  #body = h("tbody");
  #table = h(
    "table",
    { class: "chat-devices" },
    h("thead", {}, h("tr", {}, ...TITLES.map((title, i) => h("th", { scope: "col", class: KINDS[i] }, title)))),
    this.#body,
  );
  #nothing = h("p", { class: "nothing" });
  /** @type {Map<string, ConnectionRow>} */
  #rows = new Map();
  #order = "";

  /** @param {() => void} refresh asks anew */
  constructor(refresh) {
    this.#refresh = refresh;
    this.#pages = new Pages(byId("chat-connections-pages", HTMLElement), "/api/v1/chat/connections", SIZE, refresh);
    for (const input of [this.#profile, this.#room]) input.addEventListener("input", () => this.#filter());
    fill(byId("chat-connection-list", HTMLElement), this.#table, this.#nothing);
  }

  /** Shows those that are in a room. @param {string} room */
  inRoom(room) {
    this.#room.value = room;
    this.#profile.value = "";
    this.#filter();
    byId("chat-connections", HTMLElement).scrollIntoView();
  }

  async ask() {
    this.#connections = await this.#pages.ask();
  }

  /** @param {number} all connections @param {number} now ms since 1970 */
  show(all, now) {
    const { before } = this.#pages;
    const found = this.#connections;
    const isFiltered = this.#profile.value !== "" || this.#room.value !== "";
    const part = before > 0 || found.length < all
      ? `; ${isFiltered ? "of those that fit, " : ""}${
        found.length === 0 ? "none" : `${count(before + 1)} to ${count(before + found.length)}`
      }`
      : "";
    setText(byId("chat-connections-count", HTMLElement), plural(all, "connection") + part);
    this.#table.hidden = found.length === 0;
    this.#nothing.hidden = found.length > 0;
    setText(this.#nothing, isFiltered ? "No device here fits." : "No device is connected.");
    const keyed = found.map((connection) => /** @type {const} */ ([keyOf(connection), connection]));
    const order = JSON.stringify(keyed.map(([key]) => key));
    if (order !== this.#order) {
      this.#order = order;
      const old = this.#rows;
      this.#rows = new Map(keyed.map(([key]) => [key, old.get(key) ?? new ConnectionRow(this.#refresh)]));
      fill(this.#body, ...[...this.#rows.values()].map(({ element }) => element));
    }
    for (const [key, connection] of keyed) this.#rows.get(key)?.show(connection, now);
  }

  #filter() {
    this.#pages.filter({ profile: this.#profile.value.trim(), room: this.#room.value.trim() });
  }
}

/** @param {ChatConnection} connection */
function keyOf({ profile_id: profile, device_id: device, connected_at: at, remote, transport }) {
  return JSON.stringify([profile, device, at, remote, transport]);
}

/** One connection. */
class ConnectionRow {
  #refresh;
  /** @type {ChatConnection | undefined} */
  #connection;
  #cells = KINDS.slice(0, -1).map((kind) => h("td", { class: kind }));
  #button = h("button", { type: "button", onclick: () => void this.#disconnect() }, "Disconnect…");
  element = h("tr", {}, ...this.#cells, h("td", { class: "act" }, this.#button));

  /** @param {() => void} refresh */
  constructor(refresh) {
    this.#refresh = refresh;
  }

  /** @param {ChatConnection} connection @param {number} now ms since 1970 */
  show(connection, now) {
    this.#connection = connection;
    const { profile_id: profile, device_id: device, room_ids: rooms, queue_bytes: waiting } = connection;
    // One that has not said Hello is nobody yet, and cannot be named.
    this.#button.hidden = profile === "";
    const texts = [
      profile === "" ? "–" : profile,
      device === "" ? "–" : device,
      `${connection.transport} ${connection.encoding}`,
      connection.remote,
      age((now - Date.parse(connection.connected_at)) / 1000),
      age((now - Date.parse(connection.last_active)) / 1000),
      count(rooms.length),
      count(connection.messages_in),
      count(connection.messages_out),
      waiting === 0 ? "–" : bytes(waiting),
    ];
    for (const [i, text] of texts.entries()) {
      const cell = this.#cells[i] ?? this.element;
      setText(cell, text);
      setAttribute(cell, "title", TITLES[i] === "Rooms" ? rooms.join(", ") : text);
    }
    setAttribute(this.element, "data-profile", profile);
    setAttribute(this.element, "data-device", device);
    setAttribute(this.#button, "aria-label", `Disconnect ${profile} (${device})`);
  }

  async #disconnect() {
    if (this.#connection === undefined) return;
    const { profile_id: profile, device_id: device } = this.#connection;
    const all = h("input", { type: "checkbox" });
    const yes = await question({
      title: `Disconnect ${profile}?`,
      text: [
        h(
          "p",
          {},
          `Its device ${device} is closed with 4010, on all gateways. Nothing keeps it from connecting again as long ` +
            "as its token holds.",
        ),
        h("label", { class: "check" }, all, " All devices of this profile"),
      ],
      yes: "Disconnect",
      isDangerous: true,
    });
    if (!yes) return;
    const body = { profile_id: profile, ...(all.checked ? {} : { device_id: device }) };
    const whose = all.checked ? `All devices of ${profile} are` : `${profile} (${device}) is`;
    await act(`${whose} disconnected.`, "/api/v1/chat/disconnect", { method: "POST", body });
    this.#refresh();
  }
}
