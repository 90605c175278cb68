/**
 * The DRAs together: which priority carries traffic, and which connection the next request gets.
 * @module
 */
import type { Connection } from "../../net/connection.ts";
import type { Peer } from "../peer/peer.ts";
import { Dra } from "./dra.ts";
import type { DraLink, LinkHandlers } from "./dra_link.ts";
import type { RelayPeer } from "./relay_peer.ts";
import type { RelayRuntime } from "./relay_runtime.ts";
import { activePriority, type RequestFacts, type Route, route } from "./router.ts";

/** What the pool needs of the relay. */
export interface PoolHandlers {
  suspect(link: DraLink): void;
  lost(link: DraLink, reason: string): void;
  serve(connection: Connection, peer: Peer, self: () => RelayPeer | undefined, link: DraLink): void;
}

/** Why {@link DraPool.pick} found nothing. */
export type PickFailure = "none" | "full";

/** All DRAs of a gateway. */
export class DraPool {
  readonly dras: Dra[];
  /** The priority that carries traffic; undefined when no DRA is usable. */
  activePriority: number | undefined;
  /** Set when {@link pick} returns undefined. */
  failure: PickFailure = "none";

  #lastPriority: number | undefined;
  readonly #plans = new Map<number, Route<Dra>>();
  #lastApplication = -1;
  #lastPlan: Route<Dra> | undefined;
  #holdTimer: ReturnType<typeof setTimeout> | undefined;
  readonly #runtime: RelayRuntime;

  constructor(runtime: RelayRuntime, handlers: PoolHandlers) {
    this.#runtime = runtime;
    const linkHandlers: LinkHandlers = {
      changed: () => this.refresh(),
      suspect: (link) => handlers.suspect(link),
      lost: (link, reason) => handlers.lost(link, reason),
      serve: (connection, peer, self, link) => handlers.serve(connection, peer, self, link),
    };
    this.dras = runtime.options.draPool.dras.map((options) => new Dra(options, runtime, linkHandlers));
  }

  /** Begins to connect to all of them. */
  start(): void {
    for (const dra of this.dras) for (const link of dra.links) link.start();
  }

  /** Takes leave of all of them. */
  async stop(): Promise<void> {
    if (this.#holdTimer !== undefined) clearTimeout(this.#holdTimer);
    this.#holdTimer = undefined;
    await Promise.all(this.dras.flatMap((dra) => dra.links.map((link) => link.stop())));
    if (this.#holdTimer !== undefined) clearTimeout(this.#holdTimer);
  }

  /** All connection slots. */
  *links(): Generator<DraLink> {
    for (const dra of this.dras) yield* dra.links;
  }

  /** The plan for requests of `application` that name no host and carry no Route-Record: the same for all until something changes. */
  planFor(application: number): Route<Dra> {
    if (this.#lastApplication === application && this.#lastPlan !== undefined) return this.#lastPlan;
    let plan = this.#plans.get(application);
    if (plan === undefined) {
      plan = route({ application, destinationHost: "", routeRecords: [], tried: [] }, this.dras);
      // Peers choose application ids: what is remembered of them is bounded.
      if (this.#plans.size >= 256) this.#plans.clear();
      this.#plans.set(application, plan);
    }
    this.#lastApplication = application;
    this.#lastPlan = plan;
    return plan;
  }

  /** The decision for a request that the plan does not cover. */
  routeFor(facts: RequestFacts): Route<Dra> {
    return route(facts, this.dras);
  }

  /**
   * A connection by that decision; undefined when there is none, see {@link failure}.
   * @param again the request was taken on before, and may overshoot a queue's limit
   */
  pick(plan: Route<Dra>, again = false): DraLink | undefined {
    this.failure = "none";
    if (plan.pinned !== undefined) {
      const link = plan.pinned.pickLink(again);
      if (link !== undefined) return link;
      this.failure = "full";
    }
    for (const group of plan.groups) {
      const link = group.length === 1 ? group[0]!.pickLink(again) : this.#pickFrom(group, again);
      if (link !== undefined) return link;
      this.failure = "full";
    }
    return undefined;
  }

  #pickFrom(group: readonly Dra[], again: boolean): DraLink | undefined {
    if (this.#runtime.options.draPool.balance === "least_pending") {
      let best: DraLink | undefined;
      let least = Infinity;
      for (const dra of group) {
        const load = dra.inFlight / dra.weight;
        if (load >= least) continue;
        const link = dra.pickLink(again);
        if (link === undefined) continue;
        best = link;
        least = load;
      }
      return best;
    }
    // Smooth weighted round robin: everyone earns its weight, the richest pays the sum.
    let best: Dra | undefined;
    let total = 0;
    for (const dra of group) {
      dra.current += dra.weight;
      total += dra.weight;
      if (best === undefined || dra.current > best.current) best = dra;
    }
    best!.current -= total;
    const link = best!.pickLink(again);
    if (link !== undefined) return link;
    for (const dra of group) {
      const other = dra === best ? undefined : dra.pickLink(again);
      if (other !== undefined) return other;
    }
    return undefined;
  }

  /** Something about a DRA changed: judge all of them again, and tell who moved. */
  refresh(): void {
    const now = performance.now();
    const { failbackDelay, reopenLastResort } = this.#runtime.options.draPool;
    const someOkay = this.dras.some((dra) => dra.links.some((link) => link.okay));
    let nextHold = Infinity;
    for (const dra of this.dras) {
      const before = dra.usable;
      const okay = dra.links.some((link) => link.okay);
      dra.usable = okay || (reopenLastResort && !someOkay && dra.links.some((link) => link.reopening));
      dra.reason = okay ? "" : `${dra.links[0]?.reason ?? "has no connection"}`;
      if (dra.usable && !before) {
        dra.usableSince = now;
        dra.current = 0;
        // A DRA's first connection after the start is no recovery: nothing is held back.
        dra.held = dra.recovers && failbackDelay > 0;
        dra.recovers = true;
      } else if (!dra.usable) {
        dra.usableSince = 0;
        dra.held = false;
      }
      if (dra.held) {
        const until = dra.usableSince + failbackDelay;
        if (until <= now) dra.held = false;
        else nextHold = Math.min(nextHold, until);
      }
      if (dra.usable !== before) this.#announce(dra);
    }
    this.#plans.clear();
    this.#lastPlan = undefined;
    this.#noteActive();
    if (this.#holdTimer !== undefined) clearTimeout(this.#holdTimer);
    this.#holdTimer = nextHold === Infinity
      ? undefined
      : setTimeout(() => this.refresh(), Math.max(1, Math.ceil(nextHold - now)));
  }

  #announce(dra: Dra): void {
    // What follows from our own leave is no news.
    if (this.#runtime.draining) return;
    const { name } = dra;
    const link = dra.links.find((candidate) => candidate.relayPeer !== undefined);
    if (dra.usable) {
      this.#runtime.emit({
        kind: "dra_up",
        dra: name,
        originHost: link?.relayPeer?.originHost ?? "",
        watchdog: link?.watchdog.state ?? "down",
      });
    } else if (link?.watchdog.state === "suspect") {
      this.#runtime.emit({ kind: "dra_suspect", dra: name, reason: dra.reason, pending: dra.inFlight });
    } else this.#runtime.emit({ kind: "dra_down", dra: name, reason: dra.reason, pending: dra.inFlight });
  }

  #noteActive(): void {
    const before = this.activePriority;
    const active = activePriority(this.dras);
    this.activePriority = active;
    if (active === undefined) {
      if (before !== undefined && !this.#runtime.draining) {
        const reason = this.dras.map((dra) => `${dra.name} ${dra.reason}`).join("; ");
        this.#runtime.emit({ kind: "no_dra", reason });
      }
      return;
    }
    const last = this.#lastPriority;
    this.#lastPriority = active;
    if (last === undefined || last === active) return;
    if (active > last) {
      this.#runtime.counters.failovers++;
      this.#runtime.emit({ kind: "failover", from: last, to: active });
    } else {
      this.#runtime.counters.failbacks++;
      this.#runtime.emit({ kind: "failback", from: last, to: active });
    }
  }
}
