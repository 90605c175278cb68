// @ts-check
/// <reference lib="dom" />
/**
 * The gRPC plane's sections of the page: numbers, clusters, routes, clients, events.
 * @module
 */
/** @import { Client, Cluster, GatewayEvent, GrpcStatus, Route, Status } from "./types.d.ts" */
/** @import { Plane } from "./plane.d.ts" */
import { get } from "./api.js";
import { byId, fill, h } from "./dom.js";
import { sentenceOf } from "./event_text.js";
import { clock, count, plural, short } from "./format.js";
import { ClientList } from "./grpc_clients.js";
import { ClusterList } from "./grpc_clusters.js";
import { RouteList } from "./grpc_routes.js";
import { rateOf } from "./rate.js";
import { TileRow } from "./tile_row.js";

/** Over how many looks a rate is taken, so that it can be read. */
const SMOOTH = 5;
const EVENTS_SHOWN = 200;
const EVENTS = byId("grpc-event-list", HTMLElement);

/** All of it. @implements {Plane} */
export class Grpc {
  #tiles = new TileRow(byId("grpc-tiles", HTMLElement), [
    "Calls",
    "In flight",
    "Not OK",
    "Instances",
    "Clients",
    "Sent again",
    "Transferred",
  ]);
  #clusters;
  #routes = new RouteList();
  #clients = new ClientList();
  /** @type {{ at: number, calls: number, errors: number }[]} */
  #looks = [];
  #found = {
    clusters: /** @type {readonly Cluster[]} */ ([]),
    routes: /** @type {readonly Route[]} */ ([]),
    clients: /** @type {readonly Client[]} */ ([]),
  };
  #inFlight = 0;

  /** @param {() => void} refresh asks anew, after something was done */
  constructor(refresh) {
    this.#clusters = new ClusterList(refresh);
    fill(EVENTS, h("li", { class: "nothing" }, "Nothing happened that is still known."));
  }

  async begin() {}

  async ask() {
    const [clusters, routes, clients] = await Promise.all([
      get("/api/v1/grpc/clusters"),
      get("/api/v1/grpc/routes"),
      get("/api/v1/grpc/connections"),
    ]);
    this.#found = { clusters, routes, clients };
  }

  /** @param {Status} status @param {number} now ms since 1970 */
  show({ grpc }, now) {
    if (grpc === undefined) return;
    this.#inFlight = grpc.calls_in_flight;
    this.#showTiles(grpc, now);
    this.#clusters.show(this.#found.clusters, now);
    this.#routes.show(this.#found.routes, now);
    this.#clients.show(this.#found.clients);
  }

  /** @param {GrpcStatus} grpc @param {number} now */
  #showTiles(grpc, now) {
    const { clusters, routes } = this.#found;
    const calls = grpc.calls_total;
    const errors = routes.reduce((sum, route) => sum + route.errors, 0);
    if ((this.#looks.at(-1)?.calls ?? 0) > calls) this.#looks = [];
    const before = this.#looks[0];
    const seconds = before === undefined ? 0 : (now - before.at) / 1000;
    this.#looks.push({ at: now, calls, errors });
    if (this.#looks.length > SMOOTH) this.#looks.shift();
    const callRate = rateOf(calls, before?.calls, seconds);
    const errorRate = rateOf(errors, before?.errors, seconds);
    const instances = clusters.flatMap((cluster) => cluster.instances);
    const ready = instances.filter(({ state }) => state === "ready" || state === "idle").length;
    const bare = clusters.filter((cluster) => !cluster.instances.some(({ state }) => state === "ready"));
    this.#tiles.write("Calls", {
      value: callRate === null ? "–" : `${short(Math.round(callRate))}/s`,
      remark: `${short(calls)} in all`,
    });
    this.#tiles.write("In flight", { value: count(grpc.calls_in_flight), remark: "calls without an end yet" });
    this.#tiles.write("Not OK", {
      value: errorRate === null ? "–" : `${short(errorRate)}/s`,
      remark: `${short(errors)} in all`,
      level: errorRate !== null && errorRate > 0 ? "warn" : null,
    });
    this.#tiles.write("Instances", {
      value: `${ready} / ${instances.length}`,
      remark: bare.length === 0 ? "ready" : `none ready in ${bare.map(({ name }) => name).join(", ")}`,
      level: bare.length > 0 ? "bad" : ready < instances.length ? "warn" : "good",
    });
    this.#tiles.write("Clients", { value: count(grpc.connections), remark: "connections" });
    this.#tiles.write("Sent again", { value: short(grpc.retries_total), remark: "attempts after a first one" });
    this.#tiles.write("Transferred", { value: short(grpc.transfers_total), remark: "streams, in the middle" });
  }

  lost() {}

  async lookAround() {}

  /** @param {GatewayEvent} event */
  take(event) {
    if (!event.kind.startsWith("grpc_") && event.kind !== "config") return;
    const { text, level } = sentenceOf(event);
    EVENTS.querySelector(".nothing")?.remove();
    EVENTS.prepend(h(
      "li",
      { class: level, "data-kind": event.kind, title: `${event.at} ${event.kind}` },
      h("time", { datetime: event.at }, clock(event.at)),
      h("span", { class: "dot" }),
      h("span", {}, text),
    ));
    if (EVENTS.childElementCount > EVENTS_SHOWN) EVENTS.lastElementChild?.remove();
  }

  recolor() {}

  close() {
    return false;
  }

  press() {
    return false;
  }

  atStake() {
    return `New gRPC calls find nobody. ${plural(this.#inFlight, "call")} in flight: they are served to their end, ` +
      "for drain_timeout at most.";
  }
}
