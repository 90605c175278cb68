/**
 * A cluster in the configuration: the keys of both types, of which each cluster has its own.
 * @module
 */
import * as z from "zod";
import type { Endpoint } from "../../net/connection.ts";
import * as leaf from "../../ops/config/leaves.ts";
import { list, section } from "../../ops/config/mapping.ts";
import { isMapping } from "../../ops/config/path.ts";
import { backendAddress, discovererUrl, keepalive } from "./leaves.ts";
import { type ClusterCommon, type ClusterOptions, DEFAULT_CLUSTER, DEFAULT_DISCOVERY } from "./options.ts";

const { choice, decimal, duration, flag, integer, pemFile, text } = leaf;

/** As the file has it. "" where the type is missing, which the check says. */
interface Written extends ClusterCommon {
  readonly type: "static" | "dynamic" | "";
  readonly address: Endpoint | null;
  readonly addresses: readonly (Endpoint | null)[];
  readonly discovererUrl: string;
  readonly discovererInterval: number;
  readonly discovererTimeout: number;
  readonly unregisterFailed: boolean;
}

/** Keys that a cluster of one type has and the other has not, as the file spells them. */
export const KEYS_OF_TYPE = {
  static: ["address", "addresses"],
  dynamic: ["discoverer_url", "discoverer_interval_ms", "discoverer_timeout", "unregister_failed"],
} as const;

/** What both types, and neither, have unless it is said. */
const NOTHING: Written = { type: "", address: null, addresses: [], ...DEFAULT_DISCOVERY, ...DEFAULT_CLUSTER };

const written: z.ZodType<Written> = section(
  {
    type: choice(["static", "dynamic"]) as z.ZodType<Written["type"]>,
    address: backendAddress(),
    addresses: list(backendAddress(), "[10.0.0.1:5001, 10.0.0.2:5001]"),
    discoverer_url: discovererUrl(),
    discoverer_interval_ms: integer(100, 3_600_000),
    discoverer_timeout: duration(),
    unregister_failed: flag(),
    tls: section(
      { ca: pemFile(), cert: pemFile(), key: pemFile(), server_name: text() },
      { ca: "", cert: "", key: "", serverName: "" },
    ).exactOptional(),
    connections: integer(1, 256),
    max_connections: integer(1, 4096),
    max_in_flight: integer(0, Number.MAX_SAFE_INTEGER),
    connect_timeout: duration(),
    keepalive: keepalive(DEFAULT_CLUSTER.keepalive),
    backoff: section(
      { initial: duration(), multiplier: decimal(1, Infinity), max: duration() },
      DEFAULT_CLUSTER.backoff,
    ),
    health: section({
      type: choice(["none", "grpc"]),
      service: text(),
      interval: duration(),
      timeout: duration(),
      unhealthy_after: integer(1, 1_000),
      healthy_after: integer(1, 1_000),
    }, DEFAULT_CLUSTER.health),
  },
  NOTHING,
  { discoverer_interval_ms: "discovererInterval" },
);

/** The mapping of one cluster, without the keys of the other type where it is shown. */
const shown: z.ZodType<Written> = z.codec(z.unknown(), written, {
  decode: (mapping) => mapping,
  encode: (mapping) => {
    if (!isMapping(mapping)) return mapping;
    const dropped: readonly string[] = mapping["type"] === "static"
      ? ["address", ...KEYS_OF_TYPE.dynamic]
      : mapping["type"] === "dynamic"
      ? KEYS_OF_TYPE.static
      : [];
    return Object.fromEntries(Object.entries(mapping).filter(([key]) => !dropped.includes(key)));
  },
});

/** One cluster. */
export const cluster: z.ZodType<ClusterOptions> = z.codec(shown, z.custom<ClusterOptions>(), {
  decode: (cluster) => {
    const { address, addresses, discovererUrl, discovererInterval, discovererTimeout, unregisterFailed, ...rest } =
      cluster;
    const { type, ...common } = rest;
    switch (type) {
      case "static": {
        const all = address === null ? addresses : [address, ...addresses];
        return { type, addresses: all.filter((one) => one !== null), ...common };
      }
      case "dynamic":
        return { type, discovererUrl, discovererInterval, discovererTimeout, unregisterFailed, ...common };
      default:
        // The check refuses it; until then it has the keys of both types, to be known by them.
        return cluster as unknown as ClusterOptions;
    }
  },
  encode: (cluster) => ({ ...NOTHING, ...cluster as Partial<Written> }),
});
