/**
 * Spans of what the gateway relays, for whoever wants them. Loads nothing until it is started.
 * @module
 */
import type { Logger } from "../ops/log/mod.ts";
import type { OtlpSettings } from "../ops/otlp/settings.ts";
import type { TraceRing } from "../ops/trace/mod.ts";
import { VERSION } from "../version.ts";

/** What spans are made of, and by whom. */
export interface Telemetry {
  readonly settings: OtlpSettings;
  readonly ring: TraceRing;
  readonly log: Logger;
  /** Identity of this gateway. */
  readonly originHost: string;
  /** What of a subscriber may be shown; it may change. */
  mask(): "none" | "subscriber";
}

/** Spans on their way. */
export interface RunningTelemetry {
  /** Sends what is left, if that takes no time, and ends. */
  close(): Promise<void>;
}

const NAME = "diam-gw";

/** Starts sending. @throws Error that names a file of certificates that cannot be used */
export async function startTelemetry(
  { settings, ring, log, originHost, mask }: Telemetry,
): Promise<RunningTelemetry> {
  const [{ SpanExporter }, { SpanPump }, { followedSpans }] = await Promise.all([
    import("../ops/otlp/span_exporter.ts"),
    import("../ops/otlp/span_pump.ts"),
    import("../diameter/telemetry/followed_spans.ts"),
  ]);
  const identity = { "service.name": NAME, "service.version": VERSION, "service.instance.id": originHost };
  const sender = { attributes: { ...identity, ...settings.resource }, program: { name: NAME, version: VERSION } };
  const exporter = await SpanExporter.open(settings, sender);
  const pump = new SpanPump(followedSpans(ring, { mask, share: settings.share }), exporter, log);
  log.info("spans_on", `spans of recorded transactions go to ${exporter.url}`, { url: exporter.url }, []);
  return {
    async close() {
      await pump.close();
      exporter.close();
    },
  };
}
