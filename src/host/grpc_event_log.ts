/**
 * The gRPC gateway's events as lines of the log.
 * @module
 */
import type { GrpcEvent, GrpcListener } from "../grpc/events.ts";
import type { LogFields, Logger } from "../ops/log/mod.ts";
import { plural } from "./numbers.ts";

/** A listener that logs what happens to instances, discoverers and clients. */
export function grpcEventLog(log: Logger): GrpcListener {
  return (event) => {
    // The table has a row for each kind, for events of just that kind.
    const line = LINES[event.kind] as (event: GrpcEvent) => LogLine;
    const { level, sentence, fields = fieldsOf(event), unsaid = [] } = line(event);
    log[level](event.kind, sentence, fields, unsaid);
  };
}

/** One line; `unsaid` are the fields that its sentence does not hold. */
interface LogLine {
  readonly level: "info" | "warning" | "error";
  readonly sentence: string;
  /** Those of the event unless said otherwise. */
  readonly fields?: LogFields;
  readonly unsaid?: readonly string[];
}

type Lines = { readonly [K in GrpcEvent["kind"]]: (event: Extract<GrpcEvent, { kind: K }>) => LogLine };

function fieldsOf({ kind: _, ...fields }: GrpcEvent): LogFields {
  return fields;
}

const at =
  (level: LogLine["level"]) => (sentence: string, rest: Omit<LogLine, "level" | "sentence"> = {}): LogLine => ({
    level,
    sentence,
    ...rest,
  });
const [info, warning, error] = [at("info"), at("warning"), at("error")];

/** What each kind says. A kind that is missing here does not compile. */
const LINES: Lines = {
  grpc_listening: ({ address, tls }) => info(`listening for gRPC on ${address}${tls ? " with TLS" : ""}`),
  grpc_accept_failed: ({ address, reason }) => error(`cannot accept connections on ${address}: ${reason}`),
  grpc_client_refused: ({ remote, reason }) => warning(`connection from ${remote} was closed: ${reason}`),
  grpc_violation: ({ remote, what }) => warning(`connection from ${remote} was closed: ${VIOLATIONS[what] ?? what}`),
  grpc_instance_added: ({ cluster, instance, address }) =>
    info(`cluster ${cluster} has instance ${named(instance, address)}`),
  grpc_instance_removed: ({ cluster, instance, address }) =>
    info(`instance ${named(instance, address)} left cluster ${cluster}`),
  grpc_instance_ready: ({ cluster, instance }) => info(`instance ${instance} of cluster ${cluster} is connected`),
  grpc_instance_failed: ({ cluster, instance, reason, retryIn }) =>
    warning(
      `instance ${instance} of cluster ${cluster} failed: ${reason}; next attempt in ${(retryIn / 1000).toFixed(1)} s`,
      { fields: { cluster, instance, reason, retry_in_ms: Math.round(retryIn) } },
    ),
  grpc_instance_unhealthy: ({ cluster, instance, reason }) =>
    warning(`instance ${instance} of cluster ${cluster} gets no calls: ${reason}`),
  grpc_instance_healthy: ({ cluster, instance }) => info(`instance ${instance} of cluster ${cluster} is healthy again`),
  grpc_instance_enabled: ({ cluster, instance, enabled }) =>
    info(`instance ${instance} of cluster ${cluster} was ${enabled ? "enabled" : "disabled"}`),
  grpc_instance_skipped: ({ cluster, reason }) =>
    warning(`the discoverer of cluster ${cluster} lists what cannot be used: ${reason}`),
  grpc_discoverer_failed: ({ cluster, reason }) =>
    warning(`the discoverer of cluster ${cluster} failed: ${reason}; the last list stays in use`),
  grpc_discoverer_recovered: ({ cluster, instances }) =>
    info(`the discoverer of cluster ${cluster} answers again: ${plural(instances, "instance")}`),
  grpc_unregister_failed: ({ cluster, instance, reason }) =>
    warning(`instance ${instance} of cluster ${cluster} could not be unregistered: ${reason}`),
  grpc_part_failed: ({ part, reason }) =>
    error(`a ${part} failed, and its call with it`, { fields: { part, reason }, unsaid: ["reason"] }),
  grpc_internal_error: ({ reason }) =>
    error("a gRPC call ended with INTERNAL_ERROR because of a defect in this program", {
      fields: { reason },
      unsaid: ["reason"],
    }),
  grpc_listener_failed: ({ reason }) =>
    error("a listener of the gRPC gateway failed because of a defect in this program", {
      fields: { reason },
      unsaid: ["reason"],
    }),
  grpc_draining: ({ calls }) => info(`shutting down: ${plural(calls, "gRPC call")} in flight`),
  grpc_stopped: () => info("the gRPC gateway has stopped"),
};

/** A static instance is called by its address. */
function named(instance: string, address: string): string {
  return instance === address ? instance : `${instance} at ${address}`;
}

const VIOLATIONS: Readonly<Record<string, string>> = {
  resets: "it reset too many streams",
  control: "it sent too many frames that move nothing",
  headers: "its headers were too large",
  window: "it opened its windows by too little",
  queue: "it did not read its answers",
  handshake: "it did not say that it speaks HTTP/2 in time",
};
