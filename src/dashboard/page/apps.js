// @ts-check
/// <reference lib="dom" />
/**
 * The Logic Apps. There may be thousands: only the rows in sight are elements of the page.
 * @module
 */
/** @import { App } from "./types.d.ts" */
import { byId, fill, h, setAttribute, setText } from "./dom.js";
import { age, bytes, count, plural, short } from "./format.js";
import { rateOf } from "./rate.js";

/** Pixels of a row; the style sheet has it, too. */
const ROW = 28;
/** Rows above and below those in sight. */
const SPARE = 6;

/**
 * An app and what the page worked out.
 * @typedef {{ app: App, rate: number | null, seconds: number }} Row
 */

/**
 * @typedef {object} Column
 * @property {string} title
 * @property {string} kind classes of its cells
 * @property {(row: Row) => string | number} value by which it is sorted
 * @property {(row: Row) => string} text
 */

/** @type {readonly Column[]} */
const COLUMNS = [
  {
    title: "Origin-Host",
    kind: "name",
    value: ({ app }) => app.origin_host,
    text: ({ app }) => app.origin_host || "–",
  },
  {
    title: "Remote",
    kind: "remote",
    value: ({ app }) => app.remote,
    text: ({ app }) => `${app.remote}${app.tls ? " TLS" : ""}`,
  },
  { title: "State", kind: "state", value: ({ app }) => app.state, text: ({ app }) => app.state },
  { title: "In flight", kind: "number", value: ({ app }) => app.in_flight, text: ({ app }) => count(app.in_flight) },
  {
    title: "Msg/s",
    kind: "number",
    value: ({ rate }) => rate ?? -1,
    text: ({ rate }) => short(rate === null ? null : Math.round(rate)),
  },
  {
    title: "Bytes",
    kind: "number bytes",
    value: ({ app }) => app.bytes_received + app.bytes_sent,
    text: ({ app }) => bytes(app.bytes_received + app.bytes_sent),
  },
  { title: "For", kind: "number since", value: ({ seconds }) => seconds, text: ({ seconds }) => age(seconds) },
];

/** The list. */
export class AppList {
  #choose;
  /** @type {Row[]} */
  #rows = [];
  /** @type {Row[]} */
  #shown = [];
  /** @type {Map<App["id"], { at: number, messages: number }>} */
  #before = new Map();
  #sort = { column: 0, isDown: false };
  #find = byId("apps-find", HTMLInputElement);
  #body = h("tbody");
  #nothing = h("p", { class: "nothing", hidden: true });
  /** @type {HTMLElement[]} */
  #heads;
  #table;
  #scroll;

  /** @param {(app: App) => void} choose called when somebody wants to see what an app does */
  constructor(choose) {
    this.#choose = choose;
    this.#heads = COLUMNS.map(({ title, kind }, column) =>
      h(
        "th",
        { class: kind, scope: "col" },
        h("button", { type: "button", onclick: () => this.#sortBy(column) }, title),
      )
    );
    this.#table = h("table", { class: "apps" }, h("thead", {}, h("tr", {}, ...this.#heads)), this.#body);
    this.#scroll = h("div", {
      class: "list scroll",
      tabindex: 0,
      role: "region",
      "aria-label": "Logic Apps",
      onscroll: () => this.#draw(),
    }, this.#table);
    fill(byId("apps-list", HTMLElement), this.#scroll, this.#nothing);
    this.#find.addEventListener("input", () => {
      this.#scroll.scrollTop = 0;
      this.#arrange();
    });
    new ResizeObserver(() => this.#draw()).observe(this.#scroll);
  }

  /** How many there are. */
  get size() {
    return this.#rows.length;
  }

  /** @param {readonly App[]} apps @param {number} now ms since 1970 */
  show(apps, now) {
    const before = this.#before;
    this.#before = new Map();
    this.#rows = apps.map((app) => {
      const messages = app.messages_received + app.messages_sent;
      const last = before.get(app.id);
      this.#before.set(app.id, { at: now, messages });
      const rate = rateOf(messages, last?.messages, last === undefined ? 0 : (now - last.at) / 1000);
      return { app, rate, seconds: (now - Date.parse(app.connected_at)) / 1000 };
    });
    this.#arrange();
  }

  /** @param {number} column */
  #sortBy(column) {
    const isNumber = COLUMNS[column]?.kind.startsWith("number") === true;
    this.#sort = { column, isDown: this.#sort.column === column ? !this.#sort.isDown : isNumber };
    this.#arrange();
  }

  #arrange() {
    const wanted = this.#find.value.trim().toLowerCase();
    const { column, isDown } = this.#sort;
    const { value = () => 0 } = COLUMNS[column] ?? {};
    const sign = isDown ? -1 : 1;
    this.#shown = this.#rows
      .filter(({ app }) =>
        wanted === "" || `${app.origin_host} ${app.remote} ${app.state}`.toLowerCase().includes(wanted)
      )
      .map((row) => ({ row, key: value(row) }))
      .sort((a, b) =>
        sign * (typeof a.key === "number" ? a.key - Number(b.key) : a.key < b.key ? -1 : a.key > b.key ? 1 : 0)
      )
      .map(({ row }) => row);
    for (const [i, head] of this.#heads.entries()) {
      setAttribute(head, "aria-sort", i !== column ? null : isDown ? "descending" : "ascending");
    }
    const all = plural(this.#rows.length, "connection");
    setText(
      byId("apps-count", HTMLElement),
      this.#shown.length === this.#rows.length ? all : `${count(this.#shown.length)} of ${all}`,
    );
    this.#nothing.hidden = this.#shown.length > 0;
    setText(this.#nothing, this.#rows.length === 0 ? "No Logic App is connected." : "No Logic App fits.");
    setAttribute(this.#table, "aria-rowcount", this.#shown.length + 1);
    this.#draw();
  }

  /** Elements for the rows in sight, and room for the others. */
  #draw() {
    const { scrollTop, clientHeight } = this.#scroll;
    const first = Math.max(0, Math.min(Math.floor(scrollTop / ROW) - SPARE, this.#shown.length - 1));
    const end = Math.min(this.#shown.length, first + Math.ceil(clientHeight / ROW) + 2 * SPARE);
    const elements = [...this.#body.querySelectorAll("tr.app")];
    const visible = this.#shown.slice(first, end);
    if (elements.length !== visible.length) {
      while (elements.length > visible.length) elements.pop();
      while (elements.length < visible.length) elements.push(this.#row());
      fill(this.#body, room(), ...elements, room());
    }
    for (const [i, row] of visible.entries()) this.#write(/** @type {HTMLElement} */ (elements[i]), row, first + i);
    resize(this.#body.firstElementChild, first);
    resize(this.#body.lastElementChild, this.#shown.length - end);
  }

  #row() {
    const name = h("button", { type: "button", class: "link", title: "Show its transactions" });
    const row = h(
      "tr",
      { class: "app" },
      ...COLUMNS.map(({ kind }, i) => h("td", { class: kind }, i === 0 ? name : null)),
    );
    name.addEventListener("click", () => {
      const shown = this.#shown[Number(row.dataset["index"])];
      if (shown !== undefined) this.#choose(shown.app);
    });
    return row;
  }

  /** @param {HTMLElement} element @param {Row} row @param {number} index */
  #write(element, row, index) {
    element.dataset["index"] = String(index);
    setAttribute(element, "aria-rowindex", index + 2);
    setAttribute(element, "data-state", row.app.state === "open" ? null : row.app.state);
    for (const [i, { text }] of COLUMNS.entries()) {
      const cell = element.children[i];
      if (cell !== undefined) setText(i === 0 ? cell.firstElementChild ?? cell : cell, text(row));
    }
  }
}

/** Stands for rows that are not in sight. */
function room() {
  return h("tr", { class: "room", "aria-hidden": "true" }, h("td"));
}

/** @param {Element | null} element @param {number} rows */
function resize(element, rows) {
  if (element instanceof HTMLElement) element.style.height = `${Math.max(0, rows) * ROW}px`;
}
