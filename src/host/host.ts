/**
 * The process: puts its planes, its log, its configuration, its metrics and the admin interface
 * together. Knows no plane by what it does.
 * @module
 */
import { endpointText } from "../net/connection.ts";
import type { ConfigTold } from "../ops/admin/host.ts";
import type { AdminEvent, EventSource } from "../ops/admin/plane.ts";
import type { AdminServer } from "../ops/admin/server.ts";
import { type Report, reportJson, reportSentence } from "../ops/config/mod.ts";
import { type ClosableLogger, guardFloods, type Logger } from "../ops/log/mod.ts";
import { Registry } from "../ops/metrics/registry.ts";
import { scrape } from "../ops/metrics/scrape.ts";
import type { OtlpSettings } from "../ops/otlp/settings.ts";
import { VERSION } from "../version.ts";
import type { AdminConfig, Config, Loaded, Read } from "./config.ts";
import type { HostedPlane, PlaneSurroundings } from "./hosted_plane.ts";
import { type ConfigEvent, LiveConfig } from "./live_config.ts";
import { LiveLog } from "./log_settings.ts";
import type { PlaneName } from "./planes.ts";
import { ProcessMetrics } from "./process_metrics.ts";
import { keepSwept } from "./sweeper.ts";
import { tlsFileErrors } from "./tls_files.ts";

/** Where the configuration came from. */
export interface ConfigOrigin {
  readonly loaded: Loaded;
  /** The file that a flag named. */
  readonly file: string | undefined;
  /** Where spans go; absent for nowhere. */
  readonly telemetry?: OtlpSettings | undefined;
  /** See {@link PlaneSurroundings.chatPages}. */
  readonly chatPages?: PlaneSurroundings["chatPages"];
  /** Reads it again, flags and all. */
  read(): Promise<Read>;
}

/** Why it cannot start, told in the log by then. */
export class StartFailed extends Error {}

/** Kinds of the process's own events. */
const KINDS = { config: "The configuration was read again, refused, confirmed, or has gone back." } as const;

/** How each plane is made. What a process does not have is not loaded. */
const HOSTED: Readonly<Record<PlaneName, (config: Config, around: PlaneSurroundings) => Promise<HostedPlane>>> = {
  diameter: async (config, around) => new (await import("./diameter_plane.ts")).DiameterPlane(config, around),
  grpc: async (config, around) => new (await import("./grpc_plane.ts")).GrpcPlane(config, around),
  chat: async (config, around) => new (await import("./chat_plane.ts")).ChatPlane(config, around),
};

/** One process with its planes. */
export class Host {
  readonly #log: ClosableLogger;
  readonly #events: ReturnType<typeof guardFloods>;
  readonly #planes: readonly HostedPlane[];
  readonly #config: LiveConfig;
  readonly #liveLog: LiveLog;
  readonly #startedAt = new Date();
  readonly #listeners = new Set<(event: AdminEvent) => void>();
  readonly #drained = Promise.withResolvers<void>();
  #metrics: ProcessMetrics | undefined;
  #admin: AdminServer | undefined;
  #statistics: ReturnType<typeof setInterval> | undefined;
  #endSweeping = () => {};

  private constructor(
    log: ClosableLogger,
    events: ReturnType<typeof guardFloods>,
    planes: readonly HostedPlane[],
    config: LiveConfig,
  ) {
    this.#log = log;
    this.#events = events;
    this.#planes = planes;
    this.#config = config;
    this.#liveLog = new LiveLog(log, planes, config.current.logging);
  }

  /**
   * Starts the planes that are configured, and what an operator needs to live with them.
   * @throws StartFailed when something cannot be listened on
   */
  static async start(origin: ConfigOrigin, log: ClosableLogger): Promise<Host> {
    const { loaded } = origin;
    const events = guardFloods(log);
    const { telemetry, chatPages } = origin;
    const around: PlaneSurroundings = {
      log,
      events,
      telemetry,
      ...(chatPages === undefined ? {} : { chatPages }),
      mask: () => config.current.admin.mask,
    };
    const planes = await Promise.all(loaded.layout.planes.map((name) => HOSTED[name](loaded.config, around)));
    const config: LiveConfig = await LiveConfig.of(
      {
        read: () => origin.read(),
        fileErrors: tlsFileErrors,
        apply: (next) => host.#apply(next),
        told: (event) => host.#tellConfig(event),
      },
      loaded,
      origin.file,
    );
    const host: Host = new Host(log, events, planes, config);
    try {
      for (const plane of planes) await plane.start();
      await host.#openAdmin(loaded);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      await host.stop();
      log.error("start_failed", reason);
      throw new StartFailed(reason);
    }
    host.#endSweeping = keepSwept(() => planes.reduce((sum, { work }) => sum + work, 0));
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
      for (const plane of this.#planes) await plane.reloadCertificates();
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
    await Promise.all(this.#planes.map((plane) => plane.stop()));
    if (this.#statistics !== undefined) clearInterval(this.#statistics);
    this.#endSweeping();
    this.#liveLog.close();
    this.#events.close();
    await this.#admin?.close();
    this.#metrics?.[Symbol.dispose]();
  }

  async #apply(config: Config): Promise<void> {
    await this.#configurePlanes(config);
    this.#liveLog.configure(config.logging);
    this.#admin?.configure(config.admin);
    this.#logRegularly(config.stats.interval);
  }

  /** All of them, or none: one that cannot takes the others back to what is in force. */
  async #configurePlanes(config: Config): Promise<void> {
    const done: HostedPlane[] = [];
    try {
      for (const plane of this.#planes) {
        await plane.configure(config);
        done.push(plane);
      }
    } catch (error) {
      for (const plane of done) await plane.configure(this.#config.current);
      throw error;
    }
  }

  async #openAdmin({ config: { admin }, isSet }: Loaded): Promise<void> {
    const { listen } = admin;
    if (listen === null) return;
    const { AdminListenError, startAdmin } = await import("../ops/admin/server.ts");
    try {
      this.#admin = await startAdmin(
        await this.#adminOptions(admin, listen),
        this.#adminHost(),
        await this.#adminPlanes(),
      );
    } catch (error) {
      // An address that nobody asked for: the gateway is worth more than its page.
      if (!(error instanceof AdminListenError) || !error.isTaken || isSet("admin.listen")) throw error;
      this.#metrics?.[Symbol.dispose]();
      this.#metrics = undefined;
      for (const plane of this.#planes) plane.unseen?.();
      const address = endpointText(listen);
      const what = "give this gateway another address (admin.listen, --admin), or an empty one for none";
      const sentence = `there is no admin interface: another program listens on ${address}; ${what}`;
      this.#log.warning("admin_off", sentence, { address }, []);
      return;
    }
    this.#log.info("admin_listening", `admin interface on ${this.#admin.url}`, { url: this.#admin.url }, []);
  }

  async #adminOptions({ token, hosts, tls }: AdminConfig, listen: NonNullable<AdminConfig["listen"]>) {
    const { dashboardAssets } = await import("../dashboard/assets.ts");
    const pages = await Promise.all(this.#planes.map((plane) => plane.page?.()));
    const assets = dashboardAssets(pages.filter((page) => page !== undefined));
    return { listen, token, hosts, ...(tls === undefined ? {} : { tls }), assets };
  }

  async #adminPlanes() {
    const failed = (family: string, error: unknown) => this.#log.error("metric_failed", `${family}: ${error}`);
    return await Promise.all(this.#planes.map((plane) => plane.admin(new Registry(failed))));
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
    for (const plane of this.#planes) plane.logStatistics();
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
