/**
 * The statistics block: what the log, the status page and the end of a run show.
 * @module
 */
import type { Dra } from "./dra.ts";
import type { DraPool } from "./dra_pool.ts";
import type { RelayRuntime } from "./relay_runtime.ts";

/** Of one DRA. */
export interface DraStatistics {
  readonly name: string;
  readonly state: string;
  readonly messages_sent: number;
  readonly messages_received: number;
  readonly bytes_sent: number;
  readonly bytes_received: number;
  readonly reconnects: number;
  readonly last_error: string;
}

/** Of the gateway. sessions_created = completed + expired + rejected + abandoned + active_sessions, at every moment. */
export interface Statistics {
  readonly total_requests: number;
  readonly total_responses: number;
  readonly active_sessions: number;
  readonly avg_latency_ms: number;
  readonly to_dra: number;
  readonly from_dra: number;
  readonly to_app: number;
  readonly from_app: number;
  readonly timeout_errors: number;
  readonly routing_errors: number;
  readonly sessions_created: number;
  readonly sessions_completed: number;
  readonly sessions_expired: number;
  readonly sessions_rejected: number;
  readonly sessions_abandoned: number;
  readonly active_priority: number | null;
  readonly active_dras: number;
  readonly total_dras: number;
  readonly failover_count: number;
  readonly failback_count: number;
  readonly dras: readonly DraStatistics[];
}

/** Reads the counters as they stand. */
export function statisticsOf(runtime: RelayRuntime, pool: DraPool): Statistics {
  const { counters } = runtime;
  return {
    total_requests: counters.created,
    total_responses: counters.completed + counters.expired + counters.rejected,
    active_sessions: counters.active,
    avg_latency_ms: counters.completed === 0 ? 0 : Math.round(counters.latencySum / counters.completed) / 1000,
    to_dra: counters.toDra,
    from_dra: counters.fromDra,
    to_app: counters.toApp,
    from_app: counters.fromApp,
    timeout_errors: counters.expired,
    routing_errors: counters.routingErrors,
    sessions_created: counters.created,
    sessions_completed: counters.completed,
    sessions_expired: counters.expired,
    sessions_rejected: counters.rejected,
    sessions_abandoned: counters.abandoned,
    active_priority: pool.activePriority ?? null,
    active_dras: pool.dras.filter((dra) => dra.usable).length,
    total_dras: pool.dras.length,
    failover_count: counters.failovers,
    failback_count: counters.failbacks,
    dras: pool.dras.map(ofDra),
  };
}

function ofDra(dra: Dra): DraStatistics {
  let bytesSent = dra.counters.bytesSent;
  let bytesReceived = dra.counters.bytesReceived;
  for (const { relayPeer } of dra.links) {
    bytesSent += relayPeer?.peer.out.writtenBytes ?? 0;
    bytesReceived += relayPeer?.peer.readBytes ?? 0;
  }
  return {
    name: dra.name,
    state: dra.links[0]?.state ?? "DISCONNECTED",
    messages_sent: dra.counters.messagesSent,
    messages_received: dra.counters.messagesReceived,
    bytes_sent: bytesSent,
    bytes_received: bytesReceived,
    reconnects: dra.counters.reconnects,
    last_error: dra.links.map((link) => link.lastError).find((error) => error !== "") ?? "",
  };
}
