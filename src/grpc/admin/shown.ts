/**
 * How the gRPC gateway's status looks over HTTP.
 * @module
 */
import type { ConnectionStatus } from "../clients.ts";
import type { ClusterStatus, InstanceStatus } from "../cluster.ts";
import type { SessionStatus } from "../control.ts";

const instantOf = (unixTime: number) => unixTime === 0 ? null : new Date(unixTime).toISOString();

/** One cluster with its instances. */
export function shownCluster({ name, type, discoverer, instances }: ClusterStatus) {
  return {
    name,
    type,
    discoverer: discoverer === undefined ? null : {
      url: discoverer.url,
      last_success_at: instantOf(discoverer.lastSuccessAt),
      last_error: discoverer.lastError,
    },
    instances: instances.map(shownInstance),
  };
}

function shownInstance(instance: InstanceStatus) {
  return {
    id: instance.id,
    address: instance.address,
    state: instance.state,
    enabled: instance.enabled,
    connections: instance.connections,
    in_flight: instance.inFlight,
    calls: instance.calls,
    failures: instance.failures,
    sticky_keys: instance.stickyKeys,
    last_error: instance.lastError,
    next_attempt_at: instantOf(instance.nextAttemptAt),
  };
}

/** One connection of a client. */
export function shownConnection(connection: ConnectionStatus) {
  return {
    remote: connection.remote,
    tls: connection.tls,
    age_seconds: Math.round(connection.ageSeconds * 1000) / 1000,
    calls_in_flight: connection.callsInFlight,
    calls: connection.calls,
    bytes_in: connection.bytesIn,
    bytes_out: connection.bytesOut,
  };
}

/** Where a sticky key leads. */
export function shownSession({ cluster, header, key, instance, idleSeconds }: SessionStatus) {
  return { cluster, header, key, instance, idle_seconds: Math.round(idleSeconds * 1000) / 1000 };
}
