// @ts-check
/// <reference lib="dom" />
/**
 * The routes, and what they carry.
 * @module
 */
/** @import { Route } from "./types.d.ts" */
import { byId, fill, h } from "./dom.js";
import { short } from "./format.js";
import { rateOf } from "./rate.js";

const TITLES = ["Prefix", "Cluster", "Authorization", "Balancer", "Sent again", "Calls/s", "Calls", "Not OK"];
const KINDS = ["name", "to", "spare", "spare", "spare", "number", "number", "number"];

/** When a lost call is sent again, in words. @type {Readonly<Record<Route["transfer"], string>>} */
const TRANSFER = { off: "never", before_response: "before a response", mid_stream: "in mid-stream too" };

/** The list. It holds nothing to click, so it is written anew. */
export class RouteList {
  /** @type {Map<string, { at: number, calls: number }>} */
  #before = new Map();

  /** @param {readonly Route[]} routes @param {number} now ms since 1970 */
  show(routes, now) {
    const before = this.#before;
    this.#before = new Map(routes.map(({ prefix, calls }) => [prefix, { at: now, calls }]));
    const rows = routes.map((route) => {
      const last = before.get(route.prefix);
      const rate = last === undefined ? null : rateOf(route.calls, last.calls, (now - last.at) / 1000);
      const texts = [
        route.prefix === "" ? "default" : route.prefix,
        route.cluster,
        route.authorization,
        route.header === "" ? route.balancer : `${route.balancer} by ${route.header}`,
        TRANSFER[route.transfer],
        short(rate === null ? null : Math.round(rate)),
        short(route.calls),
        short(route.errors),
      ];
      return h("tr", {}, ...texts.map((text, i) => h("td", { class: KINDS[i], title: text }, text)));
    });
    fill(
      byId("grpc-route-list", HTMLElement),
      routes.length === 0 ? h("p", { class: "nothing" }, "No route is configured: every call is UNIMPLEMENTED.") : h(
        "table",
        { class: "routes" },
        h("thead", {}, h("tr", {}, ...TITLES.map((title, i) => h("th", { scope: "col", class: KINDS[i] }, title)))),
        h("tbody", {}, ...rows),
      ),
    );
  }
}
