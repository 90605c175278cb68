/**
 * The gRPC plane in this process.
 * @module
 */
import type { GrpcConfig } from "../grpc/config/options.ts";
import { GrpcGateway } from "../grpc/gateway.ts";
import type { PlanePage } from "../dashboard/plane_page.ts";
import type { AdminPlane } from "../ops/admin/plane.ts";
import type { Registry } from "../ops/metrics/registry.ts";
import type { Config } from "./config.ts";
import { grpcWithinDescriptors } from "./descriptors.ts";
import { grpcEventLog } from "./grpc_event_log.ts";
import type { HostedPlane, PlaneSurroundings } from "./hosted_plane.ts";
import { plural } from "./numbers.ts";

/** A gRPC proxy and load balancer. */
export class GrpcPlane implements HostedPlane {
  readonly name = "grpc";
  readonly #around: PlaneSurroundings;
  readonly #gateway: GrpcGateway;

  constructor(config: Config, around: PlaneSurroundings) {
    this.#around = around;
    this.#gateway = new GrpcGateway(grpcWithinDescriptors(section(config), around.log));
    this.#gateway.on(grpcEventLog(around.events));
    this.#gateway.on(({ kind }) => kind === "grpc_stopped" && this.logStatistics());
  }

  get work(): number {
    return this.#gateway.calls;
  }

  async start(): Promise<void> {
    await this.#gateway.start();
  }

  async stop(): Promise<void> {
    await this.#gateway.stop();
  }

  async configure(config: Config): Promise<void> {
    await this.#gateway.configure(grpcWithinDescriptors(section(config), this.#around.log));
  }

  async reloadCertificates(): Promise<void> {
    await this.#gateway.reloadCertificates();
  }

  async admin(registry: Registry): Promise<AdminPlane> {
    const { grpcPlane } = await import("../grpc/admin/plane.ts");
    this.#gateway.addMetrics(registry);
    return grpcPlane(this.#gateway, registry);
  }

  async page(): Promise<PlanePage> {
    const { grpcPage } = await import("../dashboard/grpc.ts");
    return grpcPage();
  }

  logStatistics(): void {
    void this.#gateway.status().then((status) => {
      const { callsTotal, answeredByBackend, answeredByGateway, cancelled, callsInFlight } = status;
      const { connections, retriesTotal, transfersTotal } = status;
      const sentence = `${plural(callsTotal, "gRPC call")}, ${answeredByBackend} answered by backends, ` +
        `${answeredByGateway} by the gateway, ${cancelled} cancelled, ${callsInFlight} in flight`;
      this.#around.log.info("grpc_statistics", sentence, {
        calls_total: callsTotal,
        answered_by_backend: answeredByBackend,
        answered_by_gateway: answeredByGateway,
        cancelled,
        calls_in_flight: callsInFlight,
        connections,
        retries_total: retriesTotal,
        transfers_total: transfersTotal,
      }, ["connections", "retries_total", "transfers_total"]);
    });
  }
}

function section({ grpc }: Config): GrpcConfig {
  if (grpc === undefined) throw new TypeError("the configuration has no gRPC plane");
  return grpc;
}
