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
  /** Where its calls go. */
  readonly cluster: string;
  /** Whether a session and its token are needed. */
  readonly authorization: "none" | "required";
  /** The type of its balancer. */
  readonly balancer: string;
  /** Of sticky sessions; "" else. */
  readonly header: string;
  /** When a lost call is sent again, `auto` resolved. */
  readonly transfer: string;
  /** Since the start, those in flight included. */
  readonly calls: number;
  /** Those that ended with another status than OK. */
  readonly errors: number;
}

/** How the gateway is; passes through `structuredClone`. */
export interface GrpcStatus {
  /** How the plane is. */
  readonly state: (typeof GATEWAY_STATES)[number];
  /** Why it is not ready, as a sentence; "" when it is. */
  readonly reason: string;
  /** Of clients. */
  readonly connections: number;
  /** Of clients, now. */
  readonly callsInFlight: number;
  /** Of clients, since the start. */
  readonly callsTotal: number;
  /** Whose end was a backend's. */
  readonly answeredByBackend: number;
  /** That the gateway refused or gave up. */
  readonly answeredByGateway: number;
  /** That the client took back, or lost with its connection. */
  readonly cancelled: number;
  /** Attempts after the first one. */
  readonly retriesTotal: number;
  /** Streams that went on at another instance after their answer had begun. */
  readonly transfersTotal: number;
  /** In the order of the configuration. */
  readonly clusters: readonly ClusterStatus[];
  /** In the order of the configuration, the default last. */
  readonly routes: readonly RouteStatus[];
}

/** Where a sticky key leads. */
export interface SessionStatus {
  /** Whose instance it is. */
  readonly cluster: string;
  /** The header that carries the key. */
  readonly header: string;
  /** Its value. */
  readonly key: string;
  /** The id of the instance. */
  readonly instance: string;
  /** Since the last call with it. */
  readonly idleSeconds: number;
}

/** What an admin interface, a terminal view and a demo need of a gateway. */
export interface GrpcControl {
  /** How it is now. */
  status(): Promise<GrpcStatus>;
  /** Connections of clients. */
  clients(): Promise<readonly ConnectionStatus[]>;
  /** Takes another configuration; calls go on. Returns the paths that need a restart. */
  configure(config: GrpcConfig): Promise<readonly string[]>;
  /**
   * Puts an instance out of service, or into it again.
   * @throws RangeError when there is no such cluster or instance
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
  /** Tells `listener` what happens, until that is disposed of. */
  on(listener: GrpcListener): Disposable;
}
