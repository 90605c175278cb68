/**
 * What the gRPC plane is told, as the code spells it: every option and its default. Durations are
 * in ms, sizes in bytes.
 *
 * What a key means to the person who sets it stands in config/grpc/diam-gw-grpc.yaml.
 * @module
 */
import type { Endpoint } from "../../net/connection.ts";
import type { TlsServerFiles } from "../../net/tls_listener.ts";

/** Everything: the section `grpc`. */
export interface GrpcConfig {
  /** Plain HTTP/2 with prior knowledge; none with TLS alone. */
  readonly listen: readonly Endpoint[];
  /** Absent: none. */
  readonly tls?: TlsListenOptions;
  readonly default: DefaultOptions;
  /** In the order of the file, which means nothing: the longest prefix wins. */
  readonly routes: readonly RouteOptions[];
  /** By name. */
  readonly clusters: Readonly<Record<string, ClusterOptions>>;
  readonly auth: AuthOptions;
  readonly retry: RetryOptions;
  readonly sticky: StickyOptions;
  /** Answers grpc.health.v1.Health where no route's prefix matches it. */
  readonly healthService: boolean;
  readonly drainTimeout: number;
  /** Of client connections. */
  readonly keepalive: KeepaliveOptions;
  /** 0 is none. */
  readonly maxConnectionAge: number;
  readonly maxConnectionAgeGrace: number;
  /** 0 is none. */
  readonly maxConnectionIdle: number;
  readonly limits: LimitOptions;
}

/** Listening with TLS (ALPN h2). */
export interface TlsListenOptions extends TlsServerFiles {
  readonly listen: readonly Endpoint[];
}

/** What becomes of a call that no route matches. */
export interface DefaultOptions {
  /** `error`: UNIMPLEMENTED; `use_cluster`: that cluster, round robin, without authorization. */
  readonly action: "error" | "use_cluster";
  /** "" with `error`. */
  readonly useCluster: string;
}

/** One route. */
export interface RouteOptions {
  /** Of the full method name: `/package.Service/Method`. */
  readonly prefix: string;
  readonly cluster: string;
  readonly authorization: "none" | "required";
  readonly balancer: BalancerOptions;
  readonly transfer: Transfer | "auto";
}

/** How far into a call a lost attempt is made good elsewhere. */
export type Transfer = "off" | "before_response" | "mid_stream";

/** Who picks the instance of a call. `custom` is one that the library's user brings. */
export type BalancerOptions =
  | {
    readonly type: "round_robin" | "least_pending";
    /** Has no effect; there when somebody gave one, to be told so. */
    readonly header?: string;
  }
  /** By the value of that header, lower case. */
  | { readonly type: "sticky_sessions"; readonly header: string }
  | { readonly type: "custom"; readonly kind: string; readonly options: Readonly<Record<string, unknown>> };

/** A set of instances that serve the same. */
export type ClusterOptions = StaticCluster | DynamicCluster | CustomCluster;

/** Instances by address. */
export interface StaticCluster extends ClusterCommon {
  readonly type: "static";
  readonly addresses: readonly Endpoint[];
}

/** Instances that a discoverer lists. */
export interface DynamicCluster extends ClusterCommon {
  readonly type: "dynamic";
  /** http or https, without a slash at its end. */
  readonly discovererUrl: string;
  /** ms */
  readonly discovererInterval: number;
  readonly discovererTimeout: number;
  readonly unregisterFailed: boolean;
}

/** One of a type that the library's user brings. */
export interface CustomCluster {
  readonly type: "custom";
  readonly kind: string;
  readonly options: Readonly<Record<string, unknown>>;
}

/** What instances have in common, whoever lists them. */
export interface ClusterCommon {
  /** Absent: plain HTTP/2. */
  readonly tls?: BackendTlsOptions;
  /** Kept open per instance. */
  readonly connections: number;
  /** Per instance, at most. */
  readonly maxConnections: number;
  /** Calls per instance; 0 is as many as its SETTINGS allow. */
  readonly maxInFlight: number;
  readonly connectTimeout: number;
  readonly keepalive: KeepaliveOptions;
  readonly backoff: BackoffOptions;
  readonly health: HealthOptions;
}

/** TLS towards backends; "" where nothing was said. */
export interface BackendTlsOptions {
  /** PEM; "" trusts the roots of the system. */
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  /** "" is the host that is dialled. */
  readonly serverName: string;
}

/** PING after silence. */
export interface KeepaliveOptions {
  /** 0 is off. */
  readonly interval: number;
  readonly timeout: number;
}

/** Waits between attempts to connect. */
export interface BackoffOptions {
  readonly initial: number;
  readonly multiplier: number;
  readonly max: number;
}

/** Asking the instances themselves. */
export interface HealthOptions {
  /** `grpc`: grpc.health.v1.Health/Check. */
  readonly type: "none" | "grpc";
  /** "" asks for the server as a whole. */
  readonly service: string;
  readonly interval: number;
  readonly timeout: number;
  readonly unhealthyAfter: number;
  readonly healthyAfter: number;
}

/** Who may call. */
export interface AuthOptions {
  /** HMAC secret of HS256; "" where no route needs one. */
  readonly jwtSecret: string;
  /** Lower case. */
  readonly sessionHeader: string;
  /** The claim that must be equal to that header. */
  readonly sessionClaim: string;
  readonly clockTolerance: number;
}

/** Attempts after the first. */
export interface RetryOptions {
  readonly count: number;
  /** Until there is a stream. */
  readonly attemptTimeout: number;
  /** Bytes of one call that are kept for a replay. */
  readonly buffer: number;
  /** Those of all calls together. */
  readonly bufferTotal: number;
}

/** The table of sticky keys, one per cluster. */
export interface StickyOptions {
  readonly maxKeys: number;
  readonly idle: number;
}

/** What one client, and all of them, may take. */
export interface LimitOptions {
  readonly maxConnections: number;
  readonly handshakeTimeout: number;
  readonly maxConcurrentStreams: number;
  readonly maxHeaderList: number;
  readonly streamWindow: number;
  readonly connectionWindow: number;
  readonly sendQueueLimit: number;
  readonly writeTimeout: number;
  readonly resets: RateOptions;
  readonly controlFrames: RateOptions;
}

/** A token bucket. */
export interface RateOptions {
  readonly burst: number;
  readonly perSecond: number;
}

const KiB = 2 ** 10;
const MiB = 2 ** 20;

/** What a cluster has that says nothing. */
export const DEFAULT_CLUSTER: ClusterCommon = {
  connections: 1,
  maxConnections: 8,
  maxInFlight: 0,
  connectTimeout: 5_000,
  keepalive: { interval: 360_000, timeout: 20_000 },
  backoff: { initial: 500, multiplier: 2, max: 30_000 },
  health: { type: "none", service: "", interval: 5_000, timeout: 1_000, unhealthyAfter: 3, healthyAfter: 2 },
};

/** What a dynamic cluster has besides. */
export const DEFAULT_DISCOVERY = {
  discovererUrl: "",
  discovererInterval: 5_000,
  discovererTimeout: 2_000,
  unregisterFailed: true,
} as const satisfies Partial<DynamicCluster>;

/** What a route has that says nothing. */
export const DEFAULT_ROUTE: RouteOptions = {
  prefix: "",
  cluster: "",
  authorization: "none",
  balancer: { type: "round_robin" },
  transfer: "auto",
};

/** What an empty section `grpc` gives. */
export const DEFAULT_GRPC: GrpcConfig = {
  listen: [{ hostname: "127.0.0.1", port: 10_000 }],
  default: { action: "error", useCluster: "" },
  routes: [],
  clusters: {},
  auth: { jwtSecret: "", sessionHeader: "session-id", sessionClaim: "session_id", clockTolerance: 0 },
  retry: { count: 3, attemptTimeout: 5_000, buffer: 256 * KiB, bufferTotal: 64 * MiB },
  sticky: { maxKeys: 100_000, idle: 3_600_000 },
  healthService: true,
  drainTimeout: 10_000,
  keepalive: { interval: 60_000, timeout: 20_000 },
  maxConnectionAge: 0,
  maxConnectionAgeGrace: 30_000,
  maxConnectionIdle: 0,
  limits: {
    maxConnections: 5_000,
    handshakeTimeout: 10_000,
    maxConcurrentStreams: 256,
    maxHeaderList: 64 * KiB,
    streamWindow: 256 * KiB,
    connectionWindow: 4 * MiB,
    sendQueueLimit: MiB,
    writeTimeout: 10_000,
    resets: { burst: 1_000, perSecond: 33 },
    controlFrames: { burst: 1_000, perSecond: 200 },
  },
};

/** What `transfer` of a route comes to. */
export function transferOf({ transfer, balancer }: RouteOptions): Transfer {
  if (transfer !== "auto") return transfer;
  return balancer.type === "sticky_sessions" ? "mid_stream" : "before_response";
}
