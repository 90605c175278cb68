/**
 * What the gRPC plane's part of the admin interface answers, as schemas.
 * @module
 */
import * as z from "zod";
import { GATEWAY_STATES } from "../control.ts";
import { INSTANCE_STATES } from "../instance.ts";

const count = z.int();
const instant = z.iso.datetime().nullable();

/** One instance of a cluster. */
const INSTANCE = z.object({
  id: z.string(),
  address: z.string(),
  state: z.enum(INSTANCE_STATES),
  enabled: z.boolean(),
  connections: count,
  in_flight: count,
  calls: count,
  failures: count,
  sticky_keys: count,
  last_error: z.string(),
  next_attempt_at: instant,
});

/** One cluster. */
export const CLUSTER = z.object({
  name: z.string(),
  type: z.string(),
  discoverer: z.object({ url: z.string(), last_success_at: instant, last_error: z.string() }).nullable(),
  instances: z.array(INSTANCE),
});

/** One route. */
export const ROUTE = z.object({
  prefix: z.string().describe("Empty: the default"),
  cluster: z.string(),
  authorization: z.enum(["none", "required"]),
  balancer: z.string(),
  header: z.string(),
  transfer: z.enum(["off", "before_response", "mid_stream"]),
  calls: count,
  errors: count,
});

/** One connection of a client. */
export const CONNECTION = z.object({
  remote: z.string(),
  tls: z.boolean(),
  age_seconds: z.number(),
  calls_in_flight: count,
  calls: count,
  bytes_in: count,
  bytes_out: count,
});

/** Where a sticky key leads. */
export const SESSION = z.object({
  cluster: z.string(),
  header: z.string(),
  key: z.string(),
  instance: z.string(),
  idle_seconds: z.number(),
});

/** The plane's part of `/api/v1/status`. */
export const STATUS = z.object({
  state: z.enum(GATEWAY_STATES),
  connections: count,
  calls_in_flight: count,
  calls_total: count,
  retries_total: count,
  transfers_total: count,
});
