/**
 * Spans of what a plane does, for whoever wants them. Loads nothing until it is started.
 * @module
 */
import type { Logger } from "../ops/log/mod.ts";
import type { OtlpSettings } from "../ops/otlp/settings.ts";
import type { SpanSource } from "../ops/otlp/span_pump.ts";
import { VERSION } from "../version.ts";

/** Where spans come from, and whose they are. */
export interface Telemetry {
  readonly settings: OtlpSettings;
  readonly source: SpanSource;
  /** What they tell of, for the log. */
  readonly what: string;
  readonly log: Logger;
  /** Identity of this gateway. */
  readonly instance: string;
}

/** Spans on their way. */
export interface RunningTelemetry {
  /** Sends what is left, if that takes no time, and ends. */
  close(): Promise<void>;
}

const NAME = "diam-gw";

/** Starts sending. @throws Error that names a file of certificates that cannot be used */
export async function startTelemetry(
  { settings, source, what, log, instance }: Telemetry,
): Promise<RunningTelemetry> {
  const [{ SpanExporter }, { SpanPump }] = await Promise.all([
    import("../ops/otlp/span_exporter.ts"),
    import("../ops/otlp/span_pump.ts"),
  ]);
  const identity = { "service.name": NAME, "service.version": VERSION, "service.instance.id": instance };
  const sender = { attributes: { ...identity, ...settings.resource }, program: { name: NAME, version: VERSION } };
  const exporter = await SpanExporter.open(settings, sender);
  const pump = new SpanPump(source, exporter, log);
  log.info("spans_on", `spans of ${what} go to ${exporter.url}`, { url: exporter.url }, []);
  return {
    async close() {
      await pump.close();
      exporter.close();
    },
  };
}
