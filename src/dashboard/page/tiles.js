// @ts-check
/// <reference lib="dom" />
/**
 * The numbers at the top.
 * @module
 */
/** @import { Dra, Statistics } from "./types.d.ts" */
import { byId } from "./dom.js";
import { count, milliseconds, plural, short } from "./format.js";
import { rateOf } from "./rate.js";
import { TileRow } from "./tile_row.js";

/** Over how many looks a rate is taken, so that it can be read. */
const SMOOTH = 5;

/** All of them. */
export class Tiles {
  #row = new TileRow(byId("tiles", HTMLElement), [
    "Requests",
    "In flight",
    "Slowest p99",
    "Errors",
    "DRAs",
    "Logic Apps",
    "Failovers",
  ]);
  /** @type {{ at: number, statistics: Statistics }[]} */
  #looks = [];

  /**
   * @param {Statistics} statistics
   * @param {readonly Dra[]} dras
   * @param {number} apps
   * @param {number} now ms since 1970
   */
  show(statistics, dras, apps, now) {
    // After a restart everything counts from zero again.
    if ((this.#looks.at(-1)?.statistics.total_requests ?? 0) > statistics.total_requests) this.#looks = [];
    const before = this.#looks[0];
    const seconds = before === undefined ? 0 : (now - before.at) / 1000;
    /** @param {(statistics: Statistics) => number} of */
    const rate = (of) => rateOf(of(statistics), before && of(before.statistics), seconds);
    this.#looks.push({ at: now, statistics });
    if (this.#looks.length > SMOOTH) this.#looks.shift();

    const errors = rate((one) => one.timeout_errors + one.routing_errors);
    const slowest =
      dras.filter(({ usable }) => usable).map(({ name, latency_ms: latency }) => ({ name, p99: latency?.p99 ?? -1 }))
        .sort((a, b) => b.p99 - a.p99)[0];
    const { active_dras: active, total_dras: total, active_priority: priority } = statistics;
    const requests = rate((one) => one.total_requests);
    this.#row.write("Requests", {
      value: requests === null ? "–" : `${short(Math.round(requests))}/s`,
      remark: `${short(statistics.total_requests)} in all`,
    });
    this.#row.write("In flight", {
      value: count(statistics.active_sessions),
      remark: "requests unanswered yet",
    });
    this.#row.write("Slowest p99", {
      value: slowest === undefined || slowest.p99 < 0 ? "–" : milliseconds(slowest.p99),
      remark: slowest === undefined || slowest.p99 < 0 ? "no DRA has answered" : slowest.name,
    });
    this.#row.write("Errors", {
      value: errors === null ? "–" : `${short(errors)}/s`,
      remark: `${short(statistics.timeout_errors)} timeouts, ${short(statistics.routing_errors)} unroutable`,
      level: errors !== null && errors > 0 ? "bad" : null,
    });
    this.#row.write("DRAs", {
      value: `${active} / ${total}`,
      remark: priority === null ? "none carries traffic" : `priority ${priority} carries traffic`,
      level: active === 0 ? "bad" : active < total ? "warn" : "good",
    });
    this.#row.write("Logic Apps", { value: count(apps), remark: "connected" });
    this.#row.write("Failovers", {
      value: count(statistics.failover_count),
      remark: plural(statistics.failback_count, "failback"),
      level: statistics.failover_count > statistics.failback_count ? "warn" : null,
    });
  }
}
