// @ts-check
/// <reference lib="dom" />
/**
 * The Diameter plane's sections of the page: traffic, DRAs, failovers, Logic Apps, transactions.
 * @module
 */
/** @import { App, Dra, GatewayEvent, Status } from "./types.d.ts" */
/** @import { Plane } from "./plane.d.ts" */
import { ApiError, get } from "./api.js";
import { AppList } from "./apps.js";
import { Charts } from "./charts.js";
import { byId } from "./dom.js";
import { DraList } from "./dras.js";
import { plural } from "./format.js";
import { History } from "./history.js";
import { learn } from "./meanings.js";
import { Tiles } from "./tiles.js";
import { Timeline } from "./timeline.js";
import { Transactions } from "./transactions.js";

/** ms between two samples, at least: a rate needs time. */
const SHORTEST = 500;
/** With more Logic Apps than this they are looked at less often: a look is long. */
const MANY_APPS = 500;
const INTERVAL_MANY_APPS = 5_000;

/** All of it. @implements {Plane} */
export class Diameter {
  #history = new History();
  #charts = new Charts(this.#history);
  #tiles = new Tiles();
  #timeline = new Timeline(this.#history, () => this.#charts.seconds);
  #transactions = new Transactions();
  #apps;
  #dras;
  /** @type {readonly Dra[]} */
  #found = [];
  #sampledAt = 0;
  #appsAt = 0;
  #pending = 0;

  /** @param {() => void} refresh asks anew, after something was done */
  constructor(refresh) {
    this.#dras = new DraList(this.#history, refresh);
    this.#apps = new AppList((app) => {
      this.#transactions.filter({ app: app.origin_host });
      byId("transactions", HTMLElement).scrollIntoView();
    });
  }

  /** Learns what numbers are called. */
  async begin() {
    await get(import.meta.resolve("./names.json")).then(learn, () => {});
  }

  async ask() {
    this.#found = await get("/api/v1/dras");
  }

  /** @param {Status} status @param {number} now ms since 1970 */
  show(status, now) {
    const { statistics } = status;
    if (statistics === undefined) return;
    if (now - this.#sampledAt > SHORTEST) {
      this.#history.add(now, this.#found, statistics.active_priority);
      this.#sampledAt = now;
    }
    this.#pending = statistics.active_sessions;
    this.#tiles.show(statistics, this.#found, this.#apps.size, now);
    this.#dras.show(this.#found);
    this.#timeline.draw(statistics, this.#found.map(({ name }) => name));
    this.#charts.draw();
  }

  lost() {
    this.#history.addGap(Date.now());
    this.#charts.draw();
  }

  async lookAround() {
    await Promise.all([this.#lookAtApps(), this.#transactions.refresh()]);
  }

  async #lookAtApps() {
    const now = Date.now();
    if (now - this.#appsAt < (this.#apps.size > MANY_APPS ? INTERVAL_MANY_APPS : 0)) return;
    this.#appsAt = now;
    try {
      this.#apps.show(/** @type {App[]} */ (await get("/api/v1/apps")), Date.now());
    } catch (error) {
      // When nobody answers, the other look says so.
      if (!(error instanceof ApiError)) throw error;
    }
  }

  /** @param {GatewayEvent} event */
  take(event) {
    if (!event.kind.startsWith("grpc_")) this.#timeline.take(event);
  }

  recolor() {
    this.#charts.recolor();
  }

  close() {
    return this.#transactions.close();
  }

  /** @param {string} key */
  press(key) {
    if (key === "p") this.#transactions.pause();
    if (key === "/") this.#transactions.focusFilter();
    return key === "p" || key === "/";
  }

  atStake() {
    return `New requests are answered 3004. ${plural(this.#apps.size, "Logic App")} connected, ${
      plural(this.#pending, "request")
    } pending.`;
  }
}
