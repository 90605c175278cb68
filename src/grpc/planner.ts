/**
 * Makes the routes of a configuration.
 * @module
 */
import { HmacTokenValidator, TokenAuthorization } from "./authorization.ts";
import type { Backends } from "./backends.ts";
import { LeastPending } from "./balance/least_pending.ts";
import { RoundRobin } from "./balance/round_robin.ts";
import { StickySessions } from "./balance/sticky_sessions.ts";
import type { Place } from "./call_core.ts";
import type { Plan } from "./calls.ts";
import type { BalancerOptions, GrpcConfig, RouteOptions } from "./config/options.ts";
import type { RouteStatus } from "./control.ts";
import type { HealthService } from "./health_service.ts";
import type { Meters, RouteMeters } from "./meters.ts";
import type { Balancer, GatewayParts } from "./parts.ts";
import { PoolRoute } from "./pool_route.ts";
import { type Picker, type Route, RouteEntry } from "./route_entry.ts";
import { RouteTable } from "./routes.ts";

/** What routes are made of. */
export interface PlannerParts {
  readonly own: GatewayParts;
  readonly backends: Backends;
  readonly meters: Meters;
  readonly health: HealthService;
  /** ms of a clock that never goes back. */
  readonly now: () => number;
  readonly partFailed: (part: string, error: unknown) => void;
}

/** Parts that may fail, made before anything is changed. */
export interface Prepared {
  readonly authorization: TokenAuthorization | undefined;
  readonly balancers: ReadonlyMap<RouteOptions, Balancer>;
}

/** Routes by configuration. */
export class Planner {
  readonly #parts: PlannerParts;
  /** By route and cluster: what was counted stays when a configuration is put in force. */
  readonly #meters = new Map<string, RouteMeters>();
  #routes: readonly Route[] = [];

  constructor(parts: PlannerParts) {
    this.#parts = parts;
  }

  /** What counts calls of a route; made once. */
  metersOf(route: string, cluster: string): RouteMeters {
    const key = JSON.stringify([cluster, route]);
    const known = this.#meters.get(key);
    if (known !== undefined) return known;
    const meters = this.#parts.meters.route(route, cluster);
    this.#meters.set(key, meters);
    return meters;
  }

  /** Calls in flight, by cluster. */
  get inFlight(): Map<string, number> {
    const calls = new Map<string, number>();
    for (const [key, { inFlight }] of this.#meters) {
      const [cluster] = JSON.parse(key) as [string];
      calls.set(cluster, (calls.get(cluster) ?? 0) + inFlight);
    }
    return calls;
  }

  /** @throws TypeError when a part is wanted that there is not, or cannot be made */
  prepare({ auth, routes }: GrpcConfig): Prepared {
    const { own } = this.#parts;
    const balancers = new Map<RouteOptions, Balancer>();
    for (const route of routes) {
      const { balancer } = route;
      if (balancer.type !== "custom") continue;
      const make = own.balancers?.[balancer.kind];
      if (make === undefined) throw new TypeError(`there is no balancer of type ${balancer.kind} among the parts`);
      balancers.set(route, make(balancer.options));
    }
    if (!routes.some(({ authorization }) => authorization === "required")) {
      return { authorization: undefined, balancers };
    }
    const validator = own.tokenValidator ?? new HmacTokenValidator({
      secret: auth.jwtSecret,
      sessionClaim: auth.sessionClaim,
      clockTolerance: auth.clockTolerance,
    });
    return { authorization: new TokenAuthorization(validator, auth), balancers };
  }

  /** The plan of a configuration whose clusters are there. */
  plan(config: GrpcConfig, prepared: Prepared): Plan {
    const turns = new Map<string, RoundRobin>();
    const routes = config.routes.map((options) => this.#route(options, options.prefix, turns, prepared));
    const { action, useCluster: cluster } = config.default;
    const options = { prefix: "", cluster, authorization: "none", transfer: "auto" } as const;
    const otherwise = action === "error"
      ? undefined
      : this.#route({ ...options, balancer: { type: "round_robin" } }, "default", turns, prepared);
    this.#routes = otherwise === undefined ? routes : [...routes, otherwise];
    return {
      routes: new RouteTable(routes),
      otherwise,
      healthService: config.healthService ? this.#parts.health : undefined,
    };
  }

  /** The routes in force as plain data. */
  status(): RouteStatus[] {
    return this.#routes.map(({ options, transfer, meters: { calls, errors } }) => ({
      prefix: options.prefix,
      cluster: options.cluster,
      authorization: options.authorization,
      balancer: options.balancer.type === "custom" ? options.balancer.kind : options.balancer.type,
      header: options.balancer.type === "sticky_sessions" ? options.balancer.header : "",
      transfer,
      calls,
      errors,
    }));
  }

  #route(options: RouteOptions, label: string, turns: Map<string, RoundRobin>, prepared: Prepared): Route {
    const { own, backends, partFailed } = this.#parts;
    const { authorization } = prepared;
    const required = options.authorization === "required" && authorization !== undefined ? [authorization] : [];
    const processors = [...own.processors ?? [], ...required];
    const common = {
      options,
      processors,
      authorization: processors.length === 1 ? required[0] : undefined,
      meters: this.metersOf(label, options.cluster),
      partFailed,
    };
    const pool = backends.pool(options.cluster);
    if (pool !== undefined) return new PoolRoute(common, pool);
    const cluster = backends.cluster(options.cluster);
    const { balancer } = options;
    const sticky = balancer.type === "sticky_sessions" ? cluster.table.keys(balancer.header) : undefined;
    const picker = prepared.balancers.get(options) ?? this.#balancer(balancer, options.cluster, turns);
    return new RouteEntry({ ...common, cluster, balancer: picker, keys: sticky });
  }

  #balancer(balancer: BalancerOptions, cluster: string, turns: Map<string, RoundRobin>): Picker {
    if (balancer.type === "least_pending") return new LeastPending();
    if (balancer.type !== "sticky_sessions") return new RoundRobin();
    // Routes that share keys share the turn in which new ones are bound.
    const shared = JSON.stringify([cluster, balancer.header]);
    const turn = turns.get(shared) ?? new RoundRobin();
    turns.set(shared, turn);
    const keys = this.#parts.backends.cluster(cluster).table.keys(balancer.header);
    // It gets no other places than those of this cluster.
    return new StickySessions<Place>(keys, this.#parts.now, turn) as unknown as Picker;
  }
}
