/**
 * How many connections the process can afford.
 * @module
 */
import type { GatewayOptions } from "../diameter/relay/core/options.ts";
import type { GrpcConfig } from "../grpc/config/options.ts";
import { affordableConnections } from "../ops/descriptors.ts";
import type { Logger } from "../ops/log/mod.ts";

/**
 * Keeps descriptors back for DRAs, listeners and files: a gateway that is full of Logic Apps must
 * still reach a DRA that was lost.
 */
export function withinDescriptors(options: GatewayOptions, log: Logger): GatewayOptions {
  const { server, draPool } = options;
  const listeners = server.listen.length + (server.tls?.listen.length ?? 0);
  // Two for each link: the next attempt may begin before the last connection is closed.
  const others = listeners + 2 * draPool.connectionsPerDra * draPool.dras.length;
  const maxConnections = affordable(server.maxConnections, others, "server.max_connections", log);
  return maxConnections === server.maxConnections ? options : { ...options, server: { ...server, maxConnections } };
}

/** How many instances a discoverer lists, for who has to guess. */
const LISTED = 8;

/** The same for backends: a gateway that is full of clients must still reach one that was lost. */
export function grpcWithinDescriptors(options: GrpcConfig, log: Logger): GrpcConfig {
  const { listen, tls, clusters, limits } = options;
  const listeners = listen.length + (tls?.listen.length ?? 0);
  const backends = Object.values(clusters).reduce((sum, cluster) => {
    if (cluster.type === "custom") return sum;
    const instances = cluster.type === "static" ? cluster.addresses.length : LISTED;
    // Two for the discoverer: a list and an unregistration may go side by side.
    return sum + instances * cluster.maxConnections + 2;
  }, 0);
  const wanted = limits.maxConnections;
  const maxConnections = affordable(wanted, listeners + backends, "grpc.limits.max_connections", log);
  return maxConnections === wanted ? options : { ...options, limits: { ...limits, maxConnections } };
}

/** As many as are wanted, or fewer with a line in the log. */
function affordable(wanted: number, others: number, key: string, log: Logger): number {
  const affordable = affordableConnections(wanted, others);
  if (affordable === wanted) return wanted;
  log.warning(
    "max_connections_lowered",
    `at most ${affordable} connections are accepted, not ${wanted} (${key}): ` +
      "this process may not open more files, see ulimit -n",
    { configured: wanted, in_force: affordable },
    [],
  );
  return affordable;
}
