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

/** How a route does. */
export interface RouteStatus {
  /** "" is the default. */
  readonly prefix: string;
  readonly cluster: string;
  readonly authorization: "none" | "required";
  readonly balancer: string;
  /** Of sticky sessions; "" else. */
  readonly header: string;
  readonly transfer: string;
  readonly calls: number;
  readonly errors: number;
}

/** How the gateway is; passes through `structuredClone`. */
export interface GrpcStatus {
  readonly state: (typeof GATEWAY_STATES)[number];
  /** Why it is not ready, as a sentence; "" when it is. */
  readonly reason: string;
  /** Of clients. */
  readonly connections: number;
  readonly callsInFlight: number;
  readonly callsTotal: number;
  readonly answeredByBackend: number;
  readonly answeredByGateway: number;
  readonly cancelled: number;
  readonly retriesTotal: number;
  readonly transfersTotal: number;
  readonly clusters: readonly ClusterStatus[];
  readonly routes: readonly RouteStatus[];
}

/** Where a sticky key leads. */
export interface SessionStatus {
  readonly cluster: string;
  readonly header: string;
  readonly key: string;
  readonly instance: string;
  readonly idleSeconds: number;
}

/** What an admin interface, a terminal view and a demo need of a gateway. */
export interface GrpcControl {
  status(): Promise<GrpcStatus>;
  clients(): Promise<readonly ConnectionStatus[]>;
  /** Takes another configuration; calls go on. Returns the paths that need a restart. */
  configure(config: GrpcConfig): Promise<readonly string[]>;
  /** @throws RangeError when there is no such cluster or instance */
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
  on(listener: GrpcListener): Disposable;
}
