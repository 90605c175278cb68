/**
 * The process: puts a gateway, its log, its configuration, its metrics and the admin interface
 * together.
 * @module
 */
import { gatewayOptions } from "../diameter/config.ts";
import { assemble } from "../diameter/relay/assemble.ts";
import { Gateway } from "../diameter/relay/gateway.ts";
import { endpointText } from "../net/connection.ts";
import type { ConfigTold } from "../ops/admin/host.ts";
import type { AdminEvent, EventSource } from "../ops/admin/plane.ts";
import type { AdminServer } from "../ops/admin/server.ts";
import { type Report, reportJson, reportSentence } from "../ops/config/mod.ts";
import { type ClosableLogger, guardFloods, type Logger } from "../ops/log/mod.ts";
import { Registry } from "../ops/metrics/registry.ts";
import { scrape } from "../ops/metrics/scrape.ts";
import type { OtlpSettings } from "../ops/otlp/settings.ts";
import { createTraceRing, type TraceRing } from "../ops/trace/trace_ring.ts";
import { VERSION } from "../version.ts";
import type { AdminConfig, Config, Loaded, Read } from "./config.ts";
import { withinDescriptors } from "./descriptors.ts";
import { eventLog } from "./event_log.ts";
import { type ConfigEvent, LiveConfig } from "./live_config.ts";
import { LiveLog } from "./log_settings.ts";
import { ProcessMetrics } from "./process_metrics.ts";
import { statisticsText } from "./statistics_text.ts";
import { keepSwept } from "./sweeper.ts";
import { type RunningTelemetry, startTelemetry } from "./telemetry.ts";
import { tlsFileErrors } from "./tls_files.ts";

/** Where the configuration came from. */
export interface ConfigOrigin {
  readonly loaded: Loaded;
  /** The file that a flag named. */
  readonly file: string | undefined;
  /** Reads it again, flags and all. */
  read(): Promise<Read>;
  /** Where spans go; absent for nowhere. */
  readonly telemetry?: OtlpSettings | undefined;
}

/** Why it cannot start, told in the log by then. */
export class StartFailed extends Error {}

/** Kinds of the process's own events. */
const KINDS = { config: "The configuration was read again, refused, confirmed, or has gone back." } as const;

/** One process with its gateway. */
export class Host {
  readonly #log: ClosableLogger;
  readonly #events: ReturnType<typeof guardFloods>;
  readonly #gateway: Gateway;
  readonly #trace: TraceRing | undefined;
  readonly #config: LiveConfig;
  readonly #liveLog: LiveLog;
  readonly #startedAt = new Date();
  readonly #listeners = new Set<(event: AdminEvent) => void>();
  readonly #drained = Promise.withResolvers<void>();
  #metrics: ProcessMetrics | undefined;
  #admin: AdminServer | undefined;
  #telemetry: RunningTelemetry | undefined;
  #statistics: ReturnType<typeof setInterval> | undefined;
  #endSweeping = () => {};

  private constructor(log: ClosableLogger, gateway: Gateway, trace: TraceRing | undefined, config: LiveConfig) {
    this.#log = log;
    this.#gateway = gateway;
    this.#trace = trace;
    this.#config = config;
    this.#liveLog = new LiveLog(log, gateway, config.current.logging);
    const events = this.#events = guardFloods(log);
    gateway.on(eventLog(events));
    // The last statistics show the links while there are any.
    gateway.on(({ kind }) => kind === "leaving" && this.#logStatistics());
  }

  /**
   * Starts a gateway, and what an operator needs to live with it.
   * @throws StartFailed when something cannot be listened on
   */
  static async start(origin: ConfigOrigin, log: ClosableLogger): Promise<Host> {
    const { loaded } = origin;
    const options = withinDescriptors(gatewayOptions(loaded.config), log);
    const { admin } = loaded.config;
    // Otherwise nobody can see what is recorded.
    const isSeen = admin.listen !== null || origin.telemetry !== undefined;
    const trace = isSeen ? createTraceRing(admin.trace) : undefined;
    const gateway = new Gateway(options, assemble(options, trace));
    const config = await LiveConfig.of(
      {
        read: () => origin.read(),
        fileErrors: tlsFileErrors,
        apply: (next) => host.#apply(next),
        told: (event) => host.#tellConfig(event),
      },
      loaded,
      origin.file,
    );
    const host: Host = new Host(log, gateway, trace, config);
    try {
      await gateway.start();
      await host.#startTelemetry(origin.telemetry);
      await host.#openAdmin(loaded);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      await host.stop();
      log.error("start_failed", reason);
      throw new StartFailed(reason);
    }
    host.#endSweeping = keepSwept(() => {
      const { from_app: fromApp, from_dra: fromDra } = gateway.statistics;
      return fromApp + fromDra;
    });
    host.#logRegularly(loaded.config.stats.interval);
    return host;
  }

  /** Resolves when somebody asked for a drain over the admin interface. */
  get drained(): Promise<void> {
    return this.#drained.promise;
  }

  /** SIGHUP: configuration and certificates are read again. */
  async hangUp(): Promise<void> {
    try {
      await this.#config.reload({ dryRun: false });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#log.error("config_kept", `SIGHUP: the configuration in force stays: ${reason}`, { reason }, []);
    }
    try {
      await this.#gateway.reloadCertificates();
      const { tls } = this.#config.current.admin;
      if (tls !== undefined) await this.#admin?.reloadCertificates(tls);
      this.#log.info("certificates_reloaded", "SIGHUP: the certificates were read again, for connections to come");
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#log.error("certificates_kept", `SIGHUP: the certificates in force stay: ${reason}`, { reason }, []);
    }
  }

  /** Ends all of it in order. */
  async stop(): Promise<void> {
    this.#config.close();
    await this.#gateway.stop();
    if (this.#statistics !== undefined) clearInterval(this.#statistics);
    this.#endSweeping();
    await this.#telemetry?.close();
    this.#liveLog.close();
    this.#events.close();
    await this.#admin?.close();
    this.#metrics?.[Symbol.dispose]();
  }

  async #apply(config: Config): Promise<void> {
    await this.#gateway.configure(withinDescriptors(gatewayOptions(config), this.#log));
    this.#liveLog.configure(config.logging);
    this.#admin?.configure(config.admin);
    this.#logRegularly(config.stats.interval);
  }

  async #startTelemetry(settings: OtlpSettings | undefined): Promise<void> {
    if (settings === undefined) return;
    const [ring, log] = [this.#trace, this.#log];
    if (ring === undefined) {
      return log.warning(
        "spans_off",
        "no spans are sent: admin.trace.max_bytes or .sample is 0, so that there are none",
      );
    }
    const { current } = this.#config;
    const mask = () => this.#config.current.admin.mask;
    this.#telemetry = await startTelemetry({ settings, ring, log, originHost: current.gateway.originHost, mask });
  }

  async #openAdmin({ config: { admin }, isSet }: Loaded): Promise<void> {
    const { listen } = admin;
    if (listen === null) return;
    const { AdminListenError, startAdmin } = await import("../ops/admin/server.ts");
    try {
      this.#admin = await startAdmin(await this.#adminOptions(admin, listen), this.#adminHost(), [await this.#plane()]);
    } catch (error) {
      // An address that nobody asked for: the gateway is worth more than its page.
      if (!(error instanceof AdminListenError) || !error.isTaken || isSet("admin.listen")) throw error;
      this.#metrics?.[Symbol.dispose]();
      this.#metrics = undefined;
      if (this.#telemetry === undefined) this.#trace?.stop();
      const address = endpointText(listen);
      const what = "give this gateway another address (admin.listen, --admin), or an empty one for none";
      const sentence = `there is no admin interface: another program listens on ${address}; ${what}`;
      this.#log.warning("admin_off", sentence, { address }, []);
      return;
    }
    this.#log.info("admin_listening", `admin interface on ${this.#admin.url}`, { url: this.#admin.url }, []);
  }

  async #adminOptions({ token, hosts, tls }: AdminConfig, listen: NonNullable<AdminConfig["listen"]>) {
    const { dashboardAssets } = await import("../diameter/admin/dashboard/assets.ts");
    return { listen, token, hosts, ...(tls === undefined ? {} : { tls }), assets: dashboardAssets() };
  }

  async #plane() {
    const { diameterPlane } = await import("../diameter/admin/plane.ts");
    const registry = new Registry((family, error) => this.#log.error("metric_failed", `${family}: ${error}`));
    this.#gateway.addMetrics(registry);
    const mask = () => this.#config.current.admin.mask;
    return diameterPlane(this.#gateway, registry, { ring: this.#trace, mask });
  }

  #adminHost() {
    const metrics = this.#metrics = new ProcessMetrics();
    const config = this.#config;
    const liveLog = this.#liveLog;
    return {
      version: VERSION,
      startedAt: this.#startedAt,
      log: this.#log,
      config: () => config.effective(),
      reload: (request: Parameters<LiveConfig["reload"]>[0]) => config.reload(request),
      confirm: () => Promise.resolve(config.confirm()),
      logging: () => liveLog.state,
      setLogging: (...change: Parameters<LiveLog["set"]>) => liveLog.set(...change),
      drain: () => {
        this.#drained.resolve();
        return Promise.resolve();
      },
      events: this.#ownEvents(),
      metrics: () => scrape(metrics.registry),
    };
  }

  #ownEvents(): EventSource {
    return {
      kinds: KINDS,
      listen: (listener) => {
        this.#listeners.add(listener);
        return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
      },
    };
  }

  #tellConfig({ action, changes = [], needsRestart = [], errors = [], warnings = [] }: ConfigEvent): void {
    const event: ConfigTold = {
      at: new Date().toISOString(),
      kind: "config",
      action,
      changes,
      needs_restart: needsRestart,
      errors,
    };
    for (const listener of this.#listeners) listener({ ...event });
    const { at: _at, kind: _kind, ...fields } = event;
    if (action === "refused") {
      for (const error of errors) this.#log.error("config_refused", `nothing was changed: ${error}`, {}, []);
    } else this.#log.info("config", configSentence(action, changes, needsRestart), fields, []);
    logWarnings(this.#log, warnings);
  }

  #logRegularly(interval: number): void {
    if (this.#statistics !== undefined) clearInterval(this.#statistics);
    this.#statistics = interval > 0 ? setInterval(() => this.#logStatistics(), interval) : undefined;
  }

  #logStatistics(): void {
    const { statistics } = this.#gateway;
    const { sessions_created: created, sessions_completed: completed, active_dras: active, total_dras: total } =
      statistics;
    const sentence = this.#log.format === "text"
      ? `statistics\n${statisticsText(statistics)}`
      : `${created} requests, ${completed} answered by the other side, ${active} of ${total} DRAs usable`;
    this.#log.info("statistics", sentence, { ...statistics }, []);
  }
}

/** A line for each thing that is unwise in a configuration. */
export function logWarnings(log: Logger, reports: readonly Report[]): void {
  for (const report of reports) {
    const { key, line, column } = reportJson(report);
    log.warning("config_warning", reportSentence(report), { key, line, column }, []);
  }
}

function configSentence(
  action: ConfigEvent["action"],
  changes: readonly string[],
  needsRestart: readonly string[],
): string {
  switch (action) {
    case "confirmed":
      return "the configuration that was reloaded is confirmed";
    case "gone_back":
      return "nobody confirmed the configuration that was reloaded: the one before is in force again";
    default: {
      if (changes.length === 0) return "the configuration was read again: nothing changed";
      const later = needsRestart.length === 0 ? "" : `; at the next start: ${needsRestart.join(", ")}`;
      return `the configuration was read again and is in force: ${changes.join(", ")}${later}`;
    }
  }
}
