/**
 * `serve`: the gateway, until it is told to stop.
 * @module
 */
import { Gateway } from "../diameter/relay/gateway.ts";
import { type LoadedConfig, reportJson, reportLine, reportSentence } from "../ops/config/mod.ts";
import { type ClosableLogger, createLogger, type Logger } from "../ops/log/mod.ts";
import { VERSION } from "../version.ts";
import { defineCommand, EXIT } from "./command.ts";
import { eventLog, messageLog } from "./event_log.ts";
import { gatewayOptions } from "./gateway_options.ts";
import { configFromServeFlags, serveFlags } from "./serve_flags.ts";
import { Interruption } from "./signals.ts";
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
      return await serve(loaded, log);
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

async function serve({ config, source, reports }: LoadedConfig, log: ClosableLogger): Promise<number> {
  const options = gatewayOptions(config);
  const gateway = new Gateway(options);
  gateway.on(eventLog(log));
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
  // Signals have their handlers before anybody can know that it listens.
  const ignoreHangUps = onHangUp(() => reloadCertificates(gateway, log));
  using interruption = new Interruption();
  try {
    await gateway.start();
  } catch (error) {
    ignoreHangUps();
    log.error("start_failed", error instanceof Error ? error.message : String(error));
    return EXIT.failed;
  }
  const { interval } = config.stats;
  const timer = interval > 0 ? setInterval(() => logStatistics(gateway, log), interval) : undefined;
  await interruption.wait();
  log.info("signal", "told to stop");
  await gateway.stop();
  ignoreHangUps();
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

/** Calls `handler` for each SIGHUP until the returned function is called. */
function onHangUp(handler: () => void): () => void {
  if (Deno.build.os === "windows") return () => {};
  Deno.addSignalListener("SIGHUP", handler);
  return () => Deno.removeSignalListener("SIGHUP", handler);
}
