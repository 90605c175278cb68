/**
 * What the Diameter plane's part of the admin interface answers, as schemas.
 * @module
 */
import * as z from "zod";
import type { Statistics } from "../relay/statistics.ts";

const count = z.int();
const instant = z.iso.datetime().nullable();
const milliseconds = z.number().nullable();

/** One DRA. */
export const DRA = z.object({
  name: z.string(),
  host: z.string(),
  port: count,
  priority: count,
  weight: count,
  effective_weight: count.optional(),
  weight_overridden: z.boolean(),
  origin_host: z.string(),
  state: z.enum([
    "DISCONNECTED",
    "CONNECTING",
    "CER_SENT",
    "OPEN",
    "DWR_SENT",
    "FAILED",
    "RECONNECTING",
    "CLOSING",
  ]),
  watchdog: z.enum(["initial", "okay", "suspect", "down", "reopen"]),
  enabled: z.boolean(),
  usable: z.boolean(),
  reason: z.string(),
  breaker: z.object({
    state: z.enum(["closed", "open", "half_open"]),
    error_ratio: z.number(),
    consecutive_failures: count,
    next_probe_at: instant,
  }).optional(),
  in_flight: count,
  messages_sent: count,
  messages_received: count,
  bytes_sent: count,
  bytes_received: count,
  reconnects: count,
  latency_ms: z.object({ p50: milliseconds, p99: milliseconds }),
  last_error: z.string(),
  next_attempt_at: instant,
});

/** One connection of a Logic App. */
export const APP = z.object({
  id: z.string(),
  origin_host: z.string(),
  origin_realm: z.string(),
  remote: z.string(),
  listener: z.string(),
  tls: z.boolean(),
  state: z.string(),
  connected_at: z.iso.datetime(),
  applications: z.array(z.object({ id: count, vendor: count, type: z.enum(["auth", "acct"]) })),
  in_flight: count,
  messages_sent: count,
  messages_received: count,
  bytes_sent: count,
  bytes_received: count,
});

/** A message that was malformed or refused. */
export const REFUSED_MESSAGE = z.object({
  at: z.iso.datetime(),
  peer: z.string(),
  result_code: count,
  reason: z.string(),
  message: z.string(),
  header: z.object({
    command: count,
    application: count,
    flags: count,
    length: count,
    hop_by_hop: count,
    end_to_end: count,
  }).nullable(),
  hex: z.string(),
});

/** A transaction. */
export const TRANSACTION = z.object({
  id: count,
  at: z.iso.datetime(),
  app: z.string().nullable(),
  dra: z.string().nullable(),
  direction: z.enum(["app_to_dra", "dra_to_app"]),
  application: count,
  command: count,
  session_id: z.string(),
  app_hop_by_hop: count.nullable(),
  dra_hop_by_hop: count.nullable(),
  end_to_end: count,
  route: z.string().nullable(),
  pool: z.string().nullable(),
  attempts: z.array(z.object({ dra: z.string(), at: z.iso.datetime(), outcome: z.string().nullable() })),
  choice: z.object({
    why: z.string(),
    left_out: z.array(z.object({ dra: z.string(), reason: z.string() })),
  }).nullable(),
  reason: z.string().nullable(),
  explanation: z.string().nullable(),
  result_code: count.nullable(),
  duration_ms: milliseconds,
});

/** A transaction with its messages; a decoded one is as `diam-gw decode --json` prints it. */
export const TRANSACTION_DETAIL = TRANSACTION.extend({
  messages: z.array(z.object({
    at: z.iso.datetime(),
    peer: z.string(),
    side: z.enum(["app", "dra"]),
    sent: z.boolean(),
    hex: z.string(),
    decoded: z.looseObject({ name: z.string(), length: count, hop_by_hop: count, end_to_end: count }),
  })),
});

/** The statistics block. */
export const STATISTICS = z.object({
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
  active_priority: count.nullable(),
  active_dras: count,
  total_dras: count,
  failover_count: count,
  failback_count: count,
  dras: z.array(z.object({
    name: z.string(),
    state: z.string(),
    messages_sent: count,
    messages_received: count,
    bytes_sent: count,
    bytes_received: count,
    reconnects: count,
    last_error: z.string(),
  })),
}) satisfies z.ZodType<Statistics>;

/** The plane's part of `/api/v1/status`. */
export const STATUS_PART = z.object({
  origin_host: z.string(),
  origin_realm: z.string(),
  state: z.enum(["starting", "ready", "degraded", "draining"]),
  statistics: STATISTICS,
});
