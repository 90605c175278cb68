/**
 * The statistics block: what the log, the status page and the end of a run show.
 * @module
 */
import type { Dra } from "./dras/dra.ts";
import type { DraPool } from "./dras/pool.ts";
import type { RelayRuntime } from "./core/runtime.ts";

/** Of one DRA. */
export interface DraStatistics {
  /** Its name in the configuration. */
  readonly name: string;
  /** State of its first connection, see `DraState`. */
  readonly state: string;
  /** Application messages to it. */
  readonly messages_sent: number;
  /** Application messages from it. */
  readonly messages_received: number;
  /** Bytes to it, everything included. */
  readonly bytes_sent: number;
  /** Bytes from it, everything included. */
  readonly bytes_received: number;
  /** How often a connection was opened again after it had been lost. */
  readonly reconnects: number;
  /** Why a connection ended, or could not be opened, last; "" when none did. */
  readonly last_error: string;
}

/**
 * Of the gateway. sessions_created = completed + expired + rejected + abandoned + active_sessions,
 * at every moment.
 */
export interface Statistics {
  /** Requests that came, from both sides. */
  readonly total_requests: number;
  /** Answers that they got, whoever gave them. */
  readonly total_responses: number;
  /** Requests that wait for their answer. */
  readonly active_sessions: number;
  /** Mean time to the answer of a DRA or Logic App, in milliseconds; 0 before the first. */
  readonly avg_latency_ms: number;
  /** Messages sent to DRAs. */
  readonly to_dra: number;
  /** Messages received from DRAs. */
  readonly from_dra: number;
  /** Messages sent to Logic Apps. */
  readonly to_app: number;
  /** Messages received from Logic Apps. */
  readonly from_app: number;
  /** Requests whose time ran out. */
  readonly timeout_errors: number;
  /** Requests for which no DRA or Logic App was found. */
  readonly routing_errors: number;
  /** Requests that came; the five that follow add up to it. */
  readonly sessions_created: number;
  /** Requests that were answered by the other side. */
  readonly sessions_completed: number;
  /** Requests that the gateway answered because their time ran out. */
  readonly sessions_expired: number;
  /** Requests that the gateway answered with an error of its own. */
  readonly sessions_rejected: number;
  /** Requests whose sender was gone before their answer came. */
  readonly sessions_abandoned: number;
  /** Priority of the DRAs in use; null when there is none. */
  readonly active_priority: number | null;
  /** DRAs that are usable. */
  readonly active_dras: number;
  /** DRAs of the configuration. */
  readonly total_dras: number;
  /** How often a worse priority took over. */
  readonly failover_count: number;
  /** How often a better priority came back. */
  readonly failback_count: number;
  /** Each DRA. */
  readonly dras: readonly DraStatistics[];
}

/** Reads the counters as they stand. */
export function statisticsOf(runtime: RelayRuntime, pool: DraPool): Statistics {
  const { meters, ledger } = runtime;
  return {
    total_requests: ledger.created,
    total_responses: ledger.completed + ledger.expired + ledger.rejected,
    active_sessions: ledger.active,
    avg_latency_ms: ledger.completed === 0 ? 0 : Math.round(meters.latencySum / ledger.completed) / 1000,
    to_dra: meters.toDra,
    from_dra: meters.fromDra,
    to_app: meters.toApp,
    from_app: meters.fromApp,
    timeout_errors: ledger.expired,
    routing_errors: meters.routingErrors,
    sessions_created: ledger.created,
    sessions_completed: ledger.completed,
    sessions_expired: ledger.expired,
    sessions_rejected: ledger.rejected,
    sessions_abandoned: ledger.abandoned,
    active_priority: pool.activePriority ?? null,
    active_dras: pool.dras.filter((dra) => dra.usable).length,
    total_dras: pool.dras.length,
    failover_count: meters.failovers.of({}).value,
    failback_count: meters.failbacks.of({}).value,
    dras: pool.dras.map(ofDra),
  };
}

function ofDra(dra: Dra): DraStatistics {
  const { bytesSent, bytesReceived } = dra.traffic;
  return {
    name: dra.name,
    state: dra.links[0]?.state ?? "DISCONNECTED",
    messages_sent: dra.meters.messagesSent,
    messages_received: dra.meters.messagesReceived,
    bytes_sent: bytesSent,
    bytes_received: bytesReceived,
    reconnects: dra.meters.reconnects,
    last_error: dra.lastError,
  };
}
