/**
 * `serve`: the gateway, until it is told to stop.
 * @module
 */
import { Gateway } from "../diameter/relay/gateway.ts";
import type { GatewayOptions } from "../diameter/relay/options.ts";
import { type LoadedConfig, reportJson, reportLine, reportSentence } from "../ops/config/mod.ts";
import { affordableConnections } from "../ops/descriptors.ts";
import { type ClosableLogger, createLogger, guardFloods, type Logger } from "../ops/log/mod.ts";
import { VERSION } from "../version.ts";
import { defineCommand, EXIT } from "./command.ts";
import { eventLog, messageLog } from "./event_log.ts";
import { gatewayOptions } from "./gateway_options.ts";
import { configFromServeFlags, serveFlags } from "./serve_flags.ts";
import { HangUps, Interruption } from "./signals.ts";
import { statisticsText } from "./statistics_text.ts";
import { printError } from "./terminal.ts";
import { tlsFileErrors } from "./tls_files.ts";

/** Runs the gateway. */
export default defineCommand({
  name: "serve",
  summary: "run the gateway",
  arguments: "[-c FILE] [flags]",
  description: `
Listens for Logic Apps, keeps the connections to the DRAs, and relays between them until SIGTERM or SIGINT, which end
it in order: pending answers are awaited, then every peer gets a DPR. A second signal ends it at once; SIGHUP reads
the certificates again. Flags win over
the file; without either it listens on 127.0.0.1:3868 and says that DRAs are missing. The log goes to stderr.`,
  flags: serveFlags,
  examples: [
    ["serve -c diam-gw.yaml", "with a configuration file"],
    ["serve --dra 10.0.1.100:3868 --dra 10.0.2.100:3868", "two DRAs, the first one preferred"],
    [
      "serve --listen 0.0.0.0:3868 --dra east=10.0.1.100:3868@1 --dra west=10.0.2.100:3868@1",
      "two that share the load",
    ],
  ],
  async run(flags) {
    // First of all: a SIGHUP that comes while it starts must not end it.
    using hangUps = new HangUps();
    const loaded = await configFromServeFlags(flags);
    const files = loaded.ok ? await loaded.located(await tlsFileErrors(loaded)) : [];
    const errors = [...loaded.errors, ...files.map(reportLine)];
    if (!loaded.ok || errors.length > 0) {
      // What cannot start has no log: lines for people, as `check` has them.
      for (const line of [...errors, ...loaded.warnings]) printError(line);
      return EXIT.usage;
    }
    const { logging } = loaded.config;
    const log = createLogger({
      level: logging.level,
      ...(loaded.isSet("logging.format") ? { format: logging.format } : {}),
    });
    try {
      return await serve(loaded, log, hangUps);
    } catch (error) {
      // Nothing else is to stand on stderr among the lines of the log.
      const reason = error instanceof Error ? error.stack ?? error.message : String(error);
      log.error("failed", "a defect in this program ended it", { reason });
      return EXIT.failed;
    } finally {
      await log.close();
    }
  },
});

async function serve(
  { config, source, reports }: LoadedConfig,
  log: ClosableLogger,
  hangUps: HangUps,
): Promise<number> {
  const options = withinDescriptors(gatewayOptions(config), log);
  const gateway = new Gateway(options);
  const events = guardFloods(log);
  gateway.on(eventLog(events));
  // The last statistics show the links while there are any.
  gateway.on(({ kind }) => kind === "leaving" && logStatistics(gateway, log));
  const { requests, responses } = config.logging;
  if (requests || responses) gateway.observe(messageLog(log, requests, responses));
  log.info("starting", `diam-gw ${VERSION} as ${options.originHost} in ${options.originRealm}`, {
    version: VERSION,
    origin_host: options.originHost,
    origin_realm: options.originRealm,
    config: source,
    dras: options.draPool.dras.map((dra) => dra.name),
  }, ["config", "dras"]);
  for (const report of reports) {
    const { key, line, column } = reportJson(report);
    log.warning("config_warning", reportSentence(report), { key, line, column }, []);
  }
  // Before anybody can know that it listens, and before there is a peer to take leave of.
  using interruption = new Interruption();
  try {
    await gateway.start();
  } catch (error) {
    events.close();
    log.error("start_failed", error instanceof Error ? error.message : String(error));
    return EXIT.failed;
  }
  const { interval } = config.stats;
  const timer = interval > 0 ? setInterval(() => logStatistics(gateway, log), interval) : undefined;
  hangUps.handle(() => void reloadCertificates(gateway, log));
  await interruption.wait();
  log.info("signal", "told to stop");
  await gateway.stop();
  hangUps.handle(() => {});
  events.close();
  if (timer !== undefined) clearInterval(timer);
  return EXIT.done;
}

async function reloadCertificates(gateway: Gateway, log: Logger): Promise<void> {
  try {
    await gateway.reloadCertificates();
    log.info("certificates_reloaded", "SIGHUP: the certificates were read again, for connections to come");
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    log.error("certificates_kept", `SIGHUP: the certificates in force stay: ${reason}`, { reason }, []);
  }
}

function logStatistics(gateway: Gateway, log: ClosableLogger): void {
  const statistics = gateway.statistics;
  const { sessions_created: created, sessions_completed: completed, active_dras: active, total_dras: total } =
    statistics;
  const sentence = log.format === "text"
    ? `statistics\n${statisticsText(statistics)}`
    : `${created} requests, ${completed} answered by the other side, ${active} of ${total} DRAs usable`;
  log.info("statistics", sentence, { ...statistics }, []);
}

/**
 * Keeps descriptors back for DRAs, listeners and files: a gateway that is full of Logic Apps must
 * still reach a DRA that was lost.
 */
function withinDescriptors(options: GatewayOptions, log: Logger): GatewayOptions {
  const { server, draPool } = options;
  const listeners = server.listen.length + (server.tls?.listen.length ?? 0);
  // Two for each link: the next attempt may begin before the last connection is closed.
  const others = listeners + 2 * draPool.connectionsPerDra * draPool.dras.length;
  const wanted = server.maxConnections;
  const affordable = affordableConnections(wanted, others);
  if (affordable === wanted) return options;
  log.warning(
    "max_connections_lowered",
    `at most ${affordable} connections are accepted, not ${wanted} (server.max_connections): ` +
      "this process may not open more files, see ulimit -n",
    { configured: wanted, in_force: affordable },
    [],
  );
  return { ...options, server: { ...server, maxConnections: affordable } };
}
