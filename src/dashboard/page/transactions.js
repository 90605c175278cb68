// @ts-check
/// <reference lib="dom" />
/**
 * Recent transactions, newest first, by filters; and the one that was chosen.
 * @module
 */
/** @import { Transaction } from "./types.d.ts" */
import { ApiError, ask } from "./api.js";
import { Detail } from "./detail.js";
import { byId, fill, h, setAttribute, setText } from "./dom.js";
import { clockMs, count, milliseconds } from "./format.js";
import { codeLevel, codeText, commandText } from "./meanings.js";

const PAGE = 100;
const MOST = 1000;
/** ms after the last key before a filter is used. */
const CALM = 250;

/**
 * @type {readonly { title: string, kind: string, text: (transaction: Transaction) => string }[]}
 */
const COLUMNS = [
  { title: "Time", kind: "time", text: ({ at }) => clockMs(at) },
  { title: "From", kind: "name from", text: (one) => (one.direction === "app_to_dra" ? one.app : one.dra) ?? "–" },
  { title: "To", kind: "name to", text: (one) => (one.direction === "app_to_dra" ? one.dra : one.app) ?? "–" },
  { title: "Command", kind: "command", text: ({ command }) => commandText(command) },
  { title: "Session-Id", kind: "session", text: ({ session_id: session }) => session || "–" },
  {
    title: "Result",
    kind: "code",
    text: ({ result_code: code, duration_ms: ended }) =>
      ended === null ? "pending" : code === null ? "–" : codeText(code),
  },
  { title: "Time taken", kind: "number", text: ({ duration_ms: duration }) => milliseconds(duration) },
  { title: "Tries", kind: "number tries", text: ({ attempts }) => count(attempts.length) },
];

/**
 * What tells a transaction from others: behind a restart ids begin anew.
 * @param {Transaction} one
 */
function keyOf({ id, at }) {
  return `${id} ${at}`;
}

/** The list, its filters, and the detail beside it. */
export class Transactions {
  #form = byId("filters", HTMLFormElement);
  #clear = byId("clear-filters", HTMLButtonElement);
  #pause = byId("pause", HTMLButtonElement);
  #problem = byId("transactions-problem", HTMLElement);
  #list = byId("transaction-list", HTMLElement);
  #count = byId("transactions-count", HTMLElement);
  #body = h("tbody");
  #nothing = h("p", { class: "nothing", hidden: true });
  #more = h("button", { type: "button", class: "more", hidden: true, onclick: () => this.#showMore() }, "Show more");
  #detail = new Detail(byId("detail", HTMLElement), () => this.#closed(), (known) => this.#learned(known));
  /** @type {Map<string, { row: HTMLTableRowElement, transaction: Transaction }>} */
  #rows = new Map();
  /** @type {string | undefined} */
  #chosen;
  #limit = PAGE;
  #isPaused = false;
  /** Somebody points at a row, or has the focus there: it must not move away. */
  #isHeld = false;
  #asked = 0;

  constructor() {
    fill(
      this.#list,
      h(
        "table",
        { class: "transactions" },
        h("thead", {}, h("tr", {}, ...COLUMNS.map(({ title, kind }) => h("th", { class: kind, scope: "col" }, title)))),
        this.#body,
      ),
      this.#nothing,
      this.#more,
    );
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let timer;
    this.#form.addEventListener("input", () => {
      // What was asked before this key is not wanted any more.
      this.#asked++;
      setAttribute(this.#list, "aria-busy", "true");
      clearTimeout(timer);
      timer = setTimeout(() => this.refresh("now"), CALM);
    });
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      clearTimeout(timer);
      void this.refresh("now");
    });
    this.#clear.addEventListener("click", () => this.filter({}));
    this.#pause.addEventListener("click", () => this.pause());
    const hold = (/** @type {boolean} */ isHeld) => () => (this.#isHeld = isHeld);
    this.#body.addEventListener("pointerenter", hold(true));
    this.#body.addEventListener("pointerleave", hold(false));
    this.#body.addEventListener("focusin", hold(true));
    this.#body.addEventListener("focusout", hold(false));
    this.#body.addEventListener("keydown", (event) => this.#move(event));
  }

  /** Stops and goes on. */
  pause() {
    this.#isPaused = !this.#isPaused;
    setAttribute(this.#pause, "aria-pressed", String(this.#isPaused));
    setText(this.#pause, this.#isPaused ? "Go on" : "Pause");
    if (!this.#isPaused) void this.refresh("now");
  }

  /**
   * Shows those that fit.
   * @param {Partial<Record<"session" | "app" | "dra" | "code", string>>} filter
   */
  filter(filter) {
    for (const input of this.#form.querySelectorAll("input")) {
      input.value = filter[/** @type {"app"} */ (input.name)] ?? "";
    }
    this.#limit = PAGE;
    void this.refresh("now");
  }

  /** Puts the cursor into the first filter. */
  focusFilter() {
    this.#form.querySelector("input")?.focus();
  }

  /** @returns {boolean} whether there was something to close */
  close() {
    return this.#detail.close();
  }

  /** Asks again. @param {"now"} [when] also while it is paused or held */
  async refresh(when) {
    if (when === undefined && (this.#isPaused || this.#isHeld)) {
      this.#note(this.#isPaused ? "paused" : "held while you point at it");
      return await this.#detail.refresh();
    }
    const query = new URLSearchParams({ limit: String(this.#limit) });
    for (const input of this.#form.querySelectorAll("input")) {
      if (input.value.trim() !== "") query.set(input.name, input.value.trim());
    }
    const isFiltered = query.size > 1;
    this.#clear.hidden = !isFiltered;
    const nth = ++this.#asked;
    try {
      const response = await ask(`/api/v1/transactions?${query}`);
      /** @type {Transaction[]} */
      const found = await response.json();
      if (nth !== this.#asked || (when === undefined && (this.#isPaused || this.#isHeld))) return;
      this.#problem.hidden = true;
      this.#show(found, isFiltered);
      setAttribute(this.#list, "aria-busy", null);
      const sampled = response.headers.get("x-sampled");
      this.#note(sampled === null || sampled === "1/1" ? "" : `a sample, ${sampled} of all`);
      this.#more.hidden = !response.headers.has("link") || this.#limit >= MOST;
    } catch (error) {
      if (nth !== this.#asked || !(error instanceof ApiError)) return;
      setAttribute(this.#list, "aria-busy", null);
      // Nobody answers: the banner says so.
      this.#problem.hidden = error.status === 0;
      setText(
        this.#problem,
        error.status === 404 ? "Transactions are not recorded: admin.trace is off." : error.message,
      );
    }
  }

  /** @param {string} remark */
  #note(remark) {
    setText(
      this.#count,
      `${this.#rows.size === 0 ? "" : `the last ${count(this.#rows.size)}`}${remark === "" ? "" : ` · ${remark}`}`,
    );
  }

  /** @param {readonly Transaction[]} found @param {boolean} isFiltered */
  #show(found, isFiltered) {
    const rows = new Map();
    for (const transaction of found) {
      const key = keyOf(transaction);
      const row = this.#rows.get(key)?.row ?? this.#row(key);
      write(row, transaction);
      setAttribute(row, "aria-selected", String(key === this.#chosen));
      rows.set(key, { row, transaction });
    }
    this.#rows = rows;
    fill(this.#body, ...[...rows.values()].map(({ row }) => row));
    const [first] = rows.values();
    for (const { row } of rows.values()) row.tabIndex = row === (rows.get(this.#chosen)?.row ?? first?.row) ? 0 : -1;
    this.#nothing.hidden = found.length > 0;
    setText(this.#nothing, isFiltered ? "No transaction fits." : "No transaction yet.");
    const chosen = this.#chosen === undefined ? undefined : rows.get(this.#chosen);
    if (chosen !== undefined) this.#detail.update(chosen.transaction);
  }

  /** @param {string} key */
  #row(key) {
    const row = h("tr", { onclick: () => this.#choose(key) }, ...COLUMNS.map(({ kind }) => h("td", { class: kind })));
    return row;
  }

  /** @param {string} key */
  #choose(key) {
    const chosen = this.#rows.get(key);
    if (chosen === undefined) return;
    this.#chosen = key;
    for (const [own, { row }] of this.#rows) {
      setAttribute(row, "aria-selected", String(own === key));
      row.tabIndex = own === key ? 0 : -1;
    }
    this.#list.parentElement?.classList.add("has-detail");
    void this.#detail.show(chosen.transaction);
    chosen.row.focus({ preventScroll: true });
  }

  #closed() {
    const chosen = this.#chosen === undefined ? undefined : this.#rows.get(this.#chosen);
    this.#chosen = undefined;
    this.#list.parentElement?.classList.remove("has-detail");
    if (chosen === undefined) return;
    setAttribute(chosen.row, "aria-selected", "false");
    chosen.row.focus();
  }

  /**
   * The list may stand still: the row of the one that is shown does not.
   * @param {Transaction} known
   */
  #learned(known) {
    const shown = this.#rows.get(keyOf(known));
    if (shown !== undefined) write(shown.row, shown.transaction = known);
  }

  #showMore() {
    this.#limit = Math.min(this.#limit + PAGE, MOST);
    void this.refresh("now");
  }

  /** @param {KeyboardEvent} event */
  #move(event) {
    const row = event.target instanceof HTMLElement ? event.target.closest("tr") : null;
    if (row === null) return;
    const next = event.key === "ArrowDown"
      ? row.nextElementSibling
      : event.key === "ArrowUp"
      ? row.previousElementSibling
      : null;
    if (event.key === "Enter" || event.key === " ") row.click();
    else if (!(next instanceof HTMLElement)) return;
    else {
      row.tabIndex = -1;
      next.tabIndex = 0;
      next.focus();
      if (this.#chosen !== undefined) next.click();
    }
    event.preventDefault();
  }
}

/** @param {HTMLTableRowElement} row @param {Transaction} transaction */
function write(row, transaction) {
  for (const [i, { text }] of COLUMNS.entries()) {
    const cell = row.children[i];
    if (cell === undefined) continue;
    setText(cell, text(transaction));
    if (cell.classList.contains("session")) setAttribute(cell, "title", transaction.session_id);
  }
  setAttribute(row, "data-level", codeLevel(transaction));
  setAttribute(row, "data-retried", transaction.attempts.length > 1);
}
