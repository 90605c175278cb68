// @ts-check
/// <reference lib="dom" />
/**
 * One transaction: the facts, the ladder, and what its messages say.
 * @module
 */
/** @import { RecordedMessage, Transaction, TransactionDetail } from "./types.d.ts" */
/** @import { Child } from "./dom.js" */
/** @import { Step } from "./ladder.js" */
import { ApiError, get } from "./api.js";
import { fill, h, setAttribute } from "./dom.js";
import { clockMs, count, hex32, milliseconds } from "./format.js";
import { ladderOf, reasonText } from "./ladder.js";
import { applicationText, codeLevel, codeText, commandText } from "./meanings.js";
import { messageView } from "./message.js";

/**
 * Who was not asked, and why, line by line.
 * @param {NonNullable<Transaction["choice"]>["left_out"]} leftOut
 */
function leftOutList(leftOut) {
  return h(
    "ul",
    { class: "left-out", tabindex: leftOut.length > 6 ? 0 : null, "aria-label": "DRAs left out" },
    ...leftOut.map(({ dra, reason }) => h("li", {}, h("b", {}, dra), ` ${reason}`)),
  );
}

/** The panel. */
export class Detail {
  #place;
  #onClosed;
  #onLearned;
  /** @type {Transaction | undefined} */
  #shown;
  #asked = 0;
  #facts = h("dl", { class: "facts" });
  #title = h("h3");
  #ladder = h("div", { class: "ladder" });
  #message = h("div", { class: "message" });
  /** What is known of it, told apart to see whether there is more by now. */
  #known = "";

  /**
   * @param {HTMLElement} place
   * @param {() => void} onClosed
   * @param {(transaction: Transaction) => void} onLearned more of the one that is shown
   */
  constructor(place, onClosed, onLearned) {
    this.#place = place;
    this.#onClosed = onClosed;
    this.#onLearned = onLearned;
    fill(
      place,
      h(
        "header",
        {},
        this.#title,
        h("button", { type: "button", class: "close", "aria-label": "Close", onclick: () => this.close() }, "✕"),
      ),
      this.#facts,
      this.#ladder,
      this.#message,
    );
  }

  /** @returns {boolean} whether it was open */
  close() {
    if (this.#shown === undefined) return false;
    this.#shown = undefined;
    this.#place.hidden = true;
    this.#onClosed();
    return true;
  }

  /**
   * There is more of the one that is shown, such as its answer.
   * @param {Transaction} transaction
   */
  update(transaction) {
    if (this.#shown !== undefined && this.#known !== JSON.stringify(transaction)) void this.show(transaction);
  }

  /** Asks again while it is pending: the list may stand still. */
  async refresh() {
    if (this.#shown?.duration_ms === null) await this.show(this.#shown);
  }

  /** @param {Transaction} transaction */
  async show(transaction) {
    // Behind a restart ids begin anew.
    const isAnother = this.#shown?.id !== transaction.id || this.#shown.at !== transaction.at;
    this.#shown = transaction;
    this.#known = JSON.stringify(transaction);
    this.#place.hidden = false;
    this.#showFacts(transaction);
    if (isAnother) {
      this.#place.scrollTop = 0;
      this.#draw(transaction, undefined);
      fill(this.#message);
    }
    const nth = ++this.#asked;
    try {
      /** @type {TransactionDetail} */
      const detail = await get(`/api/v1/transactions/${transaction.id}`);
      if (nth !== this.#asked) return;
      // The gateway has restarted: its ids begin anew, and this one is another transaction's.
      if (detail.at !== transaction.at) throw new ApiError("", 404);
      const { messages: _, ...known } = detail;
      this.#shown = known;
      this.#known = JSON.stringify(known);
      this.#showFacts(known);
      this.#onLearned(known);
      this.#draw(
        detail,
        detail.messages.length === 0 ? "Its messages are not recorded." : undefined,
      );
    } catch (error) {
      if (nth !== this.#asked) return;
      const isGone = error instanceof ApiError && error.status === 404;
      this.#draw(
        transaction,
        isGone
          ? "Its messages are not recorded."
          : `Its messages cannot be had: ${error instanceof Error ? error.message : error}`,
      );
    }
  }

  /** @param {Transaction} one */
  #showFacts(one) {
    const level = codeLevel(one);
    const result = one.result_code === null ? level === "pending" ? "pending" : "no answer" : codeText(one.result_code);
    fill(this.#title, commandText(one.command), " ", h("span", { class: `result ${level}` }, result));
    const { choice } = one;
    // The list of who was left out says what the sentence does, line by line.
    const isListed = one.attempts.length === 0 && choice !== null && choice.left_out.length > 0;
    /** @type {[string, Child][]} */
    const facts = [
      ["Session-Id", one.session_id || "–"],
      ["Own answer", isListed ? one.reason?.replaceAll("_", " ") : one.explanation ?? one.reason],
      ["Why there", reasonText(one) || null],
      ["Left out", choice === null || choice.left_out.length === 0 ? undefined : leftOutList(choice.left_out)],
      ["Route", one.route === null ? undefined : `${one.route}${one.pool === null ? "" : ` → pool ${one.pool}`}`],
      ["Application", applicationText(one.application)],
      [
        "Hop-by-hop",
        `${hex32(one.app_hop_by_hop)} Logic App${
          one.dra_hop_by_hop === null ? "" : ` · ${hex32(one.dra_hop_by_hop)} DRA`
        }`,
      ],
      ["End-to-end", hex32(one.end_to_end)],
      [
        "Began",
        `${clockMs(one.at)} · ${one.duration_ms === null ? "pending" : `took ${milliseconds(one.duration_ms)}`}`,
      ],
    ];
    fill(
      this.#facts,
      ...facts.filter(([, value]) => value !== undefined && value !== null)
        .map(([term, value]) => h("div", {}, h("dt", {}, term), h("dd", {}, value))),
    );
  }

  /**
   * @param {Transaction & Partial<TransactionDetail>} transaction
   * @param {string | undefined} remark
   */
  #draw(transaction, remark) {
    const { lanes, steps } = ladderOf(transaction);
    const start = Date.parse(transaction.at);
    /** @param {number} lane */
    const middle = (lane) => 100 * (lane + 0.5) / lanes.length;
    const lines = lanes.map((_, lane) => {
      const line = h("span", { class: "lifeline" });
      line.style.left = `${middle(lane)}%`;
      return line;
    });
    /** @type {HTMLElement[]} */
    const buttons = [];
    const rungs = steps.map((step) => {
      const rung = this.#rung(step, middle, buttons);
      // Moments are told in whole milliseconds.
      const after = step.at === null ? "" : `+${count(Math.round(Math.max(0, step.at - start)))} ms`;
      return h(
        "li",
        {},
        h("time", { title: step.at === null ? null : clockMs(step.at) }, after),
        h("div", { class: "across" }, rung),
      );
    });
    fill(
      this.#ladder,
      h(
        "div",
        { class: "heads" },
        h("span"),
        h(
          "div",
          { class: "across" },
          ...lanes.map(({ name, role }) =>
            h("span", { class: "head" }, h("strong", { title: name }, name), h("small", {}, role))
          ),
        ),
      ),
      h("div", { class: "body" }, h("div", { class: "lifelines" }, ...lines), h("ol", {}, ...rungs)),
    );
    if (remark !== undefined) fill(this.#message, h("p", { class: "nothing" }, remark));
    else buttons[0]?.click();
  }

  /** @param {Step} step @param {(lane: number) => number} middle @param {HTMLElement[]} buttons */
  #rung(step, middle, buttons) {
    const { from, to, label, remark, kind, message } = step;
    const [left, right] = [Math.min(from, to), Math.max(from, to)].map(middle);
    const content = [
      h("span", { class: "label" }, label),
      h("span", { class: "line" }),
      h("span", { class: "remark" }, remark),
    ];
    const classes = `rung ${kind} ${from === to ? "point" : from < to ? "right" : "left"}`;
    /** @type {HTMLElement} */
    let element;
    if (message === undefined) element = h("div", { class: classes }, ...content);
    else {
      const button = h("button", {
        type: "button",
        class: classes,
        "aria-pressed": "false",
        title: "Show this message",
        onclick: () => {
          for (const other of buttons) setAttribute(other, "aria-pressed", String(other === button));
          this.#showMessage(message);
        },
      }, ...content);
      buttons.push(button);
      element = button;
    }
    // What leads nowhere has room on both sides of its lane.
    const half = Math.min(16, left ?? 0, 100 - (left ?? 0));
    element.style.left = `${from === to ? (left ?? 0) - half : left}%`;
    element.style.width = `${from === to ? 2 * half : (right ?? 0) - (left ?? 0)}%`;
    return element;
  }

  /** @param {RecordedMessage} message */
  #showMessage(message) {
    fill(this.#message, messageView(message));
  }
}
