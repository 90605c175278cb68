/**
 * The schema: every key, what it accepts, and its default.
 * @module
 */

import * as z from "zod";
import { LAST_PORT, parseAddress, PORT } from "./address.ts";
import type { Config } from "./config.ts";
import * as leaf from "./leaves.ts";
import { isAvailable } from "./unavailable.ts";

const { choice, decimal, duration, flag, identity, integer, list, listenAddresses, section, size, text } = leaf;

const UNSIGNED_32 = 2 ** 32 - 1;
/** A command code has 24 bits (RFC 6733 3). */
const UNSIGNED_24 = 2 ** 24 - 1;
/** A Diameter message is at least its header, and its length has 24 bits (RFC 6733 3). */
const [SHORTEST_MESSAGE, LONGEST_MESSAGE] = [20, 2 ** 24 - 1];
/** A quarter of a transaction table, so that a DRA that stalls cannot fill it. */
const MOST_IN_FLIGHT = 16_384;
const ANY = Number.MAX_SAFE_INTEGER;

/** Every failing result code: protocol errors, transient and permanent failures (RFC 6733 7.1). */
const failure = () => integer(3000, 5999, "a failing result code");
const seconds = (n: number) => n * 1000;
const minutes = (n: number) => seconds(n * 60);
const KiB = 2 ** 10;
const MiB = 2 ** 20;
const messageSize = () => size(SHORTEST_MESSAGE, LONGEST_MESSAGE).default(64 * KiB);
const queueLimit = () => size(KiB, 1024 * MiB).default(MiB);
const fileName = () => text(/^/, "the name of a file").default("");

const gateway = section({
  origin_host: identity().default("diam-gw.localdomain"),
  origin_realm: identity().default("localdomain"),
  product_name: text(/\S/, "a name in quotes").default("diam-gw"),
  vendor_id: integer(0, UNSIGNED_32).default(10415),
  mode: choice(["relay", "transparent"]).default("relay"),
  applications: list(
    section({
      id: integer(1, UNSIGNED_32, "an application id").default(0),
      vendor: integer(0, UNSIGNED_32, "a vendor id").default(0),
      type: choice(["auth", "acct"]).default("auth"),
    }),
    "[{id: 16777252, vendor: 10415}]",
  ).default([]),
  request_timeout: duration().default(seconds(30)),
  answer_timeout: duration().default(seconds(10)),
  max_attempts: integer(1, 255).default(3),
  timeout_result_code: failure().default(3002),
  retry_result_codes: list(failure(), "[3002, 3004]").default([3002, 3004]),
  never_retry: list(integer(0, UNSIGNED_24, "a command code"), "[271]").default([]),
  strict_p_bit: flag().default(false),
  drain_timeout: duration(0).default(seconds(10)),
  error_detail: choice(["full", "reason", "none"]).default("full"),
  memory_limit: size(64 * MiB, 16 * 1024 * MiB).default(512 * MiB),
  workers: integer(1, 256).default(1),
});

const server = section({
  listen: listenAddresses().default([parseAddress("127.0.0.1:3868")]),
  tls: section({
    listen: listenAddresses(PORT.tls).default([parseAddress("0.0.0.0:5868")]),
    cert: fileName(),
    key: fileName(),
    client_ca: fileName(),
  }).nullable().default(null),
  max_connections: integer(1, 1_000_000).default(5000),
  capabilities_timeout: duration().default(seconds(10)),
  watchdog_interval: duration().default(seconds(30)),
  watchdog_jitter: duration(0).default(seconds(2)),
  max_message_size: messageSize(),
  send_queue_limit: queueLimit(),
  write_timeout: duration().default(seconds(10)),
  dpr_timeout: duration(0).default(seconds(5)),
  tcp_nodelay: flag().default(true),
  duplicate_origin_host: choice(["allow", "reject", "replace", "probe"]).default("allow"),
  allow: list(
    section({ origin_host: leaf.identityPattern().default("*"), from: leaf.addressRange().default("") }),
    '[{origin_host: "*.apps.example.com", from: "10.0.0.0/8"}]',
  ).default([]),
  rate_limit: section({
    requests_per_second: integer(0, ANY).default(0),
    burst: integer(0, ANY).default(0),
  }).prefault({}),
  max_in_flight: integer(0, ANY).default(0),
});

const draPool = section({
  connections_per_dra: integer(1, 256).default(1),
  connect_timeout: duration().default(seconds(10)),
  capabilities_timeout: duration().default(seconds(5)),
  watchdog_interval: duration().default(seconds(30)),
  watchdog_jitter: duration(0).default(seconds(2)),
  reopen_watchdogs: integer(1, 100).default(3),
  reopen_last_resort: flag().default(true),
  reconnect: section({
    initial: duration().default(seconds(5)),
    multiplier: decimal(1, Infinity).default(1.5),
    max: duration().default(minutes(5)),
    jitter: decimal(0, 1).default(0.2),
    after_refusal: duration(0).default(minutes(5)),
  }).prefault({}),
  dpr_timeout: duration(0).default(seconds(5)),
  max_message_size: messageSize(),
  write_timeout: duration().default(seconds(10)),
  tcp_nodelay: flag().default(true),
  failback_delay: duration(0).default(0),
  balance: choice(["round_robin", "least_pending"]).default("round_robin"),
  max_in_flight: integer(1, MOST_IN_FLIGHT).default(MOST_IN_FLIGHT),
  send_queue_limit: queueLimit(),
  dras: list(
    section({
      name: text(/^[\w.-]{1,64}$/, "a name of letters, digits, dots, hyphens and underscores").default(""),
      host: leaf.host().default(""),
      port: integer(1, LAST_PORT, "a port").default(PORT.diameter),
      priority: integer(1, ANY).default(1),
      weight: integer(0, 65_535).default(100),
      origin_host: identity({ optional: true }).default(""),
      bind: leaf.localAddress().default(""),
      accept: flag().default(true),
      tls: section({ ca: fileName(), cert: fileName(), key: fileName(), server_name: text().default("") })
        .nullable().default(null),
    }),
    "[{name: dra-1, host: 10.0.1.100, port: 3868}]",
  ).default([]),
});

const admin = section({
  listen: leaf.optionalListenAddress(PORT.admin)
    .default(isAvailable(["admin", "listen"]) ? parseAddress("127.0.0.1:9868") : null),
  token: leaf.secret().default(""),
});

const logging = section({
  level: choice(["debug", "info", "warning", "error"], { warn: "warning" }).default("info"),
  format: choice(["text", "json"]).default("text"),
  requests: flag().default(false),
  responses: flag().default(false),
});

/** Decodes a YAML tree to the effective configuration, and encodes that to a tree a person can read. */
export const configSchema: z.ZodType<Config> = section({
  gateway: gateway.prefault({}),
  server: server.prefault({}),
  dra_pool: draPool.prefault({}),
  admin: admin.prefault({}),
  logging: logging.prefault({}),
  stats: section({ interval: duration(0).default(minutes(1)) }).prefault({}),
});

/** The paths whose values are never shown. */
export const SECRETS: readonly string[] = ["admin.token"];

/** Every default, and no DRA. */
export function defaultConfig(): Config {
  return configSchema.parse({});
}

/** One of everything that is optional or repeated, as a tree of what YAML has: the shape of the keys. */
export const SHAPE: unknown = z.encode(
  configSchema,
  configSchema.parse({
    gateway: { applications: [{}] },
    server: { tls: {}, allow: [{}] },
    dra_pool: { dras: [{ tls: {} }] },
  }),
);
