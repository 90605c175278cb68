/**
 * The configuration of the gRPC plane: the section `grpc`.
 *
 * Here stand the kind and the bounds of each key. Its type and its default stand with the options
 * that it is decoded to; what it means to the person who sets it, in config/grpc/diam-gw-grpc.yaml.
 * @module
 */
import * as z from "zod";
import { byName, list, section } from "../../ops/config/mapping.ts";
import * as leaf from "../../ops/config/leaves.ts";
import type { Section } from "../../ops/config/section.ts";
import { cluster } from "./cluster.ts";
import { crossCheck } from "./checks.ts";
import { headerName, keepalive } from "./leaves.ts";
import { type BalancerOptions, DEFAULT_GRPC, DEFAULT_ROUTE, type GrpcConfig, type RouteOptions } from "./options.ts";

const { choice, duration, flag, integer, listenAddresses, pemFile, secret, size, text } = leaf;

/** What is listened on where no port is named. */
export const GRPC_PORT = 10_000;

const KiB = 2 ** 10;
const MiB = 2 ** 20;
/** Windows have 31 bits, and that of a connection begins with 65,535 (RFC 9113 6.9). */
const [FIRST_WINDOW, LARGEST_WINDOW] = [65_535, 2 ** 31 - 1];
const ANY = Number.MAX_SAFE_INTEGER;

/** `type`, and `header` where it is by a header. */
const balancer: z.ZodType<BalancerOptions> = z.codec(
  section(
    { type: choice(["round_robin", "least_pending", "sticky_sessions"]), header: headerName({ optional: true }) },
    { type: "round_robin", header: "" },
  ),
  z.custom<BalancerOptions>(),
  {
    decode: ({ type, header }) =>
      type === "sticky_sessions" ? { type, header } : header === "" ? { type } : { type, header },
    encode: (options) => {
      // Others come with the code of somebody else, and are in no file.
      if (options.type === "custom") return { type: "round_robin", header: "" } as const;
      return { type: options.type, header: options.header ?? "" };
    },
  },
);

const route: z.ZodType<RouteOptions> = section({
  prefix: text(/^\//, 'the beginning of a full method name, such as "/my_service.MyServiceAPI/"'),
  cluster: text(),
  authorization: choice(["none", "required"]),
  balancer,
  transfer: choice(["auto", "off", "before_response", "mid_stream"]),
}, DEFAULT_ROUTE);

const rate = (defaults: { readonly burst: number; readonly perSecond: number }) =>
  section({ burst: integer(1, ANY), per_second: integer(0, ANY) }, defaults);

/** The section `grpc`. */
export const grpcSection: Section<"grpc", GrpcConfig, { readonly grpc: GrpcConfig }> = {
  key: "grpc",
  schema: section({
    listen: listenAddresses(GRPC_PORT, { none: true }),
    tls: section(
      { listen: listenAddresses(GRPC_PORT, { none: true }), cert: pemFile(), key: pemFile(), client_ca: pemFile() },
      { listen: [], cert: "", key: "", clientCa: "" },
    ).exactOptional(),
    default: section({ action: choice(["error", "use_cluster"]), use_cluster: text() }, DEFAULT_GRPC.default),
    routes: list(route, "[{prefix: /my_service.MyServiceAPI/, cluster: my_service}]"),
    clusters: byName(cluster, "{my_service: {type: static, address: 127.0.0.1:5001}}"),
    auth: section({
      jwt_secret: secret(),
      session_header: headerName(),
      session_claim: text(/./, "the name of a claim"),
      clock_tolerance: duration(0),
    }, DEFAULT_GRPC.auth),
    retry: section({
      count: integer(0, 10),
      attempt_timeout: duration(),
      buffer: size(0, 1024 * MiB),
      buffer_total: size(0, 16 * 1024 * MiB),
    }, DEFAULT_GRPC.retry),
    sticky: section({ max_keys: integer(1, 100_000_000), idle: duration() }, DEFAULT_GRPC.sticky),
    health_service: flag(),
    drain_timeout: duration(0),
    keepalive: keepalive(DEFAULT_GRPC.keepalive),
    max_connection_age: duration(0),
    max_connection_age_grace: duration(0),
    max_connection_idle: duration(0),
    limits: section({
      max_connections: integer(1, 1_000_000),
      handshake_timeout: duration(),
      max_concurrent_streams: integer(1, 2 ** 31 - 1),
      max_header_list: size(KiB, 16 * MiB),
      stream_window: size(FIRST_WINDOW, LARGEST_WINDOW),
      connection_window: size(FIRST_WINDOW, LARGEST_WINDOW),
      send_queue_limit: size(KiB, 1024 * MiB),
      write_timeout: duration(),
      resets: rate(DEFAULT_GRPC.limits.resets),
      control_frames: rate(DEFAULT_GRPC.limits.controlFrames),
    }, DEFAULT_GRPC.limits),
  }, DEFAULT_GRPC),
  check: crossCheck,
  named: { routes: "prefix" },
  restart: ["listen", "tls"],
};

/** What the gRPC plane brings to the configuration. */
export const GRPC_SECTIONS = [grpcSection] as const;
