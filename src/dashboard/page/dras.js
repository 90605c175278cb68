// @ts-check
/// <reference lib="dom" />
/**
 * The DRAs: a card each, or a row each when there are many.
 * @module
 */
/** @import { Dra } from "./types.d.ts" */
/** @import { History } from "./history.js" */
import { draPath } from "./api.js";
import { colorClass } from "./charts.js";
import { act, question } from "./dialogs.js";
import { byId, fill, h, remember, remembered, setAttribute, setText } from "./dom.js";
import { bytes, clock, count, duration, milliseconds, plural, short } from "./format.js";
import { healthOf } from "./history.js";

/** With more of them, rows are easier to read than cards. */
const MANY = 9;
const HIGHEST_WEIGHT = 65_535;

const HEALTH_WORDS = { up: "usable", unsure: "suspect or probed", down: "down", off: "disabled" };

/** The list. */
export class DraList {
  #history;
  #refresh;
  #list = byId("dra-list", HTMLElement);
  #find = byId("dras-find", HTMLInputElement);
  #troubled = byId("dras-troubled", HTMLInputElement);
  /** @type {Map<string, DraCard>} */
  #cards = new Map();
  #order = "";
  /** @type {readonly Dra[]} */
  #dras = [];
  #nothing = h("p", { class: "nothing", hidden: true });
  /** Titles over rows; each card says them itself, for who does not see where it stands. */
  #heads = h(
    "div",
    { class: "row-heads", "aria-hidden": "true" },
    h("span", {}, "DRA"),
    h("span", {}, "Why"),
    h("span", {}, "Messages/s"),
    h("span", {}, "In flight"),
    h("span", {}, "p99"),
    h("span", {}, "Weight"),
    h("span", {}, "Breaker"),
  );
  /** @type {string | null} */
  #view = remembered("dras");
  /** @type {{ view: string, button: HTMLButtonElement }[]} */
  #buttons;

  /** @param {History} history @param {() => void} refresh asks anew, after something was done */
  constructor(history, refresh) {
    this.#history = history;
    this.#refresh = refresh;
    this.#find.addEventListener("input", () => this.show(this.#dras));
    this.#troubled.addEventListener("change", () => this.show(this.#dras));
    this.#buttons = ["Cards", "Rows"].map((view) => ({
      view,
      button: h("button", {
        type: "button",
        onclick: () => {
          this.#view = view;
          remember("dras", view);
          this.show(this.#dras);
        },
      }, view),
    }));
    fill(byId("dras-view", HTMLElement), ...this.#buttons.map(({ button }) => button));
    this.#list.after(this.#nothing);
    this.#list.before(this.#heads);
  }

  /** @param {readonly Dra[]} dras */
  show(dras) {
    this.#dras = dras;
    this.#place(dras);
    const usable = dras.filter((dra) => dra.usable).length;
    setText(byId("dras-count", HTMLElement), `${usable} of ${dras.length} usable`);
    const view = this.#view ?? (dras.length > MANY ? "Rows" : "Cards");
    this.#heads.hidden = view !== "Rows";
    const hasBreakers = dras.some(({ breaker }) => breaker !== undefined && breaker !== null);
    setAttribute(byId("dras", HTMLElement), "data-no-breakers", !hasBreakers);
    this.#list.className = view === "Rows" ? "rows" : "cards";
    for (const { view: own, button } of this.#buttons) setAttribute(button, "aria-pressed", String(own === view));
    const wanted = this.#find.value.trim().toLowerCase();
    let shown = 0;
    for (const dra of dras) {
      const card = this.#cards.get(dra.name);
      if (card === undefined) continue;
      card.show(dra, dras, this.#history);
      const fits = `${dra.name} ${dra.host} ${dra.origin_host}`.toLowerCase().includes(wanted);
      card.element.hidden = !fits || (this.#troubled.checked && !isTroubled(dra));
      if (!card.element.hidden) shown++;
    }
    this.#nothing.hidden = shown > 0;
    setText(
      this.#nothing,
      dras.length === 0
        ? "No DRA is configured: every request is answered 3002."
        : this.#troubled.checked && wanted === ""
        ? "No DRA has trouble."
        : "No DRA fits.",
    );
  }

  /** By priority, and within one as configured. @param {readonly Dra[]} dras */
  #place(dras) {
    const sorted = [...dras].sort((a, b) => a.priority - b.priority);
    const order = JSON.stringify(sorted.map(({ name }) => name));
    if (order === this.#order) return;
    this.#order = order;
    const names = new Set(sorted.map(({ name }) => name));
    for (const name of this.#cards.keys()) if (!names.has(name)) this.#cards.delete(name);
    fill(
      this.#list,
      ...sorted.map(({ name }) => {
        let card = this.#cards.get(name);
        if (card === undefined) this.#cards.set(name, card = new DraCard(name, this.#refresh));
        return card.element;
      }),
    );
    fill(byId("dra-names", HTMLElement), ...dras.map(({ name }) => h("option", { value: name })));
  }
}

/**
 * Whether there is a connection that carries messages.
 * @param {Dra} dra
 */
function isOpen({ state }) {
  return state === "OPEN" || state === "DWR_SENT";
}

/** Whether somebody should look at it. @param {Dra} dra */
function isTroubled(dra) {
  return healthOf(dra) !== "up" || (dra.breaker?.state ?? "closed") !== "closed";
}

/** One DRA. Made once and changed, so that whoever has the focus on a button keeps it. */
class DraCard {
  /** @type {Dra | undefined} */
  #dra;
  /** @type {readonly Dra[]} */
  #all = [];
  #refresh;
  #swatch = h("span", { class: "swatch" });
  #name = h("h3");
  #priority = h("span", { class: "chip", title: "Priority: 1 is used first" });
  #state = h("span", { class: "state" });
  #why = h("p", { class: "why" });
  #address = h("p", { class: "address quiet" });
  #rate = h("dd");
  #inFlight = h("dd");
  #p50 = h("dd");
  #p99 = h("dd");
  #weight = h("dd");
  #breaker = h("dd");
  #breakerPart = h("div", { class: "part breaker" }, h("dt", {}, "Breaker"), this.#breaker);
  #volume = h("p", { class: "volume quiet" });
  #able = h("button", { type: "button", onclick: () => this.#switch() });
  #reset = h("button", {
    type: "button",
    hidden: true,
    title: "Close the breaker",
    "aria-label": "Reset breaker",
    onclick: () => this.#do("The breaker is closed.", "breaker/reset"),
  }, "Reset");
  element;

  /** @param {string} name @param {() => void} refresh */
  constructor(name, refresh) {
    this.#refresh = refresh;
    setText(this.#name, name);
    const part = (/** @type {string} */ term, /** @type {HTMLElement} */ value, kind = "") =>
      h("div", { class: `part ${kind}` }, h("dt", {}, term), value);
    this.element = h(
      "article",
      { class: "dra", "aria-label": `DRA ${name}`, "data-dra": name },
      h("header", {}, h("span", { class: "dot" }), this.#name, this.#swatch, this.#priority, this.#state),
      this.#address,
      this.#why,
      h(
        "dl",
        {},
        part("Messages/s", this.#rate),
        part("In flight", this.#inFlight),
        part("p50", this.#p50, "p50"),
        part("p99", this.#p99),
        part("Weight", this.#weight),
        this.#breakerPart,
      ),
      this.#volume,
      h(
        "div",
        { class: "actions" },
        this.#able,
        h("button", { type: "button", onclick: () => this.#reconnect() }, "Reconnect"),
        h("button", { type: "button", onclick: () => this.#changeWeight() }, "Weight…"),
        this.#reset,
      ),
    );
  }

  /** @param {Dra} dra @param {readonly Dra[]} all @param {History} history */
  show(dra, all, history) {
    this.#dra = dra;
    this.#all = all;
    const health = healthOf(dra);
    setAttribute(this.element, "data-health", health);
    this.#swatch.className = `swatch ${colorClass(history.colorOf(dra.name))}`;
    setText(this.#priority, `P${dra.priority}`);
    const state = isOpen(dra) ? `${dra.state} · ${dra.watchdog}` : dra.state;
    setText(this.#state, dra.enabled ? state : `DISABLED · ${dra.state}`);
    setAttribute(this.#state, "title", `${HEALTH_WORDS[health]}, watchdog ${dra.watchdog}`);
    setText(this.#why, whyOf(dra, all));
    setAttribute(this.#why, "title", dra.last_error === "" ? null : `Last error: ${dra.last_error}`);
    setText(this.#address, `${dra.host}:${dra.port}${dra.origin_host === "" ? "" : ` · ${dra.origin_host}`}`);
    const sample = history.latest(dra.name);
    setText(this.#rate, short(sample?.rate === undefined || sample.rate === null ? null : Math.round(sample.rate)));
    setText(this.#inFlight, count(dra.in_flight));
    setText(this.#p50, milliseconds(dra.latency_ms?.p50));
    setText(this.#p99, milliseconds(dra.latency_ms?.p99));
    setText(this.#weight, weightOf(dra));
    setAttribute(this.#weight, "title", dra.weight_overridden ? "Set by hand, until the next reload" : null);
    setAttribute(this.#weight, "data-overridden", dra.weight_overridden === true);
    this.#showBreaker(dra);
    setText(
      this.#volume,
      `${bytes(dra.bytes_sent)} sent · ${bytes(dra.bytes_received)} received · ${plural(dra.reconnects, "reconnect")}`,
    );
    const messages = `${count(dra.messages_sent)} messages sent, ${count(dra.messages_received)} received`;
    setAttribute(this.#volume, "title", messages);
    setText(this.#able, dra.enabled ? "Disable" : "Enable");
  }

  /** @param {Dra} dra */
  #showBreaker({ breaker }) {
    const state = breaker?.state;
    setAttribute(this.#breakerPart, "data-state", state ?? "none");
    const ratio = breaker?.error_ratio;
    setText(
      this.#breaker,
      state === undefined
        ? "–"
        : `${state.replace("_", " ")}${ratio === undefined || ratio < 0.005 ? "" : ` ${Math.round(ratio * 100)} %`}`,
    );
    this.#reset.hidden = state === undefined || state === "closed";
  }

  async #switch() {
    const dra = this.#dra;
    if (dra === undefined) return;
    if (!dra.enabled) return await this.#do(`${dra.name} is enabled; it connects.`, "enable");
    const yes = await question({
      title: `Disable ${dra.name}?`,
      text: [
        h(
          "p",
          {},
          `It gets a DPR and no new requests, and is not connected again until it is enabled. ${
            plural(dra.in_flight, "request")
          } in flight there.`,
        ),
        this.#lastOne(),
      ],
      yes: "Disable",
      isDangerous: true,
    });
    if (yes) await this.#do(`${dra.name} is disabled.`, "disable");
  }

  async #reconnect() {
    const dra = this.#dra;
    if (dra === undefined) return;
    const yes = !isOpen(dra) || await question({
      title: `Reconnect ${dra.name}?`,
      text: [
        h(
          "p",
          {},
          `It is connected: the connection is closed and made anew. ${
            plural(dra.in_flight, "request")
          } in flight there.`,
        ),
        this.#lastOne(),
      ],
      yes: "Reconnect",
      isDangerous: true,
    });
    if (yes) await this.#do(`${dra.name} is connected anew.`, "reconnect");
  }

  async #changeWeight() {
    const dra = this.#dra;
    if (dra === undefined) return;
    const input = h("input", {
      type: "text",
      inputmode: "numeric",
      name: "weight",
      value: dra.weight,
      autofocus: true,
      "aria-label": "Weight",
    });
    const value = () => /^\d{1,5}$/.test(input.value.trim()) ? Number(input.value) : NaN;
    const yes = await question({
      title: `Weight of ${dra.name}`,
      text: [
        h("p", {}, "Its share among the DRAs of its priority, until the next reload. 0: no traffic from the pool."),
        h("p", {}, h("label", {}, `Weight, 0 to ${count(HIGHEST_WEIGHT)} `, input)),
      ],
      yes: "Set",
      check: () => value() <= HIGHEST_WEIGHT ? undefined : `Expected a whole number 0 to ${count(HIGHEST_WEIGHT)}.`,
    });
    if (yes) await this.#do(`The weight of ${dra.name} is ${value()}.`, `weight?value=${value()}`);
  }

  #lastOne() {
    const others = this.#all.some((dra) => dra.usable && dra.name !== this.#dra?.name);
    if (others || this.#dra?.usable !== true) return null;
    return h("p", { class: "problem" }, "It is the only usable DRA: without it every request is answered 3002.");
  }

  /** @param {string} done @param {string} action */
  async #do(done, action) {
    if (this.#dra === undefined) return;
    await act(done, draPath(this.#dra.name, action));
    this.#refresh();
  }
}

/**
 * Why it is as it is, and when something is tried next.
 * @param {Dra} dra
 * @param {readonly Dra[]} all
 */
function whyOf(dra, all) {
  const { reason } = dra;
  // Of a connection that is there, the error is history.
  const error = isOpen(dra) || !dra.enabled ? "" : dra.last_error;
  // One often says what the other does, and more.
  const said = error.includes(reason) ? [error] : reason.includes(error) ? [reason] : [reason, error];
  const parts = said.filter((text) => text !== "");
  if (parts.length === 0 && dra.usable) parts.push(standingOf(dra, all));
  if (dra.next_attempt_at) parts.push(`next attempt ${inTime(dra.next_attempt_at)}`);
  if (dra.breaker?.next_probe_at) parts.push(`next probe ${inTime(dra.breaker.next_probe_at)}`);
  return parts.join(" · ");
}

/** What it is for while nothing is wrong with it. @param {Dra} dra @param {readonly Dra[]} all */
function standingOf({ priority, weight }, all) {
  const active = Math.min(...all.filter(({ usable }) => usable).map((other) => other.priority));
  if (priority > active) return `Stands by: priority ${active} carries traffic`;
  return weight === 0 ? "Weight 0: reached by Destination-Host only" : "Carries traffic";
}

/** @param {string} at */
function inTime(at) {
  const seconds = (Date.parse(at) - Date.now()) / 1000;
  return seconds < 1 ? "now" : `in ${duration(seconds)} (${clock(at)})`;
}

/** @param {Dra} dra */
function weightOf({ weight, effective_weight: effective, weight_overridden: isOverridden }) {
  const now = effective === undefined || effective === weight ? "" : ` (now ${count(Math.round(effective))})`;
  return `${count(weight)}${isOverridden ? " ✎" : ""}${now}`;
}
