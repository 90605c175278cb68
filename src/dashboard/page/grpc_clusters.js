// @ts-check
/// <reference lib="dom" />
/**
 * The clusters, each with its instances and what can be done to them.
 * @module
 */
/** @import { Cluster, Instance } from "./types.d.ts" */
import { ApiError, ask } from "./api.js";
import { act, notice, question } from "./dialogs.js";
import { byId, fill, h, setAttribute, setText } from "./dom.js";
import { clock, count, duration, plural, short } from "./format.js";
import { rateOf } from "./rate.js";

const PATH = "/api/v1/grpc/clusters";
const TITLES = ["Instance", "State", "In flight", "Calls/s", "Calls", "Failures", "Sessions", ""];
const KINDS = ["name", "state", "number", "number", "number spare", "number spare", "number spare", "act"];

/** Which states need somebody's eye. @type {Readonly<Record<Instance["state"], string>>} */
const LEVELS = {
  idle: "good",
  connecting: "warn",
  ready: "good",
  draining: "warn",
  failed: "bad",
  unhealthy: "bad",
  disabled: "off",
};

/** All of them. */
export class ClusterList {
  #refresh;
  /** @type {Map<string, ClusterPart>} */
  #parts = new Map();
  #order = "";

  /** @param {() => void} refresh asks anew, after something was done */
  constructor(refresh) {
    this.#refresh = refresh;
  }

  /** @param {readonly Cluster[]} clusters @param {number} now ms since 1970 */
  show(clusters, now) {
    const order = JSON.stringify(clusters.map(({ name }) => name));
    if (order !== this.#order) {
      this.#order = order;
      const before = this.#parts;
      this.#parts = new Map(
        clusters.map(({ name }) => [name, before.get(name) ?? new ClusterPart(name, this.#refresh)]),
      );
      fill(
        byId("grpc-cluster-list", HTMLElement),
        ...[...this.#parts.values()].map(({ element }) => element),
        clusters.length === 0 && h("p", { class: "nothing" }, "No cluster is configured."),
      );
    }
    for (const cluster of clusters) this.#parts.get(cluster.name)?.show(cluster, now);
    const all = clusters.reduce((sum, { instances }) => sum + instances.length, 0);
    setText(byId("grpc-clusters-count", HTMLElement), `${clusters.length}, with ${plural(all, "instance")}`);
  }
}

/** One cluster. */
class ClusterPart {
  #name;
  #refresh;
  #about = h("span", { class: "quiet" });
  #problem = h("p", { class: "problem", hidden: true });
  #ask = h("button", {
    type: "button",
    hidden: true,
    title: "Ask the discoverer now",
    onclick: () => this.#discover(),
  }, "Refresh");
  #body = h("tbody");
  #nothing = h("p", { class: "nothing", hidden: true }, "No instance: every call is RESOURCE_EXHAUSTED.");
  #table = h(
    "table",
    {},
    h("thead", {}, h("tr", {}, ...TITLES.map((title, i) => h("th", { scope: "col", class: KINDS[i] }, title)))),
    this.#body,
  );
  /** @type {Map<string, InstanceRows>} */
  #rows = new Map();
  #order = "";
  element;

  /** @param {string} name @param {() => void} refresh */
  constructor(name, refresh) {
    this.#name = name;
    this.#refresh = refresh;
    this.element = h(
      "article",
      { class: "cluster", "data-cluster": name, "aria-label": `Cluster ${name}` },
      h("header", { class: "bar" }, h("h3", {}, name), this.#about, h("span", { class: "gap" }), this.#ask),
      this.#problem,
      h("div", { class: "list" }, this.#table),
      this.#nothing,
    );
  }

  /** @param {Cluster} cluster @param {number} now ms since 1970 */
  show({ type, discoverer, instances }, now) {
    this.#ask.hidden = discoverer === null;
    setText(this.#about, discoverer === null ? type : `${type}: ${discoverer.url}${asked(discoverer, now)}`);
    this.#problem.hidden = discoverer === null || discoverer.last_error === "";
    setText(this.#problem, `The discoverer failed: ${discoverer?.last_error}. The last list stays in use.`);
    this.#nothing.hidden = instances.length > 0;
    this.#table.hidden = instances.length === 0;
    const order = JSON.stringify(instances.map(({ id }) => id));
    if (order !== this.#order) {
      this.#order = order;
      const before = this.#rows;
      this.#rows = new Map(
        instances.map(({ id }) => [id, before.get(id) ?? new InstanceRows(this.#name, this.#refresh)]),
      );
      fill(this.#body, ...[...this.#rows.values()].flatMap(({ elements }) => elements));
    }
    for (const instance of instances) this.#rows.get(instance.id)?.show(instance, instances, now);
  }

  async #discover() {
    try {
      const response = await ask(`${PATH}/${encodeURIComponent(this.#name)}/refresh`, { method: "POST" });
      notice(`The discoverer of ${this.#name} lists ${plural((await response.json()).instances, "instance")}.`);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      notice(`Not done: ${error.message}`, "bad");
    }
    this.#refresh();
  }
}

/** One instance: its numbers, and below them why, where there is something to say. */
class InstanceRows {
  #cluster;
  #refresh;
  /** @type {Instance | undefined} */
  #instance;
  /** @type {readonly Instance[]} */
  #all = [];
  /** @type {{ at: number, calls: number } | undefined} */
  #before;
  #name = h("span");
  #address = h("small", { class: "quiet" });
  #state = h("span", { class: "state" });
  #cells = Array.from({ length: 5 }, (_, i) => h("td", { class: KINDS[i + 2] }));
  #able = h("button", { type: "button", onclick: () => this.#switch() });
  #why = h("td", { colspan: TITLES.length });
  #whyRow = h("tr", { class: "why", hidden: true }, this.#why);
  #row = h(
    "tr",
    {},
    h("td", { class: "name" }, this.#name, " ", this.#address),
    h("td", { class: "state" }, this.#state),
    ...this.#cells,
    h("td", { class: "act" }, this.#able),
  );

  /** @param {string} cluster @param {() => void} refresh */
  constructor(cluster, refresh) {
    this.#cluster = cluster;
    this.#refresh = refresh;
  }

  get elements() {
    return [this.#row, this.#whyRow];
  }

  /**
   * @param {Instance} instance @param {readonly Instance[]} all
   * @param {number} now ms since 1970
   */
  show(instance, all, now) {
    this.#instance = instance;
    this.#all = all;
    const { id, address, state, enabled, calls } = instance;
    setText(this.#name, id);
    setText(this.#address, address === id ? "" : address);
    setText(this.#state, state);
    setAttribute(this.#row, "data-instance", id);
    setAttribute(this.#row, "data-level", LEVELS[state]);
    const rate = this.#before === undefined ? null : rateOf(calls, this.#before.calls, (now - this.#before.at) / 1000);
    this.#before = { at: now, calls };
    const texts = [
      count(instance.in_flight),
      short(rate === null ? null : Math.round(rate)),
      short(calls),
      count(instance.failures),
      count(instance.sticky_keys),
    ];
    for (const [i, text] of texts.entries()) setText(this.#cells[i] ?? this.#row, text);
    const why = whyOf(instance, now);
    this.#whyRow.hidden = why === "";
    setText(this.#why, why);
    setText(this.#able, enabled ? "Disable" : "Enable");
    setAttribute(this.#able, "aria-label", `${enabled ? "Disable" : "Enable"} ${id}`);
  }

  async #switch() {
    const instance = this.#instance;
    if (instance === undefined) return;
    const { id, enabled } = instance;
    const others = this.#all.some((other) => other.state === "ready" && other.id !== id);
    const yes = !enabled || await question({
      title: `Disable ${id}?`,
      text: [
        h(
          "p",
          {},
          `It gets no new calls, and its sessions move. ${
            plural(instance.in_flight, "call")
          } in flight there: they end in peace.`,
        ),
        others ? null : h("p", { class: "problem" }, "No other instance of its cluster is ready: its calls will fail."),
      ],
      yes: "Disable",
      isDangerous: true,
    });
    if (!yes) return;
    const path = `${PATH}/${encodeURIComponent(this.#cluster)}/instances/${encodeURIComponent(id)}`;
    await act(`${id} is ${enabled ? "disabled" : "enabled"}.`, `${path}/${enabled ? "disable" : "enable"}`);
    this.#refresh();
  }
}

/** @param {Instance} instance @param {number} now */
function whyOf({ state, enabled, last_error: error, next_attempt_at: next }, now) {
  if (!enabled) return "It is disabled by its operator.";
  // Of an instance that serves, the error is history.
  const parts = state === "ready" || error === "" ? [] : [error];
  if (next !== null) {
    const seconds = (Date.parse(next) - now) / 1000;
    parts.push(seconds < 1 ? "next attempt now" : `next attempt in ${duration(seconds)} (${clock(next)})`);
  }
  return parts.join(" · ");
}

/** @param {NonNullable<Cluster["discoverer"]>} discoverer @param {number} now */
function asked({ last_success_at: at }, now) {
  return at === null ? ", which has not answered yet" : `, answered ${duration((now - Date.parse(at)) / 1000)} ago`;
}
