/**
 * The options of a gateway from the section that a file would have, for who uses it as a library.
 * @module
 */
import { isMapping, type Mapping } from "../../ops/config/path.ts";
import { loadTree } from "../../ops/config/load.ts";
import type { GrpcConfig } from "./options.ts";
import { GRPC_SECTIONS } from "./section.ts";

/** The types that the user's own parts bring, by name. */
export interface OwnTypes {
  /** Those of routes. */
  readonly balancers?: Readonly<Record<string, unknown>>;
  /** Those of clusters. */
  readonly clusterTypes?: Readonly<Record<string, unknown>>;
}

/** A section that cannot be used. The message has a line for each reason. */
export class ConfigError extends Error {
  /** As errors of this kind are told apart. */
  override name = "ConfigError";

  /** All reasons in one. @param reasons a complete line each */
  constructor(readonly reasons: readonly string[]) {
    super(reasons.join("\n"));
  }
}

/**
 * Reads what stands below `grpc:` of a file, with every default and every check.
 *
 * ```ts
 * import { grpcConfig } from "./from_section.ts";
 *
 * const config = grpcConfig({
 *   listen: "127.0.0.1:0",
 *   routes: [{ prefix: "/my_service.MyServiceAPI/", cluster: "my_service" }],
 *   clusters: { my_service: { type: "static", address: "127.0.0.1:5001" } },
 * });
 * console.log(config.retry.count); // 3
 * ```
 * @param own types that routes' balancers and clusters may name beside the built-in ones; what else
 * such a mapping has is handed to them as it is
 * @throws ConfigError with every reason
 */
export function grpcConfig(section: Readonly<Record<string, unknown>>, own: OwnTypes = {}): GrpcConfig {
  const { tree, balancers, clusters } = withoutOwn(section, own);
  const loaded = loadTree({ sections: GRPC_SECTIONS }, { tree: { grpc: tree } }, { file: "configuration" });
  if (!loaded.ok) throw new ConfigError(loaded.errors);
  const { grpc } = loaded.config;
  return {
    ...grpc,
    routes: grpc.routes.map((route, i) => {
      const custom = balancers.get(i);
      return custom === undefined ? route : { ...route, balancer: custom };
    }),
    clusters: { ...grpc.clusters, ...Object.fromEntries(clusters) },
  };
}

type Custom = { readonly type: "custom"; readonly kind: string; readonly options: Mapping };

/** Takes out what only the user's parts understand, and leaves something valid in its place. */
function withoutOwn(section: Readonly<Record<string, unknown>>, { balancers = {}, clusterTypes = {} }: OwnTypes) {
  const takenBalancers = new Map<number, Custom>();
  const takenClusters = new Map<string, Custom>();
  const { routes, clusters } = section;
  const tree: Mapping = { ...section };
  if (Array.isArray(routes)) {
    tree["routes"] = routes.map((route: unknown, i) => {
      const custom = isMapping(route) ? customOf(route["balancer"], balancers) : undefined;
      if (custom === undefined) return route;
      takenBalancers.set(i, custom);
      return { ...route as Mapping, balancer: { type: "round_robin" } };
    });
  }
  if (isMapping(clusters)) {
    tree["clusters"] = Object.fromEntries(
      Object.entries(clusters).map(([name, cluster]) => {
        const custom = customOf(cluster, clusterTypes);
        if (custom === undefined) return [name, cluster];
        takenClusters.set(name, custom);
        return [name, { type: "static", address: "localhost:1" }];
      }),
    );
  }
  return { tree, balancers: takenBalancers, clusters: takenClusters };
}

function customOf(value: unknown, known: Readonly<Record<string, unknown>>): Custom | undefined {
  if (!isMapping(value)) return undefined;
  const { type, ...options } = value;
  if (typeof type !== "string" || !Object.hasOwn(known, type)) return undefined;
  return { type: "custom", kind: type, options };
}
