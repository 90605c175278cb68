/**
 * The configuration of the Diameter plane: the sections `gateway`, `server` and `dra_pool`, and
 * those of config_policy.ts.
 *
 * Here stand the kind and the bounds of each key. Its type, its meaning and its default stand with
 * the options that it is decoded to; what it means to the person who sets it, in
 * config/diam-gw.yaml.
 * @module
 */
import * as z from "zod";
import { LAST_PORT } from "../ops/config/address.ts";
import * as leaf from "../ops/config/leaves.ts";
import { list, section } from "../ops/config/mapping.ts";
import { isMapping } from "../ops/config/path.ts";
import type { Section } from "../ops/config/section.ts";
import { limits, routing, screening } from "./config_policy.ts";
import { crossCheck, type DiameterConfig, type GatewaySection } from "./config_checks.ts";
import {
  BALANCE_NAMES,
  DEFAULT_DRA,
  DEFAULT_OPTIONS,
  type DraOptions,
  type DraPoolOptions,
  type GatewayOptions,
  type ServerOptions,
} from "./relay/core/options.ts";
import type { AdvertisedApplication } from "./wire/application_set.ts";
import { judgeIdentity } from "./wire/identity.ts";
import { DIAMETER_PORT, DIAMETER_TLS_PORT } from "./wire/ports.ts";

const { choice, decimal, duration, flag, integer, listenAddresses, pemFile, size, text } = leaf;

export type { DiameterConfig, GatewaySection };

const UNSIGNED_32 = 2 ** 32 - 1;
/** A command code has 24 bits (RFC 6733 3). */
const UNSIGNED_24 = 2 ** 24 - 1;
/** A Diameter message is at least its header, and its length has 24 bits (RFC 6733 3). */
const [SHORTEST_MESSAGE, LONGEST_MESSAGE] = [20, 2 ** 24 - 1];
/** A quarter of a transaction table, so that a DRA that stalls cannot fill it. */
const MOST_IN_FLIGHT = 16_384;
const ANY = Number.MAX_SAFE_INTEGER;
const KiB = 2 ** 10;
const MiB = 2 ** 20;

/** Every failing result code: protocol errors, transient and permanent failures (RFC 6733 7.1). */
const failure = () => integer(3000, 5999, "a failing result code");
const messageSize = () => size(SHORTEST_MESSAGE, LONGEST_MESSAGE);
const queueLimit = () => size(KiB, 1024 * MiB);

const isIdentity = (name: string) => judgeIdentity(name) === undefined;

/** A DiameterIdentity (RFC 6733 4.3.1): the FQDN of a node, or a realm. */
function identity({ optional = false } = {}) {
  return leaf.leaf<string>({
    expected:
      "a DiameterIdentity: a host or realm name of ASCII letters, digits, hyphens, underscores and dots, such as gw1.example.com",
    decode: (name) => typeof name === "string" && (isIdentity(name) || (optional && name === "")) ? name : undefined,
  });
}

/** A DiameterIdentity with `*` for any characters. */
function identityPattern() {
  return leaf.leaf<string>({
    expected: 'a DiameterIdentity, with "*" for any characters, such as "*.apps.example.com"',
    decode: (name) => typeof name === "string" && isIdentity(name.replaceAll("*", "x")) ? name : undefined,
  });
}

/** `acct`, or `auth`: whether an application is one of accounting. */
function accounting() {
  return z.codec(choice(["auth", "acct"]), z.boolean(), {
    decode: (type) => type === "acct",
    encode: (accounting) => accounting ? "acct" as const : "auth" as const,
  });
}

const application: z.ZodType<AdvertisedApplication> = section(
  {
    id: integer(1, UNSIGNED_32, "an application id"),
    vendor: integer(0, UNSIGNED_32, "a vendor id"),
    type: accounting(),
  },
  { id: 0, vendor: 0, accounting: false },
  { type: "accounting" },
);

const gateway: Section<"gateway", GatewaySection, DiameterConfig> = {
  key: "gateway",
  schema: section({
    origin_host: identity(),
    origin_realm: identity(),
    product_name: text(/\S/, "a name in quotes"),
    vendor_id: integer(0, UNSIGNED_32),
    mode: choice(["relay", "transparent"]),
    applications: list(
      application,
      "[{id: 16777252, vendor: 10415}]",
    ),
    request_timeout: duration(),
    answer_timeout: duration(),
    max_attempts: integer(1, 255),
    timeout_result_code: failure(),
    retry_result_codes: list(failure(), "[3002, 3004]"),
    never_retry: list(integer(0, UNSIGNED_24, "a command code"), "[271]"),
    strict_p_bit: flag(),
    drain_timeout: duration(0),
    error_detail: choice(["full", "reason", "none"]),
    memory_limit: size(64 * MiB, 16 * 1024 * MiB),
    workers: integer(1, 256),
  }, { ...DEFAULT_OPTIONS, workers: 1 }),
  check: crossCheck,
  restart: ["origin_host", "origin_realm", "memory_limit", "workers"],
  unavailable: { workers: "only 1; start one gateway per core on ports of their own" },
};

const server: Section<"server", ServerOptions> = {
  key: "server",
  schema: section(
    {
      listen: listenAddresses(DIAMETER_PORT),
      reuse_port: flag(),
      tls: section({
        listen: listenAddresses(DIAMETER_TLS_PORT),
        cert: pemFile(),
        key: pemFile(),
        client_ca: pemFile(),
      }, { listen: [{ hostname: "0.0.0.0", port: DIAMETER_TLS_PORT }], cert: "", key: "", clientCa: "" })
        .exactOptional(),
      max_connections: integer(1, 1_000_000),
      capabilities_timeout: duration(),
      watchdog_interval: duration(),
      watchdog_jitter: duration(0),
      max_message_size: messageSize(),
      send_queue_limit: queueLimit(),
      write_timeout: duration(),
      dpr_timeout: duration(0),
      tcp_nodelay: flag(),
      duplicate_origin_host: choice(["allow", "reject", "replace", "probe"]),
      allow: list(
        section({ origin_host: identityPattern(), from: leaf.addressRange() }, { originHost: "*", from: "" }),
        '[{origin_host: "*.apps.example.com", from: "10.0.0.0/8"}]',
      ),
      rate_limit: section(
        { requests_per_second: integer(0, ANY), burst: integer(0, ANY) },
        DEFAULT_OPTIONS.server.rateLimit,
      ),
      max_in_flight: integer(0, ANY),
    },
    DEFAULT_OPTIONS.server,
    { tcp_nodelay: "tcpNoDelay" },
  ),
  settle: (options, isSet) => withFittingJitter(options, isSet(["server", "watchdog_jitter"])),
};

const draPool: Section<"dra_pool", DraPoolOptions> = {
  key: "dra_pool",
  schema: section(
    {
      connections_per_dra: integer(1, 256),
      connect_timeout: duration(),
      capabilities_timeout: duration(),
      watchdog_interval: duration(),
      watchdog_jitter: duration(0),
      reopen_watchdogs: integer(1, 100),
      reopen_last_resort: flag(),
      reconnect: section({
        initial: duration(),
        multiplier: decimal(1, Infinity),
        max: duration(),
        jitter: decimal(0, 1),
        after_refusal: duration(0),
      }, DEFAULT_OPTIONS.draPool.reconnect),
      dpr_timeout: duration(0),
      max_message_size: messageSize(),
      write_timeout: duration(),
      tcp_nodelay: flag(),
      failback_delay: duration(0),
      balance: choice(BALANCE_NAMES),
      hash_key: text(/./, "session_id, or an AVP such as User-Name"),
      slow_start: section(
        { duration: duration(0), min_weight_percent: integer(1, 100) },
        DEFAULT_OPTIONS.draPool.slowStart,
      ),
      max_in_flight: integer(1, MOST_IN_FLIGHT),
      send_queue_limit: queueLimit(),
      circuit_breaker: section({
        enabled: flag(),
        consecutive_failures: integer(0, ANY),
        window: duration(),
        min_requests: integer(1, ANY),
        error_ratio: decimal(0.01, 1),
        slow_after: duration(0),
        error_codes: list(failure(), "[3002, 3004, 5012]"),
        open_for: duration(),
        open_max: duration(),
        half_open_probes: integer(1, 1_000),
        max_open_percent: integer(1, 100),
      }, DEFAULT_OPTIONS.draPool.circuitBreaker),
      dras: named(list(
        section({
          name: text(/^[\w.-]{1,64}$/, "a name of letters, digits, dots, hyphens and underscores"),
          host: leaf.host({ dialled: true }),
          port: integer(1, LAST_PORT, "a port"),
          priority: integer(1, ANY),
          weight: integer(0, 65_535),
          origin_host: identity({ optional: true }),
          bind: leaf.localAddress(),
          accept: flag(),
          max_requests_per_second: integer(0, ANY),
          tls: section(
            { ca: pemFile(), cert: pemFile(), key: pemFile(), server_name: text() },
            { ca: "", cert: "", key: "", serverName: "" },
          ).exactOptional(),
        }, { name: "", host: "", ...DEFAULT_DRA }) satisfies z.ZodType<DraOptions>,
        "[{name: dra-1, host: 10.0.1.100, port: 3868}]",
      )),
    },
    DEFAULT_OPTIONS.draPool,
    { tcp_nodelay: "tcpNoDelay" },
  ),
  settle: (options, isSet) => withFittingJitter(options, isSet(["dra_pool", "watchdog_jitter"])),
  named: { dras: "name" },
};

/** What the Diameter plane brings to the configuration. */
export const DIAMETER_SECTIONS = [gateway, server, draPool, routing, limits, screening] as const;

/** What one gateway is told; how many there are is not its concern. */
export function gatewayOptions(
  { gateway: { workers: _, ...relay }, server, dra_pool, routing, limits, screening }: DiameterConfig,
): GatewayOptions {
  return { ...relay, server, draPool: dra_pool, routing, limits, screening };
}

/** A DRA without a name is called by its place: dra-1, dra-2, ... */
function named(dras: z.ZodType<readonly DraOptions[]>): z.ZodType<readonly DraOptions[]> {
  return z.codec(z.unknown(), dras, {
    decode: (input) =>
      Array.isArray(input)
        ? input.map((dra: unknown, i) => isMapping(dra) ? { ...dra, name: dra["name"] ?? `dra-${i + 1}` } : dra)
        : input,
    encode: (written) => written,
  });
}

/**
 * The default jitter of 2s suits the default interval of 30s; an interval that is shorter than that
 * jitter gets a fifth of itself.
 */
function withFittingJitter<T extends { readonly watchdogInterval: number; readonly watchdogJitter: number }>(
  options: T,
  isSet: boolean,
): T {
  const { watchdogInterval, watchdogJitter } = options;
  const fits = watchdogJitter < watchdogInterval || isSet;
  return fits ? options : { ...options, watchdogJitter: Math.floor(watchdogInterval / 5) };
}
