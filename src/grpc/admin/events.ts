/**
 * The gRPC gateway's events as the admin interface tells them.
 * @module
 */
import type { AdminEvent, EventSource } from "../../ops/admin/plane.ts";
import type { GrpcControl } from "../control.ts";
import type { GrpcEvent } from "../events.ts";

/** What each kind tells. A kind that is missing here does not compile. */
const KINDS: Readonly<Record<GrpcEvent["kind"], string>> = {
  grpc_listening: "A listener for gRPC clients is open.",
  grpc_accept_failed: "A connection of a gRPC client could not be accepted.",
  grpc_client_refused: "A connection of a gRPC client was closed because there are too many.",
  grpc_violation: "A gRPC client went beyond a limit and was closed.",
  grpc_instance_added: "A cluster has another instance.",
  grpc_instance_removed: "An instance left its cluster; its calls run to their end.",
  grpc_instance_ready: "An instance is connected.",
  grpc_instance_failed: "An instance could not be connected, or its connection was lost.",
  grpc_instance_unhealthy: "An instance failed its health checks and gets no calls.",
  grpc_instance_healthy: "An instance passes its health checks again.",
  grpc_instance_enabled: "An instance was put out of service, or into it again.",
  grpc_instance_skipped: "An entry of a discoverer's list cannot be used.",
  grpc_discoverer_failed: "A discoverer did not answer as it should; the last list stays in use.",
  grpc_discoverer_recovered: "A discoverer answers again.",
  grpc_unregister_failed: "A discoverer could not be told that an instance has failed.",
  grpc_part_failed: "A part of the library's user failed.",
  grpc_internal_error: "A defect of this program befell a call.",
  grpc_listener_failed: "A defect of this program befell whoever listens to events.",
  grpc_draining: "The gRPC gateway shuts down: calls are served to their end.",
  grpc_stopped: "The gRPC gateway has stopped.",
};

/** Members whose names need more than snake case. */
const NAMES = { retryIn: "retry_in_ms" } as const satisfies Readonly<Record<string, string>>;

/** An event as it is told: the members of the gateway's, and when it was. */
export type ShownGrpcEvent = GrpcEvent extends infer E ? E extends GrpcEvent ? Shown<E> : never : never;
type Shown<E> =
  & { readonly at: string }
  & { readonly [K in keyof E as K extends keyof typeof NAMES ? typeof NAMES[K] : K]: E[K] };

/** The events of `gateway`. */
export function eventsOf(gateway: GrpcControl): EventSource {
  return { kinds: KINDS, listen: (listener) => gateway.on((event) => listener(shown(event))) };
}

function shown({ kind, ...members }: GrpcEvent): AdminEvent {
  const named = Object.entries(members).map(([name, value]) => [NAMES[name as keyof typeof NAMES] ?? name, value]);
  return { at: new Date().toISOString(), kind, ...Object.fromEntries(named) };
}
