// @ts-check
/// <reference lib="dom" />
/**
 * Who was down when, and what happened: a lane for each DRA that had trouble, and the events.
 * @module
 */
/** @import { GatewayEvent, Statistics } from "./types.d.ts" */
/** @import { Health, History } from "./history.js" */
import { byId, fill, h, remember, remembered, setAttribute, setText } from "./dom.js";
import { sentenceOf } from "./event_text.js";
import { clock, count, plural } from "./format.js";

const EVENTS_KEPT = 500;
const EVENTS_SHOWN = 200;
const LANES = 10;

/**
 * An event, or the latest of several that say the same.
 * @typedef {{ event: GatewayEvent, nth: number, times: number }} Entry
 */

/** Events that are not about where requests go: of Logic Apps, the process, single connections. */
const ELSEWHERE = /^(app_|listening|stopped|accept_|config|limit|dra_state)/;

/** @type {Readonly<Record<Health, string>>} */
const WORDS = { up: "up", unsure: "suspect", down: "down", off: "disabled" };

/** Both. */
export class Timeline {
  #history;
  #seconds;
  /**
   * Newest first: of DRAs, and the others, which are more.
   * @type {Record<"dras" | "others", Entry[]>}
   */
  #entries = { dras: [], others: [] };
  #nth = 0;
  #list = byId("events", HTMLElement);
  #lanes = byId("lanes", HTMLElement);
  #shown = remembered("events") === "All" ? "All" : "DRAs";
  #isDirty = true;
  /** @type {{ shown: string, button: HTMLButtonElement }[]} */
  #buttons;

  /** @param {History} history @param {() => number} seconds how many of them the lanes show */
  constructor(history, seconds) {
    this.#history = history;
    this.#seconds = seconds;
    this.#buttons = ["DRAs", "All"].map((shown) => ({
      shown,
      button: h("button", {
        type: "button",
        onclick: () => {
          this.#shown = shown;
          remember("events", shown);
          this.#isDirty = true;
          this.#drawEvents();
        },
      }, shown),
    }));
    fill(byId("events-shown", HTMLElement), ...this.#buttons.map(({ button }) => button));
    this.#drawEvents();
  }

  /** @param {GatewayEvent} event */
  take(event) {
    const entries = ELSEWHERE.test(event.kind) ? this.#entries.others : this.#entries.dras;
    entries.unshift({ event, nth: ++this.#nth, times: 1 + withdraw(entries, event) });
    if (entries.length > EVENTS_KEPT) entries.pop();
    if (this.#isDirty) return;
    this.#isDirty = true;
    requestAnimationFrame(() => this.#drawEvents());
  }

  /** @param {Statistics} statistics @param {readonly string[]} names */
  draw({ failover_count: failovers, failback_count: failbacks }, names) {
    setText(byId("failovers-count", HTMLElement), `${plural(failovers, "failover")}, ${plural(failbacks, "failback")}`);
    const { times, priorities } = this.#history;
    const end = times.at(-1) ?? 0;
    const span = this.#seconds() * 1000;
    const lanes = names.map((name) => {
      const samples = this.#history.samplesOf(name);
      return { name, runs: runsOf(times, samples.map((sample) => sample?.health ?? null), end - span) };
    });
    const troubled = lanes.filter(({ runs }) => runs.some(({ value }) => value !== "up"));
    const shown = troubled.slice(0, LANES);
    const quiet = names.length - shown.length;
    fill(
      this.#lanes,
      lane(
        "priority",
        runsOf(times, priorities.map((priority) => priority === null ? "none" : `P${priority}`), end - span),
        (value) => ({
          kind: value === "none" ? "down" : value === "P1" ? "priority" : "priority lower",
          label: value,
          title: value === "none" ? "no priority carries traffic" : `priority ${value.slice(1)} carries traffic`,
        }),
        end,
        span,
      ),
      ...shown.map(({ name, runs }) =>
        lane(name, runs, (value) => ({ kind: value, label: "", title: `${name} ${WORDS[value]}` }), end, span)
      ),
      h(
        "p",
        { class: "quiet" },
        h("span", {}, clock(end - span)),
        h(
          "span",
          {},
          quiet === 0
            ? ""
            : `${
              troubled.length > shown.length
                ? `${quiet} more DRAs`
                : `${shown.length === 0 ? "all" : ""} ${
                  plural(quiet, shown.length === 0 ? "DRA" : "other DRA")
                } up all the time`
            }`,
        ),
        h("span", {}, clock(end)),
      ),
    );
  }

  #drawEvents() {
    this.#isDirty = false;
    for (const { shown, button } of this.#buttons) setAttribute(button, "aria-pressed", String(shown === this.#shown));
    const { dras, others } = this.#entries;
    const entries = this.#shown === "All" ? [...dras, ...others].sort((a, b) => b.nth - a.nth) : dras;
    if (entries.length === 0) {
      fill(this.#list, h("li", { class: "nothing" }, "Nothing happened that is still known."));
      return;
    }
    fill(
      this.#list,
      ...entries.slice(0, EVENTS_SHOWN).map(({ event, times }) => {
        const { text, level } = sentenceOf(event);
        return h(
          "li",
          { class: level, "data-kind": event.kind, title: `${event.at} ${event.kind}` },
          h("time", { datetime: event.at }, clock(event.at)),
          h("span", { class: "dot" }),
          h("span", {}, text, times > 1 ? h("span", { class: "quiet" }, ` (${count(times)} times)`) : null),
        );
      }),
    );
  }
}

/**
 * A DRA that cannot be reached says so at each attempt, for days: what is said again takes the
 * place of what was said before, unless something else became of that DRA.
 * @param {Entry[]} entries loses what is said again
 * @param {GatewayEvent} event
 * @returns {number} how often it was said
 */
function withdraw(entries, { kind, dra, reason }) {
  if (kind !== "dra_connect_failed") return 0;
  const before = entries.findIndex(({ event }) => event["dra"] === dra);
  const found = entries[before];
  if (found === undefined || found.event.kind !== kind || found.event["reason"] !== reason) return 0;
  entries.splice(before, 1);
  return found.times;
}

/**
 * Times during which a value was the same; none where it is not known.
 * @template {string} T
 * @param {readonly number[]} times @param {readonly (T | null)[]} values @param {number} since
 * @returns {{ from: number, to: number, value: T }[]}
 */
function runsOf(times, values, since) {
  /** @type {{ from: number, to: number, value: T }[]} */
  const runs = [];
  for (const [i, at] of times.entries()) {
    const value = values[i];
    if (at < since || value === null || value === undefined) continue;
    const last = runs.at(-1);
    if (last !== undefined && last.to === times[i - 1]) last.to = at;
    if (last === undefined || last.to !== at || last.value !== value) runs.push({ from: at, to: at, value });
  }
  return runs;
}

/**
 * @template {string} T
 * @param {string} name
 * @param {readonly { from: number, to: number, value: T }[]} runs
 * @param {(value: T) => { kind: string, label: string, title: string }} look
 * @param {number} end @param {number} span
 */
function lane(name, runs, look, end, span) {
  return h(
    "div",
    { class: "lane" },
    h("span", { class: "name", title: name }, name),
    h(
      "span",
      { class: "track" },
      ...runs.map(({ from, to, value }) => {
        const { kind, label, title } = look(value);
        const width = Math.max(100 * (to - from) / span, 0.3);
        const run = h(
          "span",
          { class: `run ${kind}`, title: `${title}, ${clock(from)} to ${clock(to)}` },
          width > 5 ? label : "",
        );
        run.style.left = `${100 - 100 * (end - from) / span}%`;
        run.style.width = `${width}%`;
        return run;
      }),
    ),
  );
}
