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
import { clock, plural } from "./format.js";

const EVENTS_KEPT = 500;
const EVENTS_SHOWN = 200;
const LANES = 10;

/** Events that are about Logic Apps or the process, not about where requests go. */
const ELSEWHERE = /^(app_|listening|stopped|accept_|config|limit)/;

/** @type {Readonly<Record<Health, string>>} */
const WORDS = { up: "up", unsure: "suspect", down: "down", off: "disabled" };

/** Both. */
export class Timeline {
  #history;
  #seconds;
  /** Newest first. @type {GatewayEvent[]} */
  #events = [];
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
    this.#events.unshift(event);
    if (this.#events.length > EVENTS_KEPT) this.#events.pop();
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
    const events = this.#events.filter(({ kind }) => this.#shown === "All" || !ELSEWHERE.test(kind));
    if (events.length === 0) {
      fill(this.#list, h("li", { class: "nothing" }, "Nothing happened that is still known."));
      return;
    }
    fill(
      this.#list,
      ...events.slice(0, EVENTS_SHOWN).map((event) => {
        const { text, level } = sentenceOf(event);
        return h(
          "li",
          { class: level, "data-kind": event.kind, title: `${event.at} ${event.kind}` },
          h("time", { datetime: event.at }, clock(event.at)),
          h("span", { class: "dot" }),
          h("span", {}, text),
        );
      }),
    );
  }
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
