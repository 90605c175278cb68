/**
 * What happens in the gRPC plane, beside single calls.
 * @module
 */

/** One event. Durations are in ms. */
export type GrpcEvent =
  | { readonly kind: "grpc_listening"; readonly address: string; readonly tls: boolean }
  | { readonly kind: "grpc_accept_failed"; readonly address: string; readonly reason: string }
  | { readonly kind: "grpc_client_refused"; readonly remote: string; readonly reason: string }
  | { readonly kind: "grpc_violation"; readonly remote: string; readonly what: string }
  | {
    readonly kind: "grpc_instance_added" | "grpc_instance_removed";
    readonly cluster: string;
    readonly instance: string;
    readonly address: string;
  }
  | { readonly kind: "grpc_instance_ready"; readonly cluster: string; readonly instance: string }
  | {
    readonly kind: "grpc_instance_failed";
    readonly cluster: string;
    readonly instance: string;
    readonly reason: string;
    readonly retryIn: number;
  }
  | {
    readonly kind: "grpc_instance_unhealthy";
    readonly cluster: string;
    readonly instance: string;
    readonly reason: string;
  }
  | { readonly kind: "grpc_instance_healthy"; readonly cluster: string; readonly instance: string }
  | {
    readonly kind: "grpc_instance_enabled";
    readonly cluster: string;
    readonly instance: string;
    readonly enabled: boolean;
  }
  | { readonly kind: "grpc_instance_skipped"; readonly cluster: string; readonly reason: string }
  | { readonly kind: "grpc_discoverer_failed"; readonly cluster: string; readonly reason: string }
  | { readonly kind: "grpc_discoverer_recovered"; readonly cluster: string; readonly instances: number }
  | {
    readonly kind: "grpc_unregister_failed";
    readonly cluster: string;
    readonly instance: string;
    readonly reason: string;
  }
  | { readonly kind: "grpc_part_failed"; readonly part: string; readonly reason: string }
  | { readonly kind: "grpc_internal_error"; readonly reason: string }
  | { readonly kind: "grpc_listener_failed"; readonly reason: string }
  | { readonly kind: "grpc_draining"; readonly calls: number }
  | { readonly kind: "grpc_stopped" };

/** Who is told. */
export type GrpcListener = (event: GrpcEvent) => unknown;
