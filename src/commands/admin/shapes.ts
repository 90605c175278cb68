/**
 * What the commands read of the admin interface's answers. What else stands in there is kept, so
 * that a newer gateway can be looked at, and scripts get all that it said.
 * @module
 */
import * as z from "zod";

/** `/readyz`, ready or not. */
export const readinessShape = z.looseObject({ state: z.string(), reason: z.string().optional() });

/** Of `/api/v1/status`, who it is. */
export const identityShape = z.looseObject({ version: z.string(), origin_host: z.string().optional() });

const count = z.number();

/** The statistics block. */
export const statisticsShape = z.looseObject({
  total_requests: count,
  total_responses: count,
  active_sessions: count,
  avg_latency_ms: z.number(),
  to_dra: count,
  from_dra: count,
  to_app: count,
  from_app: count,
  timeout_errors: count,
  routing_errors: count,
  sessions_created: count,
  sessions_completed: count,
  sessions_expired: count,
  sessions_rejected: count,
  sessions_abandoned: count,
  active_priority: z.number().nullable(),
  active_dras: count,
  total_dras: count,
  failover_count: count,
  failback_count: count,
});

/** What the gRPC plane adds to `/api/v1/status`. */
export const grpcShape = z.looseObject({
  state: z.string(),
  connections: count,
  calls_in_flight: count,
  calls_total: count,
  retries_total: count,
  transfers_total: count,
});

/** What the chat plane adds to `/api/v1/status`. */
export const chatShape = z.looseObject({
  connections: count,
  rooms: count,
  subscriptions: count,
  published: count,
  deliveries: count,
  slow_consumers: count,
  core: z.looseObject({ breaker: z.string() }),
  cache: z.looseObject({ up: z.boolean() }),
});

/** One of `/api/v1/grpc/clusters`. */
export const clusterShape = z.looseObject({
  name: z.string(),
  type: z.string(),
  discoverer: z.looseObject({ url: z.string(), last_error: z.string() }).nullish(),
  instances: z.array(z.looseObject({
    id: z.string(),
    address: z.string(),
    state: z.string(),
    enabled: z.boolean(),
    in_flight: count,
    calls: count,
    failures: count,
    sticky_keys: count,
    last_error: z.string().nullish(),
  })),
});

/**
 * `/api/v1/status`. A gateway without a Diameter plane has no identity and no statistics of one.
 */
export const statusShape = identityShape.extend({
  uptime_seconds: z.number(),
  state: z.string(),
  reason: z.string().optional(),
  origin_realm: z.string().optional(),
  config: z.looseObject({
    loaded_at: z.string(),
    sha256: z.string(),
    file_differs: z.boolean(),
    confirm_by: z.string().nullable(),
  }).optional(),
  statistics: statisticsShape.optional(),
  grpc: grpcShape.optional(),
  chat: chatShape.optional(),
});

/** One of `/api/v1/dras`. */
export const draShape = z.looseObject({
  name: z.string(),
  host: z.string(),
  port: z.number(),
  priority: z.number(),
  weight: z.number(),
  weight_overridden: z.boolean().optional(),
  state: z.string(),
  watchdog: z.string(),
  enabled: z.boolean(),
  usable: z.boolean(),
  reason: z.string().nullish(),
  in_flight: count,
  messages_sent: count,
  messages_received: count,
  bytes_sent: count,
  bytes_received: count,
  reconnects: count,
  latency_ms: z.looseObject({ p50: z.number().nullable(), p99: z.number().nullable() }).nullish(),
  last_error: z.string().nullish(),
  next_attempt_at: z.union([z.string(), z.number()]).nullish(),
});

/** One of `/api/v1/apps`. */
export const appShape = z.looseObject({
  id: z.union([z.number(), z.string()]),
  origin_host: z.string(),
  remote: z.string(),
  state: z.string(),
  in_flight: count,
  messages_sent: count,
  messages_received: count,
  bytes_sent: count,
  bytes_received: count,
});

/** What is running. */
export type Status = z.infer<typeof statusShape>;
/** The statistics block. */
export type StatisticsBlock = z.infer<typeof statisticsShape>;
/** Numbers of the gRPC plane. */
export type GrpcBlock = z.infer<typeof grpcShape>;
/** Numbers of the chat plane. */
export type ChatBlock = z.infer<typeof chatShape>;
/** A cluster of gRPC. */
export type ClusterRow = z.infer<typeof clusterShape>;
/** A DRA. */
export type DraRow = z.infer<typeof draShape>;
/** A Logic App. */
export type AppRow = z.infer<typeof appShape>;
