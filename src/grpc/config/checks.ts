/**
 * What no single key of the gRPC plane can know: names that lead nowhere, what is missing, values
 * that contradict each other, and what is allowed and unwise.
 * @module
 */
import { nearest } from "../../ops/config/nearest.ts";
import type { Finding, IsSet } from "../../ops/config/section.ts";
import { formatDuration } from "../../ops/config/units.ts";
import { KEYS_OF_TYPE } from "./cluster.ts";
import type { ClusterCommon, ClusterOptions, GrpcConfig } from "./options.ts";

/** Every finding on `grpc`; `isSet` tells what somebody wrote from what is a default. */
export function* crossCheck({ grpc }: { readonly grpc: GrpcConfig }, isSet: IsSet): Generator<Finding> {
  for (const { path, with: others = [], ...finding } of findings(grpc, (path) => isSet(["grpc", ...path]))) {
    yield { ...finding, path: ["grpc", ...path], with: others.map((other) => ["grpc", ...other]) };
  }
}

/** Paths begin below `grpc`. */
function* findings(grpc: GrpcConfig, isSet: IsSet): Generator<Finding> {
  yield* listenerFindings(grpc);
  yield* defaultFindings(grpc, isSet);
  yield* routeFindings(grpc);
  for (const [name, cluster] of Object.entries(grpc.clusters)) yield* clusterFindings(name, cluster, isSet);
  yield* authFindings(grpc);
}

function* listenerFindings({ listen, tls }: GrpcConfig): Generator<Finding> {
  if (listen.length === 0 && tls === undefined) {
    yield { path: ["listen"], message: "expected at least one HOST:PORT, got an empty list" };
  }
  if (tls === undefined) return;
  if (tls.listen.length === 0) yield { path: ["tls", "listen"], message: "missing: HOST:PORT to listen on with TLS" };
  if (tls.cert === "") yield { path: ["tls", "cert"], message: "missing: the file of the certificate" };
  if (tls.key === "") yield { path: ["tls", "key"], message: "missing: the file of the private key" };
}

function* defaultFindings({ clusters, default: { action, useCluster }, routes }: GrpcConfig, isSet: IsSet) {
  const path = ["default", "use_cluster"];
  if (action === "use_cluster") {
    if (useCluster === "") yield { path, message: `missing: the cluster to use${known(clusters)}` };
    else yield* unknownCluster(path, useCluster, clusters);
  } else if (isSet(path) && useCluster !== "") {
    const others = [["default", "action"]];
    yield { path, message: "has no effect: default.action is error", warning: true, with: others } as const;
  } else if (routes.length === 0) {
    const message = "no route is configured: every call will be answered UNIMPLEMENTED";
    yield { path: ["routes"], message, warning: true } as const;
  }
}

function* routeFindings({ routes, clusters }: GrpcConfig): Generator<Finding> {
  const seen = new Map<string, number>();
  for (const [i, { prefix, cluster, authorization, balancer }] of routes.entries()) {
    const path = ["routes", i] as const;
    const before = seen.get(prefix);
    if (prefix === "") {
      yield { path: [...path, "prefix"], message: 'missing: the beginning of method names, such as "/pkg.Service/"' };
    } else if (before !== undefined) {
      yield { path: [...path, "prefix"], message: `expected each prefix once, got that of routes[${before}] again` };
    } else {
      seen.set(prefix, i);
      // What ends there is meant to open all that is below it.
      if (authorization === "none" && !/[/.]$/.test(prefix)) {
        const message = `opens longer method names without authorization too, such as ${prefix}X`;
        yield { path: [...path, "prefix"], message, warning: true };
      }
    }
    if (cluster === "") yield { path: [...path, "cluster"], message: `missing: where calls go${known(clusters)}` };
    else yield* unknownCluster([...path, "cluster"], cluster, clusters);
    const header = [...path, "balancer", "header"];
    if (balancer.type === "sticky_sessions" && balancer.header === "") {
      yield { path: header, message: "missing: the header whose values stay with an instance, such as session-id" };
    } else if (balancer.type !== "sticky_sessions" && balancer.type !== "custom" && balancer.header !== undefined) {
      const others = [[...path, "balancer", "type"]];
      yield { path: header, message: `has no effect with ${balancer.type}`, warning: true, with: others };
    }
  }
}

type Clusters = GrpcConfig["clusters"];

function* unknownCluster(path: Finding["path"], name: string, clusters: Clusters): Generator<Finding> {
  if (Object.hasOwn(clusters, name)) return;
  const near = nearest(name, Object.keys(clusters));
  const hint = near === undefined ? known(clusters) : `${known(clusters)}; did you mean "${near}"?`;
  yield { path, message: `there is no cluster ${JSON.stringify(name)}${hint}` };
}

/** Appended to a sentence: every cluster there is. */
function known(clusters: Clusters): string {
  const names = Object.keys(clusters);
  return names.length === 0 ? "; none is configured (give clusters)" : `; known are ${names.join(", ")}`;
}

function* clusterFindings(name: string, cluster: ClusterOptions, isSet: IsSet): Generator<Finding> {
  const path = ["clusters", name];
  if (!/^[\w.-]{1,64}$/.test(name)) {
    yield { path, message: "expected a name of letters, digits, dots, hyphens and underscores" };
  }
  if (cluster.type === "custom") return;
  if ((cluster.type as string) === "") {
    // What stands there may be wrong, and is told then.
    if (!isSet([...path, "type"])) yield { path: [...path, "type"], message: "missing: static or dynamic" };
    return;
  }
  const other = cluster.type === "static" ? "dynamic" : "static";
  for (const key of KEYS_OF_TYPE[other]) {
    if (!isSet([...path, key])) continue;
    const message = `belongs to a cluster of type ${other}, and this one is ${cluster.type}`;
    yield { path: [...path, key], message, with: [[...path, "type"]] };
  }
  yield* cluster.type === "static" ? addressFindings(path, cluster.addresses, isSet) : urlFindings(path, cluster);
  yield* commonFindings(path, cluster);
}

function* addressFindings(
  path: readonly string[],
  addresses: readonly { readonly hostname: string; readonly port: number }[],
  isSet: IsSet,
): Generator<Finding> {
  const both = [[...path, "address"], [...path, "addresses"]] as const;
  if (both.every(isSet)) yield { path: both[0], message: "cannot be used beside addresses" };
  else if (addresses.length === 0) {
    yield { path: both[0], message: "missing: HOST:PORT of the backend (or addresses, with several)", with: [both[1]] };
  }
  const seen = new Set<string>();
  for (const [i, { hostname, port }] of addresses.entries()) {
    const address = `${hostname.toLowerCase()} ${port}`;
    if (seen.has(address)) yield { path: [...both[1], i], message: "the same address again" };
    seen.add(address);
  }
}

function* urlFindings(path: readonly string[], { discovererUrl }: { readonly discovererUrl: string }) {
  if (discovererUrl !== "") return;
  yield {
    path: [...path, "discoverer_url"],
    message: "missing: the URL of the discoverer, such as http://discoverer:8080",
  };
}

function* commonFindings(path: readonly string[], cluster: ClusterCommon): Generator<Finding> {
  const { tls, backoff, connections, maxConnections } = cluster;
  if (tls !== undefined && (tls.cert === "") !== (tls.key === "")) {
    yield { path: [...path, "tls"], message: "a client certificate takes both cert and key" };
  }
  if (maxConnections < connections) {
    yield {
      path: [...path, "max_connections"],
      message: `expected at least connections (${connections}), got ${maxConnections}`,
      with: [[...path, "connections"]],
    };
  }
  if (backoff.max < backoff.initial) {
    yield {
      path: [...path, "backoff", "max"],
      message: `expected at least backoff.initial (${formatDuration(backoff.initial)}), got ${
        formatDuration(backoff.max)
      }`,
      with: [[...path, "backoff", "initial"]],
    };
  }
}

function* authFindings({ routes, auth }: GrpcConfig): Generator<Finding> {
  const first = routes.findIndex(({ authorization }) => authorization === "required");
  if (first < 0 || auth.jwtSecret !== "") return;
  yield {
    path: ["auth", "jwt_secret"],
    message: `missing: routes[${first}] requires authorization (JWT_SECRET gives it to serve grpc)`,
    with: [["routes", first, "authorization"]],
  };
}
