/**
 * Which route a request takes: the first one whose conditions all hold.
 * @module
 */
import type { Counter } from "../../../ops/metrics/counter.ts";
import type { Meters } from "../core/meters.ts";
import type { GatewayOptions } from "../core/options.ts";
import { SESSION_ID } from "../core/balance_name.ts";
import { DEFAULT_POOL, type PoolOptions, type RejectOptions, type RouteOptions } from "../core/policy_options.ts";
import { LastingRefusal } from "../core/refusal.ts";
import type { TransactionRoute } from "../core/transaction_route.ts";
import { ticksFor } from "../core/transactions.ts";
import { type Condition, describeFailure, firstFailed } from "./conditions.ts";
import { DecisionCache } from "./decision_cache.ts";
import type { Reading } from "./reading.ts";
import { RouteIndex } from "./route_index.ts";
import { Rewrite } from "./rewrite.ts";

/** What stands for the route of requests that none matches. */
export const NO_ROUTE = "default";

const EVERYBODY: PoolOptions = { name: DEFAULT_POOL, dras: [], balance: "", hashKey: SESSION_ID };

/** One route, ready for requests. */
export interface CompiledRoute extends TransactionRoute {
  readonly conditions: readonly Condition[];
  readonly reject: LastingRefusal | undefined;
  readonly rewrite: Rewrite | undefined;
  readonly answerTicks: number;
  readonly requestTicks: number;
  readonly requests: Counter;
  readonly rewrites: Counter | undefined;
}

/** One step on the way to a route. */
export interface RouteStep {
  /** Its name, for logs and metrics. */
  readonly name: string;
  /** Whether all its conditions hold. */
  readonly matched: boolean;
  /** Which one did not, and what was there instead. */
  readonly because: string;
}

/** The routes of one configuration. */
export class RoutingTable {
  readonly #routes: readonly CompiledRoute[];
  readonly #otherwise: CompiledRoute;
  readonly #cache: DecisionCache<CompiledRoute> | undefined;
  readonly #index: RouteIndex<CompiledRoute>;
  /** Whether some route gives requests a realm, so that they need not come with one. */
  readonly addsRealm: boolean;

  /** @param conditions those of each route */
  constructor(options: GatewayOptions, conditions: readonly (readonly Condition[])[], meters: Meters) {
    const { routing } = options;
    const chains = new Map<string, readonly PoolOptions[]>();
    const poolsOf = (names: readonly string[]) => {
      const key = names.join(" ");
      let pools = chains.get(key);
      if (pools === undefined) {
        pools = names.map((name) => routing.pools.find((pool) => pool.name === name) ?? EVERYBODY);
        chains.set(key, pools);
      }
      return pools;
    };
    const compiled = (route: RouteOptions, conditions: readonly Condition[]): CompiledRoute => {
      const requestTimeout = route.requestTimeout ?? options.requestTimeout;
      const answerTimeout = route.answerTimeout ?? options.answerTimeout;
      return {
        name: route.name,
        conditions,
        pools: poolsOf(route.pool === undefined ? [] : [route.pool, ...route.fallback]),
        reject: route.reject === undefined ? undefined : refusalOf(route.name, route.reject),
        rewrite: route.rewrite === undefined ? undefined : new Rewrite(route.rewrite),
        ignoreDestinationHost: route.ignoreDestinationHost,
        isSentOnce: route.neverRetry,
        requestTimeout,
        answerTimeout,
        requestTicks: ticksFor(requestTimeout),
        answerTicks: ticksFor(Math.min(answerTimeout, requestTimeout)),
        maxAttempts: route.maxAttempts ?? options.maxAttempts,
        retryResultCodes: route.retryResultCodes ?? options.retryResultCodes,
        timeoutResultCode: route.timeoutResultCode ?? options.timeoutResultCode,
        neverRetry: options.neverRetry,
        requests: meters.routeRequests.of({ route: route.name }),
        rewrites: route.rewrite === undefined ? undefined : meters.rewrites.of({ route: route.name }),
      };
    };
    this.#routes = routing.routes.map((route, i) => compiled(route, conditions[i]!));
    this.#otherwise = compiled(
      { name: NO_ROUTE, fallback: [], ignoreDestinationHost: false, neverRetry: false, ...routing.default },
      [],
    );
    this.addsRealm = routing.routes.some(({ rewrite }) => rewrite?.destinationRealm !== undefined);
    this.#index = new RouteIndex(this.#routes);
    const isPlain = this.#routes.every(({ conditions }) => conditions.every((condition) => condition.isPlain));
    this.#cache = isPlain && this.#routes.length > 1 ? new DecisionCache() : undefined;
  }

  /** The route of the request at hand. */
  find(reading: Reading): CompiledRoute {
    const cache = this.#cache;
    if (cache === undefined) return this.#index.find(reading) ?? this.#otherwise;
    const { request } = reading;
    return cache.find(request) ?? cache.keep(request, this.#index.find(reading) ?? this.#otherwise);
  }

  /** The same, with every route down to the one that it is. */
  explain(reading: Reading): { readonly route: CompiledRoute; readonly steps: readonly RouteStep[] } {
    const steps: RouteStep[] = [];
    for (const route of this.#routes) {
      const failed = firstFailed(route.conditions, reading);
      if (failed === undefined) {
        const because = route.conditions.length === 0 ? "it has no conditions" : "all its conditions hold";
        steps.push({ name: route.name, matched: true, because });
        return { route, steps };
      }
      steps.push({ name: route.name, matched: false, because: describeFailure(failed, reading) });
    }
    return { route: this.#otherwise, steps };
  }
}

function refusalOf(route: string, { code, message }: RejectOptions): LastingRefusal {
  const sentence = message !== ""
    ? message
    : route === NO_ROUTE
    ? `no route matches this request (routing.default rejects with ${code})`
    : `route ${route} rejects this request`;
  return new LastingRefusal(code, sentence, "route_reject", route);
}
