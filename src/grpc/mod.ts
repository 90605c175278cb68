/**
 * A gRPC proxy and load balancer as a library: the gateway, its configuration, and the places where
 * somebody's own code can stand.
 *
 * @example
 * ```ts
 * import { GrpcGateway, grpcConfig } from "@diam-gw/diam-gw/grpc";
 *
 * const config = grpcConfig({
 *   listen: ["127.0.0.1:0"],
 *   routes: [{ prefix: "/", cluster: "main" }],
 *   clusters: { main: { type: "static", address: "127.0.0.1:5001" } },
 * });
 * const gateway = new GrpcGateway(config, {
 *   processors: [{ process: ({ metadata }) => metadata.delete("x-internal") }],
 * });
 * await gateway.start();
 * console.log(gateway.addresses); // [{ hostname: "127.0.0.1", port: ... }]
 * await gateway.stop();
 * ```
 * @module
 */
export type { Endpoint } from "../net/connection.ts";
export type { TlsServerFiles } from "../net/tls_listener.ts";
export type { HeaderList, Http2Stream, StreamEnd, StreamListener } from "../http2/mod.ts";
export { HmacTokenValidator, TokenAuthorization } from "./authorization.ts";
export type { HmacOptions, Knowing } from "./authorization.ts";
export { LeastPending } from "./balance/least_pending.ts";
export { RoundRobin } from "./balance/round_robin.ts";
export { StickySessions } from "./balance/sticky_sessions.ts";
export { type Bound, type Named, type StickyKeys, type StickyLimits, StickyTable } from "./balance/sticky_table.ts";
export type { ConnectionStatus } from "./clients.ts";
export type { ClusterStatus, InstanceStatus } from "./cluster.ts";
export { ConfigError, grpcConfig, type OwnTypes } from "./config/from_section.ts";
export * from "./config/options.ts";
export type { GatewayStateName, GrpcControl, GrpcStatus, RouteStatus, SessionStatus } from "./control.ts";
export type { GrpcEvent, GrpcListener } from "./events.ts";
export { GrpcGateway } from "./gateway.ts";
export { HttpDiscoverer, type HttpDiscovererOptions } from "./http_discoverer.ts";
export type { InstanceStateName } from "./instance.ts";
export { Metadata } from "./metadata.ts";
export {
  type BackendStream,
  type Balancer,
  type CallInfo,
  type Claims,
  type ConnectionPool,
  type Discoverer,
  type GatewayParts,
  type HeaderProcessor,
  type Instance,
  type InstanceState,
  type Refusal,
  TokenError,
  type TokenValidator,
} from "./parts.ts";
export type { GatewayRefusal, RefusalReason } from "./refusals.ts";
export { STATUS } from "../rpc/status.ts";
