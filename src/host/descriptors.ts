/**
 * How many connections the process can afford.
 * @module
 */
import type { GatewayOptions } from "../diameter/relay/core/options.ts";
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
  const wanted = server.maxConnections;
  const affordable = affordableConnections(wanted, others);
  if (affordable === wanted) return options;
  log.warning(
    "max_connections_lowered",
    `at most ${affordable} connections are accepted, not ${wanted} (server.max_connections): ` +
      "this process may not open more files, see ulimit -n",
    { configured: wanted, in_force: affordable },
    [],
  );
  return { ...options, server: { ...server, maxConnections: affordable } };
}
