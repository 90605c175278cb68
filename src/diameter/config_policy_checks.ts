/**
 * What no single key of `routing`, `limits` and `screening` can know: names that nobody has,
 * conditions that cannot be, and what is allowed and unwise.
 * @module
 */
import { SESSION_ID } from "./relay/core/balance_name.ts";
import { parsePath, PathError } from "./relay/policy/avp_path.ts";
import { dictionary } from "./relay/policy/loaded.ts";
import { nearest } from "../ops/config/nearest.ts";
import type { Finding, IsSet } from "../ops/config/section.ts";
import type { DiameterConfig } from "./config_checks.ts";
import { DEFAULT_POOL } from "./relay/core/policy_options.ts";
import { compilePolicy } from "./relay/policy/compile_policy.ts";
import { Reading } from "./relay/policy/reading.ts";

const MOST_ROUTES = 1_000;
const MOST_POOLS = 64;
/** Names that mean something already: the pool of all DRAs, and no rule at all. */
const RESERVED: readonly string[] = [DEFAULT_POOL, "none"];

/** All three: what stands in one of them may be wrong because of another section. */
export function* policyFindings(config: DiameterConfig, isSet: IsSet): Generator<Finding> {
  const { routing, limits, screening, gateway } = config;
  yield* nameFindings("routing", "pools", routing.pools);
  yield* nameFindings("routing", "routes", routing.routes);
  yield* nameFindings("limits", undefined, limits);
  yield* nameFindings("screening", "rules", screening.rules);
  yield* boundFindings(["routing", "routes"], routing.routes.length, MOST_ROUTES);
  yield* boundFindings(["routing", "pools"], routing.pools.length, MOST_POOLS);
  yield* poolFindings(config);
  yield* routeFindings(config);
  for (const [i, { requestsPerSecond }] of limits.entries()) {
    if (requestsPerSecond === 1 && !isSet(["limits", i, "requests_per_second"])) {
      yield { path: ["limits", i, "requests_per_second"], message: "missing: how many requests may come in a second" };
    }
  }
  const isProxy = routing.routes.some(({ rewrite }) => rewrite !== undefined);
  if (isProxy && routing.allowProxyActs && gateway.applications.length === 0) {
    yield {
      path: ["routing", "allow_proxy_acts"],
      message: "a gateway that changes requests is a proxy, which advertises the applications that it understands " +
        "(RFC 6733 2.8.2); with gateway.applications empty it says that it is a relay",
      warning: true,
      with: [["gateway", "applications"]],
    };
  }
  yield* hashKeyFindings(["dra_pool", "hash_key"], config.dra_pool.hashKey);
  for (const [i, { hashKey }] of routing.pools.entries()) {
    yield* hashKeyFindings(["routing", "pools", i, "hash_key"], hashKey);
  }
  yield* conditionFindings(config);
}

function* hashKeyFindings(path: readonly (string | number)[], key: string): Generator<Finding> {
  if (key === SESSION_ID) return;
  try {
    parsePath(key, dictionary(), nearest);
  } catch (error) {
    if (!(error instanceof PathError)) throw error;
    yield { path, message: `${JSON.stringify(key)} ${error.message}, or session_id` };
  }
}

function conditionFindings({ routing, limits, screening, server }: DiameterConfig): Finding[] {
  const found: Finding[] = [];
  compilePolicy(
    { routing, limits, screening, server },
    new Reading(),
    (path, message) => found.push({ path, message }),
    nearest,
  );
  return found;
}

function* nameFindings(
  key: string,
  below: string | undefined,
  elements: readonly { readonly name: string }[],
): Generator<Finding> {
  const known = new Set<string>();
  for (const [i, { name }] of elements.entries()) {
    const path = below === undefined ? [key, i, "name"] : [key, below, i, "name"];
    if (name === "") yield { path, message: "missing: a name, which logs and metrics show" };
    else if (RESERVED.includes(name)) {
      yield { path, message: `${name} is a name that means something else: choose another` };
    } else if (known.has(name)) yield { path, message: `the name ${name} is given twice` };
    known.add(name);
  }
}

function* boundFindings(path: readonly string[], count: number, most: number): Generator<Finding> {
  if (count > most) yield { path, message: `expected at most ${most}, got ${count}` };
}

function* poolFindings({ routing: { pools }, dra_pool }: DiameterConfig): Generator<Finding> {
  const dras = dra_pool.dras.map(({ name }) => name);
  for (const [i, { dras: members, name }] of pools.entries()) {
    const path = ["routing", "pools", i, "dras"];
    if (members.length === 0) yield { path, message: `pool ${name} is empty: name DRAs of dra_pool.dras` };
    const known = new Set<string>();
    for (const [nth, member] of members.entries()) {
      if (!dras.includes(member.name)) {
        yield { path: [...path, nth], message: unknownName("DRA", member.name, dras), with: [["dra_pool", "dras"]] };
      } else if (known.has(member.name)) {
        yield { path: [...path, nth], message: `${member.name} is in this pool twice` };
      }
      known.add(member.name);
    }
  }
}

function* routeFindings({ routing, gateway }: DiameterConfig): Generator<Finding> {
  const names = [DEFAULT_POOL, ...routing.pools.map(({ name }) => name)];
  const pools = (path: readonly (string | number)[], wanted: readonly string[]): Finding[] =>
    wanted.flatMap((name, i) =>
      names.includes(name) ? [] : [{
        path: i === 0 ? [...path, "pool"] : [...path, "fallback", i - 1],
        message: unknownName("pool", name, names),
      }]
    );
  let all: string | undefined;
  for (const [i, route] of routing.routes.entries()) {
    const path = ["routing", "routes", i];
    const { name, match, pool, fallback, reject, rewrite } = route;
    if ((pool === undefined) === (reject === undefined)) {
      const got = pool === undefined ? "neither" : "both";
      yield { path, message: `expected either pool or reject, got ${got}` };
    }
    if (pool !== undefined) yield* pools(path, [pool, ...fallback]);
    else if (fallback.length > 0) yield { path: [...path, "fallback"], message: "has no meaning without pool" };
    if (all !== undefined) {
      yield { path, message: `is never reached: route ${all} before it matches all requests`, warning: true };
    }
    if (match === undefined || Object.keys(match).length === 0) all ??= name;
    if (rewrite === undefined) continue;
    if (gateway.mode === "transparent") {
      yield {
        path: [...path, "rewrite"],
        message: "gateway.mode transparent changes no message: leave rewrite out, or set mode to relay",
        with: [["gateway", "mode"]],
      };
    } else if (!routing.allowProxyActs) {
      yield {
        path: [...path, "rewrite"],
        message: "changes requests, which only a proxy may (RFC 6733 2.8.2): set routing.allow_proxy_acts to true",
        with: [["routing", "allow_proxy_acts"]],
      };
    }
    if (reject !== undefined) yield { path: [...path, "rewrite"], message: "has no meaning with reject" };
    if (rewrite.destinationRealm === undefined && rewrite.destinationHost === undefined) {
      yield { path: [...path, "rewrite"], message: "changes nothing: give destination_realm or destination_host" };
    }
  }
  const { pool } = routing.default;
  const path = ["routing", "default"];
  if (pool !== undefined && !names.includes(pool)) yield { path, message: unknownName("pool", pool, names) };
}

function unknownName(what: string, name: string, known: readonly string[]): string {
  const near = nearest(name, known);
  const hint = near === undefined ? `there are ${known.join(", ") || "none"}` : `did you mean "${near}"?`;
  return `there is no ${what} ${JSON.stringify(name)}; ${hint}`;
}
