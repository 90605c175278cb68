/**
 * The face of the gRPC gateway: plain data and promises, so that it may live in another thread.
 * @module
 */
import type { ConnectionStatus } from "./clients.ts";
import type { ClusterStatus } from "./cluster.ts";
import type { GrpcConfig } from "./config/options.ts";
import type { GrpcListener } from "./events.ts";

/** The states of the plane, the worst last. */
export const GATEWAY_STATES = ["ready", "degraded", "starting", "draining"] as const;

/** How the plane is. */
export type GatewayStateName = "ready" | "degraded" | "starting" | "draining";

/** How a route does. */
export interface RouteStatus {
  /** "" is the default. */
  readonly prefix: string;
  /** Where its calls go. */
  readonly cluster: string;
  /** Whether a token is needed. */
  readonly authorization: "none" | "required";
  /** Who picks the instance. */
  readonly balancer: string;
  /** Of sticky sessions; "" else. */
  readonly header: string;
  /** How far into a call a lost attempt is made good elsewhere. */
  readonly transfer: string;
  /** Calls so far. */
  readonly calls: number;
  /** Calls that ended otherwise than OK. */
  readonly errors: number;
}

/** How the gateway is; passes through `structuredClone`. */
export interface GrpcStatus {
  /** How it is as a whole. */
  readonly state: GatewayStateName;
  /** Why it is not ready, as a sentence; "" when it is. */
  readonly reason: string;
  /** Of clients. */
  readonly connections: number;
  /** Calls that are neither answered nor cancelled. */
  readonly callsInFlight: number;
  /** Calls of clients so far. */
  readonly callsTotal: number;
  /** Those whose answer is a backend's. */
  readonly answeredByBackend: number;
  /** Those that the gateway answered itself. */
  readonly answeredByGateway: number;
  /** Those that the client gave up. */
  readonly cancelled: number;
  /** Further attempts. */
  readonly retriesTotal: number;
  /** Calls that went on at another instance in mid-stream. */
  readonly transfersTotal: number;
  /** In the order of the configuration. */
  readonly clusters: readonly ClusterStatus[];
  /** In the order of the configuration; the default last. */
  readonly routes: readonly RouteStatus[];
}

/** Where a sticky key leads. */
export interface SessionStatus {
  /** Whose table it is in. */
  readonly cluster: string;
  /** Whose value the key is. */
  readonly header: string;
  /** The value. */
  readonly key: string;
  /** Id of the instance. */
  readonly instance: string;
  /** Since it was used last. */
  readonly idleSeconds: number;
}

/** What an admin interface, a terminal view and a demo need of a gateway. */
export interface GrpcControl {
  /** All of it passes through `structuredClone`. */
  status(): Promise<GrpcStatus>;
  /** The connections of clients. */
  clients(): Promise<readonly ConnectionStatus[]>;
  /** Takes another configuration; calls go on. Returns the paths that need a restart. */
  configure(config: GrpcConfig): Promise<readonly string[]>;
  /**
   * Puts an instance out of service, or into it again. @throws RangeError when there is no such
   * cluster or instance
   */
  setEnabled(cluster: string, instance: string, enabled: boolean): Promise<void>;
  /**
   * Asks a discoverer now.
   * @returns how many instances there are
   * @throws RangeError when there is no such cluster, or it is static @throws Error when it fails
   */
  refresh(cluster: string): Promise<number>;
  /** Where a key leads. @throws RangeError when there is no such cluster */
  session(cluster: string, key: string): Promise<SessionStatus | undefined>;
  /** Unbinds a key; tells whether it was bound. @throws RangeError when there is no such cluster */
  unbind(cluster: string, key: string): Promise<boolean>;
  /** Shuts down in order; resolves when that is done. */
  drain(): Promise<void>;
  /** Tells `listener` of events until what comes back is disposed of. */
  on(listener: GrpcListener): Disposable;
}
