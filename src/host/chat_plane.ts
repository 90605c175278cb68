/**
 * The chat plane in this process.
 * @module
 */
import type { ChatConfig } from "../chat/config/options.ts";
import { ChatGateway } from "../chat/gateway.ts";
import { Spans } from "../chat/spans.ts";
import type { PlanePage } from "../dashboard/plane_page.ts";
import type { AdminPlane } from "../ops/admin/plane.ts";
import type { Registry } from "../ops/metrics/registry.ts";
import type { OtlpSettings } from "../ops/otlp/settings.ts";
import { chatEventLog } from "./chat_event_log.ts";
import type { Config } from "./config.ts";
import type { HostedPlane, PlaneSurroundings } from "./hosted_plane.ts";
import { plural } from "./numbers.ts";
import { type RunningTelemetry, startTelemetry } from "./telemetry.ts";

/** A gateway between devices and a core chat service. */
export class ChatPlane implements HostedPlane {
  readonly name = "chat";
  readonly #around: PlaneSurroundings;
  readonly #gateway: ChatGateway;
  /** Where nobody wants spans, none are made. */
  readonly #spans: Spans | undefined;
  #telemetry: RunningTelemetry | undefined;
  /** How many want to see single requests. */
  #shown = 0;

  constructor(config: Config, around: PlaneSurroundings) {
    this.#around = around;
    const showsRequests = () => this.#shown > 0;
    const { log, events, chatPages, telemetry } = around;
    const spans = this.#spans = telemetry === undefined ? undefined : spansOf(telemetry);
    this.#gateway = new ChatGateway(section(config), {
      tellsRequests: () => showsRequests() || log.enabled("debug"),
      ...(chatPages === undefined ? {} : { page: chatPages }),
      ...(spans === undefined ? {} : { spans }),
    });
    this.#gateway.on(chatEventLog(log, events, showsRequests));
  }

  get work(): number {
    return this.#gateway.work;
  }

  async start(): Promise<void> {
    await this.#gateway.start();
    const { telemetry: settings, log } = this.#around;
    const source = this.#spans;
    if (settings === undefined || source === undefined) return;
    const what = "connections and calls of devices";
    this.#telemetry = await startTelemetry({ settings, source, what, log, instance: this.#gateway.gatewayId });
  }

  async stop(): Promise<void> {
    await this.#gateway.stop();
    await this.#telemetry?.close();
  }

  async configure(config: Config): Promise<void> {
    await this.#gateway.configure(section(config));
  }

  async reloadCertificates(): Promise<void> {
    await this.#gateway.reloadCertificates();
  }

  async admin(registry: Registry): Promise<AdminPlane> {
    const { chatPlane } = await import("../chat/admin/plane.ts");
    this.#gateway.addMetrics(registry);
    return chatPlane(this.#gateway, registry);
  }

  async page(): Promise<PlanePage> {
    const { chatPage } = await import("../dashboard/chat.ts");
    return chatPage();
  }

  logMessages(requests: boolean, responses: boolean): Disposable {
    // One line says both.
    const wanted = requests || responses ? 1 : 0;
    this.#shown += wanted;
    return { [Symbol.dispose]: () => this.#shown -= wanted };
  }

  logStatistics(): void {
    void this.#gateway.status().then((status) => {
      const { connections, rooms, subscriptions, published, deliveries } = status;
      const sentence = `${plural(connections, "device")} connected, ${plural(subscriptions, "subscription")} to ` +
        `${plural(rooms, "room")}, ${plural(published, "event")} published, ${deliveries} delivered`;
      const fields = { connections, subscriptions, rooms, published, deliveries };
      this.#around.log.info("chat_statistics", sentence, fields, []);
    });
  }
}

/** The share is of traces that begin here; a device decides for its own. */
function spansOf({ share }: OtlpSettings): Spans {
  return new Spans(undefined, undefined, () => share >= 1 || Math.random() < share);
}

function section({ chat }: Config): ChatConfig {
  if (chat === undefined) throw new TypeError("the configuration has no chat plane");
  return chat;
}
