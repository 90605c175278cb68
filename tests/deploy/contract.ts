/**
 * The metrics that the program promises, and their labels: what rules and dashboards may ask for.
 * Names and labels are written down here, as scripts have them; the values of labels are those that
 * the relay counts.
 * @module
 */
import {
  DISCARD_REASONS,
  REFUSAL_REASONS,
  RETRY_CAUSES,
  UNMATCHED_REASONS,
  WATCHDOG_EVENTS,
} from "../../src/diameter/relay/core/meters.ts";
import { INSTANCE_STATES } from "../../src/grpc/instance.ts";
import { REASONS, VIOLATIONS } from "../../src/grpc/meters.ts";
import { ERROR_ANSWERS } from "../../src/diameter/relay/core/refusal.ts";

/**
 * Labels of a metric: the values there are, or undefined where they come from configuration or are
 * not fixed.
 */
export interface Metric {
  readonly kind: "counter" | "gauge" | "histogram";
  readonly labels: Readonly<Record<string, readonly string[] | undefined>>;
}

const direction = ["app_to_dra", "dra_to_app"] as const;
const side = ["app", "dra"] as const;
const cluster = undefined;
const grpcSide = ["client", "backend"] as const;

/** Of the Diameter plane and the process, by name. */
export const DIAMETER_METRICS: Readonly<Record<string, Metric>> = {
  diamgw_requests_total: { kind: "counter", labels: { direction, dra: undefined } },
  diamgw_answers_total: { kind: "counter", labels: { direction, dra: undefined, result_code: undefined } },
  diamgw_error_answers_total: { kind: "counter", labels: { code: undefined, reason: Object.keys(ERROR_ANSWERS) } },
  diamgw_retransmissions_total: { kind: "counter", labels: { dra: undefined, reason: RETRY_CAUSES } },
  diamgw_unmatched_answers_total: { kind: "counter", labels: { reason: UNMATCHED_REASONS } },
  diamgw_discarded_total: { kind: "counter", labels: { reason: DISCARD_REASONS } },
  diamgw_bytes_total: { kind: "counter", labels: { side, direction: ["in", "out"] } },
  diamgw_in_flight: { kind: "gauge", labels: { dra: undefined } },
  diamgw_connections: { kind: "gauge", labels: { side, state: undefined } },
  diamgw_connection_attempts_total: { kind: "counter", labels: { dra: undefined, result: ["ok", "failed"] } },
  diamgw_watchdog_events_total: { kind: "counter", labels: { dra: undefined, event: WATCHDOG_EVENTS } },
  diamgw_failovers_total: { kind: "counter", labels: {} },
  diamgw_failbacks_total: { kind: "counter", labels: {} },
  diamgw_dra_usable: { kind: "gauge", labels: { dra: undefined } },
  diamgw_duplicates_total: { kind: "counter", labels: { result: ["hit", "joined", "miss"] } },
  diamgw_duplicate_cache_bytes: { kind: "gauge", labels: {} },
  diamgw_waiting_requests: { kind: "gauge", labels: {} },
  diamgw_waiting_bytes: { kind: "gauge", labels: {} },
  diamgw_wait_seconds: { kind: "histogram", labels: {} },
  diamgw_breaker_state: { kind: "gauge", labels: { dra: undefined } },
  diamgw_breaker_transitions_total: {
    kind: "counter",
    labels: { dra: undefined, to: ["open", "half_open", "closed", "held"] },
  },
  diamgw_active_priority: { kind: "gauge", labels: {} },
  diamgw_queue_bytes: { kind: "gauge", labels: { side } },
  diamgw_request_duration_seconds: { kind: "histogram", labels: { dra: undefined } },
  diamgw_overhead_seconds: { kind: "histogram", labels: {} },
  diamgw_event_loop_lag_seconds: { kind: "gauge", labels: {} },
  diamgw_memory_bytes: { kind: "gauge", labels: { kind: undefined } },
  diamgw_build_info: { kind: "gauge", labels: { version: undefined, deno: undefined } },
  diamgw_refused_total: { kind: "counter", labels: { listener: undefined, reason: REFUSAL_REASONS } },
  diamgw_route_requests_total: { kind: "counter", labels: { route: undefined } },
  diamgw_rewrites_total: { kind: "counter", labels: { route: undefined } },
  diamgw_rate_limited_total: { kind: "counter", labels: { limit: undefined } },
  diamgw_screened_total: {
    kind: "counter",
    labels: { rule: undefined, action: ["allow", "reject", "would_reject"] },
  },
  diamgw_policy_faults_total: { kind: "counter", labels: { reason: ["avp", "too_long"] } },
  process_cpu_seconds_total: { kind: "counter", labels: {} },
  process_resident_memory_bytes: { kind: "gauge", labels: {} },
  process_start_time_seconds: { kind: "gauge", labels: {} },
  process_open_fds: { kind: "gauge", labels: {} },
  process_max_fds: { kind: "gauge", labels: {} },
};

/** Of the gRPC plane, by name. */
export const GRPC_METRICS: Readonly<Record<string, Metric>> = {
  diamgw_grpc_calls_total: { kind: "counter", labels: { route: undefined, cluster, status: undefined } },
  diamgw_grpc_gateway_errors_total: { kind: "counter", labels: { reason: REASONS } },
  diamgw_grpc_retries_total: { kind: "counter", labels: { cluster, reason: ["unsent", "refused", "lost"] } },
  diamgw_grpc_transfers_total: { kind: "counter", labels: { cluster } },
  diamgw_grpc_in_flight: { kind: "gauge", labels: { cluster } },
  diamgw_grpc_connections: { kind: "gauge", labels: { side: grpcSide } },
  diamgw_grpc_instances: { kind: "gauge", labels: { cluster, state: INSTANCE_STATES } },
  diamgw_grpc_instance_failures_total: { kind: "counter", labels: { cluster } },
  diamgw_grpc_sticky_keys: { kind: "gauge", labels: { cluster } },
  diamgw_grpc_discoverer_requests_total: {
    kind: "counter",
    labels: { cluster, operation: ["instances", "unregister"], result: ["ok", "error"] },
  },
  diamgw_grpc_bytes_total: { kind: "counter", labels: { side: grpcSide, direction: ["in", "out"] } },
  diamgw_grpc_violations_total: { kind: "counter", labels: { kind: VIOLATIONS } },
  diamgw_grpc_protocol_errors_total: { kind: "counter", labels: { side: grpcSide } },
  diamgw_grpc_replay_buffer_bytes: { kind: "gauge", labels: {} },
  diamgw_grpc_call_duration_seconds: { kind: "histogram", labels: { cluster } },
  diamgw_grpc_overhead_seconds: { kind: "histogram", labels: {} },
};

/** All of them. */
export const METRICS: Readonly<Record<string, Metric>> = { ...DIAMETER_METRICS, ...GRPC_METRICS };

/** Labels that Prometheus adds, and the one of the buckets of a histogram. */
const ADDED = ["job", "instance", "le"];

/** Words of PromQL that are no metrics. */
const WORDS = new Set(
  ("sum count min max avg by without on ignoring group_left group_right and or unless offset bool " +
    "rate increase changes histogram_quantile absent time label_values clamp_min").split(" "),
);

/** What an expression asks for that nobody promised; none when all is well. */
export function faultsIn(expression: string): string[] {
  const faults: string[] = [];
  const bare = expression.replace(/"(\\.|[^"\\])*"/g, '""');
  // Grouped labels, ranges and durations are no metrics.
  const rest = bare.replace(/\b(by|without|on|ignoring)\s*\([^)]*\)/g, " ").replace(/\[[^\]]*\]/g, " ")
    .replace(/\{[^}]*\}/g, " ").replace(/\boffset\s+\d+\w+/g, " ").replace(/,\s*\w+\s*\)\s*$/, ")");
  for (const [name] of rest.matchAll(/[A-Za-z_]\w*/g)) {
    if (WORDS.has(name)) continue;
    if (metricOf(name) === undefined) faults.push(`${name} is no metric of the contract`);
  }
  const known = new Set(
    [...rest.matchAll(/[A-Za-z_]\w*/g)].flatMap(([name]) => Object.keys(metricOf(name)?.labels ?? {})),
  );
  for (const [, labels = ""] of bare.matchAll(/\b(?:by|without|on|ignoring)\s*\(([^)]*)\)/g)) {
    for (const label of labels.split(",").map((text) => text.trim())) {
      if (!known.has(label) && !ADDED.includes(label)) faults.push(`${label} is no label of what is asked for`);
    }
  }
  for (const [, name = "", selector = ""] of expression.matchAll(/([A-Za-z_]\w*)\{([^}]*)\}/g)) {
    const metric = metricOf(name);
    if (metric === undefined) continue;
    for (const [, label = "", operator, value = ""] of selector.matchAll(/(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"/g)) {
      if (ADDED.includes(label)) continue;
      if (!Object.hasOwn(metric.labels, label)) faults.push(`${name} has no label ${label}`);
      const values = metric.labels[label];
      if (values === undefined || value.includes("$")) continue;
      for (const one of operator?.includes("~") ? value.split("|") : [value]) {
        if (!values.includes(one)) faults.push(`${name} has no ${label} ${one}`);
      }
    }
  }
  return faults;
}

/** The metric of a series, which of a histogram is the name with something behind it. */
export function metricOf(series: string): Metric | undefined {
  if (Object.hasOwn(METRICS, series) && METRICS[series]?.kind !== "histogram") return METRICS[series];
  const base = /^(.*)_(bucket|sum|count)$/.exec(series)?.[1];
  const metric = base !== undefined && Object.hasOwn(METRICS, base) ? METRICS[base] : undefined;
  return metric?.kind === "histogram" ? metric : undefined;
}
