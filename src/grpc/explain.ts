/**
 * What the gateway would do with a call, in words. PURE.
 * @module
 */
import { formatAddress } from "../ops/config/address.ts";
import { formatDuration } from "../ops/config/units.ts";
import { type ClusterOptions, type GrpcConfig, type RouteOptions, transferOf } from "./config/options.ts";
import { noRoute, REFUSAL } from "./refusals.ts";
import { RouteTable } from "./routes.ts";
import { STATUS } from "../rpc/status.ts";

/** A call that somebody asks about. Names of headers are lower case. */
export interface AskedCall {
  /** The full method name. */
  readonly method: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/** What becomes of it: lines of text. */
export interface Explanation {
  readonly lines: readonly string[];
  /** Whether it goes to a cluster, as far as that can be said here. */
  readonly passes: boolean;
}

/** Route, cluster, authorization and balancer of a call, and why not the other routes. */
export function explainCall(config: GrpcConfig, call: AskedCall): Explanation {
  const found = new RouteTable(config.routes).find(call.method);
  const others = config.routes.filter((route) => route !== found).map((route) => why(route, call.method, found));
  const rest = others.length === 0 ? [] : ["not:", ...others];
  if (found === undefined && config.default.action === "error") {
    const { message } = noRoute(call.method);
    const lines = [row("route", `none matches: ${status(STATUS.UNIMPLEMENTED, message)}`), ...rest];
    return { passes: false, lines: [call.method, ...lines] };
  }
  const route = found ?? defaultRoute(config.default.useCluster);
  const cluster = config.clusters[route.cluster];
  const refusal = refusalOf(config, route, call);
  const lines = [
    call.method,
    row("route", found === undefined ? "none matches: default.use_cluster" : found.prefix),
    row("cluster", cluster === undefined ? route.cluster : `${route.cluster}, ${clusterText(cluster)}`),
    row("authorization", authorizationText(config, route, refusal)),
    row("balancer", balancerText(route, call)),
    row("transfer", TRANSFERS[transferOf(route)]),
    ...rest,
  ];
  return { passes: refusal === undefined, lines };
}

function defaultRoute(cluster: string): RouteOptions {
  return { prefix: "", cluster, authorization: "none", balancer: { type: "round_robin" }, transfer: "auto" };
}

const row = (name: string, text: string) => `  ${name.padEnd(13)}  ${text}`;

const NAMES = Object.entries(STATUS);
const status = (code: number, message: string) =>
  `${NAMES.find(([, number]) => number === code)?.[0]} (${code}) ${message}`;

function why({ prefix }: RouteOptions, method: string, found: RouteOptions | undefined): string {
  if (!method.startsWith(prefix)) return `  ${prefix}: the method does not begin with it`;
  return `  ${prefix}: shorter than ${found?.prefix}`;
}

function clusterText(cluster: ClusterOptions): string {
  switch (cluster.type) {
    case "static":
      return `static: ${cluster.addresses.map(({ hostname, port }) => formatAddress(hostname, port)).join(", ")}`;
    case "dynamic":
      return `dynamic: ${cluster.discovererUrl} every ${formatDuration(cluster.discovererInterval)}`;
    case "custom":
      return cluster.kind;
  }
}

/** What can be said without looking into the token. */
function refusalOf({ auth }: GrpcConfig, { authorization }: RouteOptions, { headers }: AskedCall) {
  if (authorization === "none") return undefined;
  const of = (name: string) => headers.filter(([other]) => other === name).map(([, value]) => value);
  const [sessions, tokens] = [of(auth.sessionHeader), of("authorization")];
  if ((sessions[0] ?? "") === "") return REFUSAL.missingSession;
  return sessions.length > 1 || tokens.length !== 1 || tokens[0] === "" ? REFUSAL.badToken : undefined;
}

function authorizationText(
  { auth }: GrpcConfig,
  { authorization }: RouteOptions,
  refusal: { readonly code: number; readonly message: string } | undefined,
): string {
  if (authorization === "none") return "none: a token is not looked at";
  if (refusal !== undefined) return `required: ${status(refusal.code, refusal.message)}`;
  return `required: passes if its token holds, and has ${auth.sessionClaim} as ${auth.sessionHeader} says`;
}

function balancerText({ balancer }: RouteOptions, { headers }: AskedCall): string {
  switch (balancer.type) {
    case "round_robin":
      return "round_robin: the next instance";
    case "least_pending":
      return "least_pending: the instance with fewest calls in flight";
    case "custom":
      return balancer.kind;
    case "sticky_sessions": {
      const value = headers.find(([name]) => name === balancer.header)?.[1] ?? "";
      const what = value === ""
        ? "is not given, so the next instance and no binding"
        : `is ${JSON.stringify(value)}: its instance, or the next one, which it is then bound to`;
      return `sticky_sessions: ${balancer.header} ${what}`;
    }
  }
}

const TRANSFERS = {
  off: "off: what a backend may have executed is never sent again",
  before_response: "before_response: sent again elsewhere until a response message has begun (at least once)",
  mid_stream: "mid_stream: sent again elsewhere between response messages too (at least once)",
} as const;
