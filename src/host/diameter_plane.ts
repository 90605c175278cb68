/**
 * The Diameter plane in this process.
 * @module
 */
import { gatewayOptions } from "../diameter/config.ts";
import type { DiameterConfig } from "../diameter/config_checks.ts";
import { assemble } from "../diameter/relay/assemble.ts";
import { Gateway } from "../diameter/relay/gateway.ts";
import type { PlanePage } from "../dashboard/plane_page.ts";
import type { AdminPlane } from "../ops/admin/plane.ts";
import type { Registry } from "../ops/metrics/registry.ts";
import { createTraceRing, type TraceRing } from "../ops/trace/trace_ring.ts";
import { type Config, diameterConfig } from "./config.ts";
import { withinDescriptors } from "./descriptors.ts";
import { eventLog, messageLog } from "./event_log.ts";
import type { HostedPlane, PlaneSurroundings } from "./hosted_plane.ts";
import { statisticsText } from "./statistics_text.ts";
import { type RunningTelemetry, startTelemetry } from "./telemetry.ts";

/** A gateway between Logic Apps and DRAs. */
export class DiameterPlane implements HostedPlane {
  readonly name = "diameter";
  readonly #around: PlaneSurroundings;
  readonly #gateway: Gateway;
  readonly #trace: TraceRing | undefined;
  readonly #originHost: string;
  #telemetry: RunningTelemetry | undefined;

  constructor(config: Config, around: PlaneSurroundings) {
    this.#around = around;
    const { admin } = config;
    // Otherwise nobody can see what is recorded.
    const isSeen = admin.listen !== null || around.telemetry !== undefined;
    this.#trace = isSeen ? createTraceRing(admin.trace) : undefined;
    const diameter = sections(config);
    this.#originHost = diameter.gateway.originHost;
    const options = withinDescriptors(gatewayOptions(diameter), around.log);
    this.#gateway = new Gateway(options, assemble(options, this.#trace));
    this.#gateway.on(eventLog(around.events));
    // The last statistics show the links while there are any.
    this.#gateway.on(({ kind }) => kind === "leaving" && this.logStatistics());
  }

  get work(): number {
    const { from_app: fromApp, from_dra: fromDra } = this.#gateway.statistics;
    return fromApp + fromDra;
  }

  async start(): Promise<void> {
    await this.#gateway.start();
    await this.#startTelemetry();
  }

  async stop(): Promise<void> {
    await this.#gateway.stop();
    await this.#telemetry?.close();
  }

  unseen(): void {
    if (this.#telemetry === undefined) this.#trace?.stop();
  }

  async configure(config: Config): Promise<void> {
    await this.#gateway.configure(withinDescriptors(gatewayOptions(sections(config)), this.#around.log));
  }

  async reloadCertificates(): Promise<void> {
    await this.#gateway.reloadCertificates();
  }

  async admin(registry: Registry): Promise<AdminPlane> {
    const { diameterPlane } = await import("../diameter/admin/plane.ts");
    this.#gateway.addMetrics(registry);
    return diameterPlane(this.#gateway, registry, { ring: this.#trace, mask: () => this.#around.mask() });
  }

  async page(): Promise<PlanePage> {
    const { diameterPage } = await import("../dashboard/diameter.ts");
    return diameterPage();
  }

  logMessages(requests: boolean, responses: boolean): Disposable {
    return this.#gateway.observe(messageLog(this.#around.log, requests, responses));
  }

  logStatistics(): void {
    const { log } = this.#around;
    const { statistics } = this.#gateway;
    const { sessions_created: created, sessions_completed: completed, active_dras: active, total_dras: total } =
      statistics;
    const sentence = log.format === "text"
      ? `statistics\n${statisticsText(statistics)}`
      : `${created} requests, ${completed} answered by the other side, ${active} of ${total} DRAs usable`;
    log.info("statistics", sentence, { ...statistics }, []);
  }

  async #startTelemetry(): Promise<void> {
    const { telemetry: settings, log, mask } = this.#around;
    if (settings === undefined) return;
    const ring = this.#trace;
    if (ring === undefined) {
      return log.warning(
        "spans_off",
        "no spans are sent: admin.trace.max_bytes or .sample is 0, so that there are none",
      );
    }
    const { followedSpans } = await import("../diameter/telemetry/followed_spans.ts");
    this.#telemetry = await startTelemetry({
      settings,
      source: followedSpans(ring, { mask, share: settings.share }),
      what: "recorded transactions",
      log,
      instance: this.#originHost,
    });
  }
}

function sections(config: Config): DiameterConfig {
  const diameter = diameterConfig(config);
  if (diameter === undefined) throw new TypeError("the configuration has no Diameter plane");
  return diameter;
}
