/**
 * How a gateway's status looks over HTTP.
 * @module
 */
import type { AppStatus, DraStatus } from "../relay/status.ts";

type BreakerStatus = NonNullable<DraStatus["breaker"]>;

const instantOf = (unixTime: number) => unixTime === 0 ? null : new Date(unixTime).toISOString();

/** One DRA. */
export function shownDra(dra: DraStatus) {
  return {
    name: dra.name,
    host: dra.host,
    port: dra.port,
    priority: dra.priority,
    weight: dra.weight,
    ...(dra.effectiveWeight === undefined ? {} : { effective_weight: dra.effectiveWeight }),
    weight_overridden: dra.weightOverridden,
    origin_host: dra.originHost,
    state: dra.state,
    watchdog: dra.watchdog,
    enabled: dra.enabled,
    usable: dra.usable,
    reason: dra.reason,
    ...(dra.breaker === undefined ? {} : { breaker: shownBreaker(dra.breaker) }),
    in_flight: dra.inFlight,
    messages_sent: dra.messagesSent,
    messages_received: dra.messagesReceived,
    bytes_sent: dra.bytesSent,
    bytes_received: dra.bytesReceived,
    reconnects: dra.reconnects,
    latency_ms: { p50: dra.latency.p50 ?? null, p99: dra.latency.p99 ?? null },
    last_error: dra.lastError,
    next_attempt_at: instantOf(dra.nextAttemptAt),
  };
}

function shownBreaker({ state, errorRatio, consecutiveFailures, nextProbeAt }: BreakerStatus) {
  return {
    state,
    error_ratio: Math.round(errorRatio * 1000) / 1000,
    consecutive_failures: consecutiveFailures,
    next_probe_at: instantOf(nextProbeAt),
  };
}

/** One connection of a Logic App. */
export function shownApp(app: AppStatus) {
  return {
    id: app.id,
    origin_host: app.originHost,
    origin_realm: app.originRealm,
    remote: app.remote,
    listener: app.listener,
    tls: app.tls,
    state: app.state,
    connected_at: new Date(app.connectedAt).toISOString(),
    applications: app.applications.map(({ id, vendor = 0, accounting = false }) => ({
      id,
      vendor,
      type: accounting ? "acct" as const : "auth" as const,
    })),
    in_flight: app.inFlight,
    messages_sent: app.messagesSent,
    messages_received: app.messagesReceived,
    bytes_sent: app.bytesSent,
    bytes_received: app.bytesReceived,
  };
}
