/**
 * The DRAs together: which priority carries traffic, and which connection the next request gets.
 * @module
 */
import type { Alarm } from "../../../net/clock.ts";
import type { Connection } from "../../../net/connection.ts";
import type { Peer } from "../../peer/peer.ts";
import { RESULT } from "../../wire/result_codes.ts";
import { Dra, isUsable } from "./dra.ts";
import { BOUNDS, type DraLink, type LinkHandlers } from "./link.ts";
import { LastingRefusal } from "../path/refusals.ts";
import type { Served } from "../core/relay_peer.ts";
import type { RelayRuntime } from "../core/runtime.ts";
import type { Refusal } from "../path/checks.ts";
import { activePriority, type RequestFacts, type Route, route } from "./router.ts";

/** What the pool needs of the relay. */
export interface PoolHandlers {
  suspect(link: DraLink): void;
  lost(link: DraLink, reason: string): void;
  serve(connection: Connection, peer: Peer, served: Served): void;
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
  /** The last plan whose candidates were asked for, and these. */
  #candidatesOf: Route<Dra> | undefined;
  #candidates: readonly DraLink[] = [];
  /** The last refusal, the plan that it was for, and the bounds that were met. */
  #refusal: Refusal | undefined;
  #refusalOf: Route<Dra> | undefined;
  #boundsMet = 0;
  #holdTimer: Alarm | undefined;
  readonly #runtime: RelayRuntime;

  constructor(runtime: RelayRuntime, handlers: PoolHandlers) {
    this.#runtime = runtime;
    const linkHandlers: LinkHandlers = {
      changed: () => this.refresh(),
      suspect: (link) => handlers.suspect(link),
      lost: (link, reason) => handlers.lost(link, reason),
      serve: (connection, peer, served) => handlers.serve(connection, peer, served),
    };
    this.dras = runtime.options.draPool.dras.map((options) => new Dra(options, runtime, linkHandlers));
  }

  /** Begins to connect to all of them. */
  start(): void {
    for (const dra of this.dras) for (const link of dra.links) link.start();
  }

  /** Takes leave of all of them. */
  async stop(): Promise<void> {
    if (this.#holdTimer !== undefined) this.#runtime.clock.clearTimeout(this.#holdTimer);
    this.#holdTimer = undefined;
    await Promise.all(this.dras.flatMap((dra) => dra.links.map((link) => link.stop())));
    if (this.#holdTimer !== undefined) this.#runtime.clock.clearTimeout(this.#holdTimer);
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
   * @param requester key of the connection that it came from, of a request that is new
   */
  pick(plan: Route<Dra>, again = false, requester = 0): DraLink | undefined {
    this.failure = "none";
    if (plan.pinned !== undefined) {
      const link = plan.pinned.pickLink(again, requester);
      if (link !== undefined) return link;
      this.failure = "full";
    }
    for (const group of plan.groups) {
      const link = group.length === 1 ? group[0]!.pickLink(again, requester) : this.#pickFrom(group, again, requester);
      if (link !== undefined) return link;
      this.failure = "full";
    }
    return undefined;
  }

  #pickFrom(group: readonly Dra[], again: boolean, requester: number): DraLink | undefined {
    if (this.#runtime.options.draPool.balance === "least_pending") {
      let best: DraLink | undefined;
      let least = Infinity;
      for (const dra of group) {
        // Weight 0 is here when several DRAs have the identity that Destination-Host names.
        const load = dra.inFlight / Math.max(1, dra.weight);
        if (load >= least) continue;
        const link = dra.pickLink(again, requester);
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
    const link = best!.pickLink(again, requester);
    if (link !== undefined) return link;
    for (const dra of group) {
      const other = dra === best ? undefined : dra.pickLink(again, requester);
      if (other !== undefined) return other;
    }
    return undefined;
  }

  /** The usable connections of that decision, in its order. */
  candidates(plan: Route<Dra>): readonly DraLink[] {
    if (plan === this.#candidatesOf) return this.#candidates;
    const { pinned, groups } = plan;
    const dras = pinned === undefined ? groups.flat() : [pinned, ...groups.flat()];
    this.#candidatesOf = plan;
    return this.#candidates = dras.flatMap(({ links }) => links.filter(isUsable));
  }

  /**
   * Why {@link pick} found all candidates of that decision full. The same object as long as nothing
   * but figures changes: under overload there are many of these.
   */
  refusalOf(plan: Route<Dra>): Refusal {
    const links = this.candidates(plan);
    let met = 1;
    for (const link of links) met = met * BOUNDS.length + BOUNDS.indexOf(link.boundMet);
    if (this.#refusal === undefined || plan !== this.#refusalOf || met !== this.#boundsMet) {
      this.#refusalOf = plan;
      this.#boundsMet = met;
      const bounds = links.map((link) => link.describe(link.boundMet));
      this.#refusal = new LastingRefusal(
        RESULT.tooBusy,
        `every DRA that could take this request has as much as it may: ${bounds.join("; ")}`,
        "dra_full",
      );
    }
    return this.#refusal;
  }

  /** Something about a DRA changed: judge all of them again, and tell who moved. */
  refresh(): void {
    const now = this.#runtime.clock.now();
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
    this.#candidatesOf = undefined;
    this.#noteActive();
    if (this.#holdTimer !== undefined) this.#runtime.clock.clearTimeout(this.#holdTimer);
    this.#holdTimer = nextHold === Infinity
      ? undefined
      : this.#runtime.clock.setTimeout(() => this.refresh(), Math.max(1, Math.ceil(nextHold - now)));
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
