/**
 * `serve`: the gateway, until it is told to stop.
 * @module
 */
import type { Loaded, Read } from "../../host/config.ts";
import { type ConfigOrigin, Host, logWarnings, StartFailed } from "../../host/host.ts";
import type { PlaneName } from "../../host/planes.ts";
import { tlsFileErrors } from "../../host/tls_files.ts";
import { reportLine } from "../../ops/config/mod.ts";
import { type ClosableLogger, createLogger, type LogFields } from "../../ops/log/mod.ts";
import { otlpSettings } from "../../ops/otlp/settings.ts";
import { VERSION } from "../../version.ts";
import { defineCommand, EXIT } from "../cli/command.ts";
import { HangUps, Interruption } from "../cli/signals.ts";
import { printError } from "../cli/terminal.ts";
import { configFromServeFlags, serveFlags } from "./flags.ts";
import { type Notice, notify } from "./service_manager.ts";

/** Runs the gateway. */
export default defineCommand({
  name: "serve",
  summary: "run the gateway",
  arguments: "[grpc|chat] [-c FILE] [flags]",
  description: `
Listens for Logic Apps, keeps the connections to the DRAs, and relays between them until SIGTERM or SIGINT, which end
it in order: pending answers are awaited, then every peer gets a DPR. A second signal ends it at once; SIGHUP reads
configuration and certificates again, and so does a POST to /api/v1/config/reload of the admin interface, which is on
127.0.0.1:9868 unless told otherwise. A file with errors changes nothing. Flags win over the file; without either it
listens on 127.0.0.1:3868 and says that DRAs are missing. The log goes to stderr. With OTEL_EXPORTER_OTLP_ENDPOINT in
the environment, spans of recorded transactions go there, and of the chat plane's connections and calls.

Every plane that the file configures is started: a section grpc, or the routes and clusters of one at the top, starts the
gRPC proxy beside this gateway, or alone where there is no section gateway, server or dra_pool; a section chat starts the
gateway between devices and a chat service. "serve grpc" and "serve chat" start one of them alone, and have flags and an
environment of their own.`,
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
    return await run(flags.config, (planes) => configFromServeFlags(flags, planes), hangUps);
  },
});

/**
 * Serves what `read` gives, until it is told to stop.
 * @param file that a flag named
 * @param read the configuration, flags and all, for these planes; for those that it configures
 * @param more of what the process is told at its start
 * @returns the exit code
 */
export async function run(
  file: string | undefined,
  read: (planes?: readonly PlaneName[]) => Promise<Read>,
  hangUps: HangUps,
  more: Pick<ConfigOrigin, "chatPages"> = {},
): Promise<number> {
  const loaded = await read();
  const files = loaded.ok ? await loaded.located(await tlsFileErrors(loaded)) : [];
  const telemetry = otlpSettings((name) => Deno.env.get(name));
  const errors = [...loaded.errors, ...files.map(reportLine), ...telemetry.errors];
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
    // A process keeps its planes: others that come into the file need another one.
    const origin = { loaded, file, read: () => read(loaded.layout.planes), telemetry: telemetry.settings, ...more };
    return await serve(origin, log, hangUps);
  } catch (error) {
    // Nothing else is to stand on stderr among the lines of the log.
    const reason = error instanceof Error ? error.stack ?? error.message : String(error);
    log.error("failed", "a defect in this program ended it", { reason });
    return EXIT.failed;
  } finally {
    await log.close();
  }
}

async function serve(origin: ConfigOrigin, log: ClosableLogger, hangUps: HangUps): Promise<number> {
  const { source, reports, layout: { ignored } } = origin.loaded;
  const { as, fields } = identityOf(origin.loaded);
  log.info("starting", `diam-gw ${VERSION}${as}`, { version: VERSION, config: source, ...fields }, ["config", "dras"]);
  if (ignored.length > 0) {
    const sentence = `other planes are not started: ${ignored.join(", ")} of the configuration ${
      ignored.length === 1 ? "is" : "are"
    } ignored`;
    log.info("sections_ignored", sentence, { sections: ignored }, []);
  }
  logWarnings(log, reports);
  // Before anybody can know that it listens, and before there is a peer to take leave of.
  using interruption = new Interruption();
  let host: Host;
  try {
    host = await Host.start(origin, log);
  } catch (error) {
    if (error instanceof StartFailed) return EXIT.failed;
    throw error;
  }
  hangUps.handle(() => void host.hangUp());
  await tell(log, "READY=1");
  const by = await Promise.race([
    interruption.wait().then(() => "told to stop"),
    host.drained.then(() => "told to drain over the admin interface"),
  ]);
  log.info("signal", by);
  await tell(log, "STOPPING=1");
  await host.stop();
  hangUps.handle(() => {});
  return EXIT.done;
}

/** Tells the service manager, if there is one; that it cannot be told ends nothing. */
async function tell(log: ClosableLogger, notice: Notice): Promise<void> {
  try {
    await notify(notice);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    log.warning("service_manager", `the service manager could not be told ${notice}: ${reason}`, { reason }, []);
  }
}

/** As what it starts, and the fields that say so. */
function identityOf({ config, layout: { planes } }: Loaded): { readonly as: string; readonly fields: LogFields } {
  const { gateway, dra_pool } = config;
  if (gateway === undefined || dra_pool === undefined) return { as: `, ${planes.join(" and ")}`, fields: { planes } };
  return {
    as: ` as ${gateway.originHost} in ${gateway.originRealm}`,
    fields: {
      origin_host: gateway.originHost,
      origin_realm: gateway.originRealm,
      dras: dra_pool.dras.map((dra) => dra.name),
      ...(planes.length > 1 ? { planes } : {}),
    },
  };
}
