/**
 * `serve`: the gateway, until it is told to stop.
 * @module
 */
import { Gateway } from "../diameter/relay/gateway.ts";
import type { LoadedConfig } from "../ops/config/mod.ts";
import { type ClosableLogger, createLogger, type Logger } from "../ops/log/mod.ts";
import { VERSION } from "../version.ts";
import { defineCommand, EXIT } from "./command.ts";
import { eventLog, messageLog } from "./event_log.ts";
import { gatewayOptions } from "./gateway_options.ts";
import { configFromServeFlags, serveFlags } from "./serve_flags.ts";
import { Interruption } from "./signals.ts";
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
      return await serve(loaded, log);
    } finally {
      await log.close();
    }
  },
});

async function serve({ config, source }: LoadedConfig, log: ClosableLogger): Promise<number> {
  const options = gatewayOptions(config);
  const gateway = new Gateway(options);
  gateway.on(eventLog(log));
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
  try {
    await gateway.start();
  } catch (error) {
    log.error("start_failed", error instanceof Error ? error.message : String(error));
    return EXIT.failed;
  }
  const { interval } = config.stats;
  const timer = interval > 0 ? setInterval(() => logStatistics(gateway, log), interval) : undefined;
  const ignoreHangUps = onHangUp(() => reloadCertificates(gateway, log));
  using interruption = new Interruption();
  await interruption.wait();
  log.info("signal", "told to stop");
  await gateway.stop();
  ignoreHangUps();
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

/** Calls `handler` for each SIGHUP until the returned function is called. */
function onHangUp(handler: () => void): () => void {
  if (Deno.build.os === "windows") return () => {};
  Deno.addSignalListener("SIGHUP", handler);
  return () => Deno.removeSignalListener("SIGHUP", handler);
}
