/**
 * Pools that are asked one after the other, and what was decided for them.
 * @module
 */
import type { Member } from "./member.ts";
import { type PoolView, type RequestFacts, type Route, route, routeThrough } from "./router.ts";

/** Peers choose application ids: what is remembered of them is bounded. */
const MOST_PLANS = 256;

/** One chain: all DRAs where no pools are configured. Decisions hold until something changes. */
export class Chain {
  readonly #all: readonly Member[];
  readonly #pools: readonly PoolView<Member>[] | undefined;
  readonly #plans = new Map<number, Route<Member>>();
  #lastApplication = -1;
  #lastPlan: Route<Member> | undefined;

  /** @param all every DRA @param pools absent: all of them at once */
  constructor(all: readonly Member[], pools?: readonly PoolView<Member>[]) {
    this.#all = all;
    this.#pools = pools;
  }

  /**
   * The plan for requests of `application` that name no host and carry no Route-Record: the same
   * for all.
   */
  planFor(application: number): Route<Member> {
    if (this.#lastApplication === application && this.#lastPlan !== undefined) return this.#lastPlan;
    let plan = this.#plans.get(application);
    if (plan === undefined) {
      plan = this.routeFor({ application, destinationHost: "", routeRecords: [], tried: [] });
      if (this.#plans.size >= MOST_PLANS) this.#plans.clear();
      this.#plans.set(application, plan);
    }
    this.#lastApplication = application;
    this.#lastPlan = plan;
    return plan;
  }

  /** Whether any DRA here is usable, for whatever requests. */
  get someUsable(): boolean {
    const members = this.#pools === undefined ? this.#all : this.#pools.flatMap((pool) => pool.members);
    return members.some(({ usable, weight }) => usable && weight > 0);
  }

  /** The decision for a request that the plan does not cover. */
  routeFor(facts: RequestFacts): Route<Member> {
    return this.#pools === undefined ? route(facts, this.#all) : routeThrough(facts, this.#pools, this.#all);
  }
}
