/**
 * `serve`: the gateway, until it is told to stop.
 * @module
 */
import { Gateway } from "../diameter/relay/gateway.ts";
import type { GatewayOptions } from "../diameter/relay/options.ts";
import type { LoadedConfig } from "../ops/config/mod.ts";
import { affordableConnections } from "../ops/descriptors.ts";
import { type ClosableLogger, createLogger, guardFloods, type Logger } from "../ops/log/mod.ts";
import { VERSION } from "../version.ts";
import { defineCommand, EXIT } from "./command.ts";
import { eventLog, messageLog } from "./event_log.ts";
import { gatewayOptions } from "./gateway_options.ts";
import { configFromServeFlags, serveFlags } from "./serve_flags.ts";
import { HangUps, Interruption } from "./signals.ts";
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
    const errors = loaded.ok ? await tlsFileErrors(loaded) : loaded.errors;
    for (const line of [...loaded.warnings, ...errors]) printError(line);
    if (!loaded.ok || errors.length > 0) return EXIT.usage;
    const { logging } = loaded.config;
    const log = createLogger({
      level: logging.level,
      ...(loaded.isSet("logging.format") ? { format: logging.format } : {}),
    });
    try {
      return await serve(loaded, log, hangUps);
    } finally {
      await log.close();
    }
  },
});

async function serve({ config, source }: LoadedConfig, log: ClosableLogger, hangUps: HangUps): Promise<number> {
  const options = withinDescriptors(gatewayOptions(config), log);
  const gateway = new Gateway(options);
  const events = guardFloods(log);
  gateway.on(eventLog(events));
  const { requests, responses } = config.logging;
  if (requests || responses) gateway.observe(messageLog(log, requests, responses));
  log.info("starting", `diam-gw ${VERSION} as ${options.originHost} in ${options.originRealm}`, {
    version: VERSION,
    origin_host: options.originHost,
    origin_realm: options.originRealm,
    config: source,
    dras: options.draPool.dras.map((dra) => dra.name),
  });
  if (options.draPool.dras.length === 0) {
    log.warning(
      "no_dra_configured",
      "no DRA is configured: every request will be answered 3002. Give --dra HOST:PORT, or dra_pool.dras in a file (-c)",
    );
  }
  // Before there is a peer to take leave of.
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
  logStatistics(gateway, log);
  return EXIT.done;
}

async function reloadCertificates(gateway: Gateway, log: Logger): Promise<void> {
  try {
    await gateway.reloadCertificates();
    log.info("certificates_reloaded", "SIGHUP: the certificates were read again, for connections to come");
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    log.error("certificates_kept", `SIGHUP: the certificates in force stay: ${reason}`, { reason });
  }
}

function logStatistics(gateway: Gateway, log: Logger): void {
  const statistics = gateway.statistics;
  const { sessions_created: created, sessions_completed: completed, active_dras: active, total_dras: total } =
    statistics;
  log.info(
    "statistics",
    `${created} requests, ${completed} answered by the other side, ${active} of ${total} DRAs usable`,
    { ...statistics },
  );
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
  );
  return { ...options, server: { ...server, maxConnections: affordable } };
}
