/**
 * Every number of the gRPC plane, with the name that scripts know it by.
 * @module
 */
import {
  type Counter,
  CounterFamily,
  type Histogram,
  HistogramFamily,
  OVERHEAD_BOUNDS,
  Readings,
  type Registry,
} from "../ops/metrics/mod.ts";
import type { ViolationKind } from "../http2/mod.ts";
import type { Failure } from "./attempt.ts";
import type { GatewayRefusal, RefusalReason } from "./refusals.ts";
import { STATUS } from "../rpc/status.ts";

const STATUS_NAMES = Object.keys(STATUS);
/** Labels of `diamgw_grpc_gateway_errors_total`. */
export const REASONS: readonly RefusalReason[] = [
  "no_route",
  "session",
  "token",
  "busy",
  "backend",
  "deadline",
  "timeout_header",
  "headers",
  "draining",
  "part",
];
/** Labels of `diamgw_grpc_violations_total`. */
export const VIOLATIONS: readonly ViolationKind[] = ["resets", "control", "headers", "window", "queue", "handshake"];

/** Bytes of connections of one side. */
export interface Bytes {
  readonly in: number;
  readonly out: number;
}

/** What is read when somebody asks. */
export interface MeterSources {
  inFlight(): Iterable<readonly [cluster: string, calls: number]>;
  connections(): { readonly client: number; readonly backend: number };
  instances(): Iterable<readonly [cluster: string, state: string, count: number]>;
  stickyKeys(): Iterable<readonly [cluster: string, count: number]>;
  bytes(): { readonly client: Bytes; readonly backend: Bytes };
  replayBytes(): number;
}

/**
 * All meters of one gateway. At every moment the calls that were opened are those answered by a
 * backend, those answered here, those cancelled, and those in flight.
 */
export class Meters {
  /** Calls of clients so far. */
  opened = 0;
  /** Those whose answer is a backend's. */
  answered = 0;
  /** Those that the gateway answered itself. */
  refused = 0;
  /** Those that the client gave up. */
  cancelled = 0;
  retries = 0;
  transfers = 0;
  readonly calls = new CounterFamily("diamgw_grpc_calls_total", "Calls that are over.", ["route", "cluster", "status"]);
  readonly errors = new CounterFamily("diamgw_grpc_gateway_errors_total", "Calls that the gateway refused itself.", [
    "reason",
  ]).declare({ reason: REASONS });
  readonly attempts = new CounterFamily(
    "diamgw_grpc_retries_total",
    "Further attempts, by how the one before failed.",
    [
      "cluster",
      "reason",
    ],
  );
  readonly moved = new CounterFamily("diamgw_grpc_transfers_total", "Calls moved to another instance in mid-stream.", [
    "cluster",
  ]);
  readonly failures = new CounterFamily("diamgw_grpc_instance_failures_total", "Failures of instances.", ["cluster"]);
  readonly discovery = new CounterFamily("diamgw_grpc_discoverer_requests_total", "Requests to discoverers.", [
    "cluster",
    "operation",
    "result",
  ]);
  readonly violations = new CounterFamily("diamgw_grpc_violations_total", "Client connections closed at a limit.", [
    "kind",
  ]).declare({ kind: VIOLATIONS });
  readonly protocolErrors = new CounterFamily("diamgw_grpc_protocol_errors_total", "Breaches of HTTP/2.", ["side"])
    .declare({ side: ["client", "backend"] });
  readonly durations = new HistogramFamily(
    "diamgw_grpc_call_duration_seconds",
    "From the request to the end of the response, of calls that a backend answered.",
    ["cluster"],
  );
  readonly #overheads = new HistogramFamily(
    "diamgw_grpc_overhead_seconds",
    "From the arrival of a request to its departure to an instance, where nothing had to be waited for.",
    [],
    { bounds: OVERHEAD_BOUNDS },
  );
  readonly overhead: Histogram = this.#overheads.of({});

  /** Calls that are neither answered nor cancelled. */
  get inFlight(): number {
    return this.opened - this.answered - this.refused - this.cancelled;
  }

  /** The meters of one route; made once. */
  route(route: string, cluster: string): RouteMeters {
    return new RouteMeters(this, route, cluster);
  }

  /** Makes the series of a cluster, so that they are there with 0 from the start. */
  declareCluster(cluster: string, isDynamic: boolean): void {
    this.attempts.declare({ cluster: [cluster], reason: ["unsent", "refused", "lost"] });
    this.moved.declare({ cluster: [cluster] });
    this.failures.declare({ cluster: [cluster] });
    if (!isDynamic) return;
    this.discovery.declare({ cluster: [cluster], operation: ["instances", "unregister"], result: ["ok", "error"] });
  }

  /** Adds all of them to those that somebody shows. */
  addTo(registry: Registry, sources: MeterSources): void {
    registry.add(this.calls);
    registry.add(this.errors);
    registry.add(this.attempts);
    registry.add(this.moved);
    registry.add(
      new Readings("gauge", "diamgw_grpc_in_flight", "Calls in flight.", ["cluster"])
        .from(() => [...sources.inFlight()].map(([cluster, calls]) => [{ cluster }, calls])),
    );
    registry.add(
      new Readings("gauge", "diamgw_grpc_connections", "Open connections.", ["side"])
        .from(() => Object.entries(sources.connections()).map(([side, count]) => [{ side }, count])),
    );
    registry.add(
      new Readings("gauge", "diamgw_grpc_instances", "Instances by state.", ["cluster", "state"])
        .from(() => [...sources.instances()].map(([cluster, state, count]) => [{ cluster, state }, count])),
    );
    registry.add(this.failures);
    registry.add(
      new Readings("gauge", "diamgw_grpc_sticky_keys", "Keys that are bound to an instance.", ["cluster"])
        .from(() => [...sources.stickyKeys()].map(([cluster, count]) => [{ cluster }, count])),
    );
    registry.add(this.discovery);
    registry.add(
      new Readings("counter", "diamgw_grpc_bytes_total", "Bytes over the connections.", ["side", "direction"])
        .from(() => {
          const { client, backend } = sources.bytes();
          return [
            [{ side: "client", direction: "in" }, client.in],
            [{ side: "client", direction: "out" }, client.out],
            [{ side: "backend", direction: "in" }, backend.in],
            [{ side: "backend", direction: "out" }, backend.out],
          ];
        }),
    );
    registry.add(this.violations);
    registry.add(this.protocolErrors);
    registry.add(
      new Readings("gauge", "diamgw_grpc_replay_buffer_bytes", "Request bytes kept for a replay.")
        .from(() => [[{}, sources.replayBytes()]]),
    );
    registry.add(this.durations);
    registry.add(this.#overheads);
  }
}

/** What is counted of one route. */
export class RouteMeters {
  /** Calls of this route so far, and those that ended otherwise than OK. */
  calls = 0;
  errors = 0;
  inFlight = 0;
  readonly #meters: Meters;
  readonly #route: string;
  readonly #cluster: string;
  readonly #byStatus: (Counter | undefined)[] = new Array(STATUS_NAMES.length).fill(undefined);
  readonly #duration: Histogram;

  constructor(meters: Meters, route: string, cluster: string) {
    this.#meters = meters;
    this.#route = route;
    this.#cluster = cluster;
    this.#duration = meters.durations.of({ cluster });
  }

  opened(): void {
    this.#meters.opened++;
    this.calls++;
    this.inFlight++;
  }

  answered(status: number, milliseconds: number): void {
    this.#meters.answered++;
    this.#over(status);
    this.#duration.observe(milliseconds * 1000);
  }

  refused(refusal: GatewayRefusal): void {
    this.#meters.refused++;
    this.#meters.errors.of({ reason: refusal.reason }).value++;
    this.#over(refusal.code);
  }

  /** The gateway has answered itself, and as it should: the health service. */
  served(status: number): void {
    this.#meters.refused++;
    this.#over(status);
  }

  cancelled(): void {
    this.#meters.cancelled++;
    this.#over(STATUS.CANCELLED);
  }

  retried(failure: Failure, midStream: boolean): void {
    this.#meters.retries++;
    this.#meters.attempts.of({ cluster: this.#cluster, reason: failure }).value++;
    if (!midStream) return;
    this.#meters.transfers++;
    this.#meters.moved.of({ cluster: this.#cluster }).value++;
  }

  #over(status: number): void {
    this.inFlight--;
    if (status !== STATUS.OK) this.errors++;
    const counter = this.#byStatus[status] ??= this.#meters.calls.of({
      route: this.#route,
      cluster: this.#cluster,
      status: STATUS_NAMES[status]!,
    });
    counter.value++;
  }
}
