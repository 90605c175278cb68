/**
 * `sim echo`: a worker behind the gateway.
 * @module
 */
import { echoMethods } from "../../grpc/sim/echo.ts";
import { Registration } from "../../grpc/sim/registration.ts";
import { GrpcServer } from "../../rpc/server.ts";
import { endpointText } from "../../net/connection.ts";
import { createLogger, type Logger } from "../../ops/log/mod.ts";
import { defineCommand } from "../cli/command.ts";
import type { FlagValues } from "../cli/flags.ts";
import { flagTable } from "../cli/flags.ts";
import { FlagReader } from "./flags.ts";
import { listenAddress, runService, type Service } from "./service.ts";

const NAME = "sim echo";

const FLAGS = flagTable({
  listen: { kind: "string", placeholder: "HOST:PORT", help: "where; port 0 takes a free one", required: true },
  id: { kind: "string", placeholder: "ID", help: "its name; echo-PORT otherwise" },
  discoverer: { kind: "string", placeholder: "URL", help: "register there, and give signs of life" },
  heartbeat: { kind: "duration", placeholder: "TIME", help: "how often", default: 5_000, least: 100 },
  advertise: {
    kind: "string",
    placeholder: "IPV4:PORT",
    help: "the address to register; the one that it listens on otherwise",
  },
  "max-streams": { kind: "number", placeholder: "N", help: "calls at once on each connection", least: 1 },
  delay: { kind: "duration", placeholder: "TIME", help: "every answer comes so much later" },
  quiet: { kind: "boolean", help: "do not tell of the discoverer" },
});

/** Runs an instance until it is told to stop. */
export default defineCommand({
  name: NAME,
  summary: "an instance of the gRPC example's service: echoes, streams, shuts down",
  arguments: "--listen HOST:PORT [--discoverer URL]",
  description: `
Answers MyServiceEcho, MyServiceSubscribe and MyServiceShutdown of my_service.MyServiceAPI; other methods are
UNIMPLEMENTED. With --discoverer it registers, gives signs of life, and registers again when the discoverer has
forgotten it. It says "listening on HOST:PORT" on stdout. With MyServiceShutdown, SIGTERM or SIGINT it unregisters,
serves the calls that are under way, and ends.`,
  flags: FLAGS,
  examples: [
    ["sim echo --listen 127.0.0.1:6001", "an instance for a static cluster"],
    ["sim echo --listen 127.0.0.1:0 --id worker-1 --discoverer http://127.0.0.1:8080", "for a dynamic one"],
  ],
  async run(flags) {
    const reader = new FlagReader(NAME);
    const listen = listenAddress(reader, "listen", flags.listen);
    const { discoverer, advertise } = flags;
    if (discoverer !== undefined && !/^https?:\/\/[^/]/.test(discoverer)) {
      reader.reject("discoverer", `expected http://HOST:PORT, got ${JSON.stringify(discoverer)}`);
    }
    const wanted = advertise ?? (discoverer === undefined ? undefined : listen.text);
    const advertised = wanted === undefined ? undefined : ipv4Address(reader, advertise, wanted);
    if (advertise !== undefined && discoverer === undefined) {
      reader.reject("advertise", "has no effect without --discoverer");
    }
    reader.check();
    const log = createLogger({ level: flags.quiet ? "error" : "info" });
    try {
      return await runService(listen, () => Promise.resolve(start(flags, listen, advertised, log)));
    } finally {
      await log.close();
    }
  },
});

/** The server first, so that whoever reads of the instance can reach it. */
function start(
  flags: FlagValues<typeof FLAGS>,
  listen: { readonly hostname: string; readonly port: number },
  advertised: { readonly ipv4: string; readonly port: number } | undefined,
  log: Logger,
): Service {
  const ended = Promise.withResolvers<void>();
  let id = "";
  const maxConcurrentStreams = flags["max-streams"];
  const server = new GrpcServer({
    listen,
    http2: maxConcurrentStreams === undefined ? {} : { maxConcurrentStreams },
    methods: ({ port }) => {
      id = flags.id ?? `echo-${port}`;
      return echoMethods({ id, delay: flags.delay ?? 0, shutdown: ended.resolve });
    },
  });
  const { address } = server;
  const { discoverer, heartbeat } = flags;
  const registration = discoverer === undefined || advertised === undefined ? undefined : new Registration({
    discoverer,
    heartbeat,
    log,
    instance: { instance_id: id, ipv4: advertised.ipv4, port: advertised.port || address.port },
  });
  log.info("started", `instance ${id} at ${endpointText(address)}`, { instance_id: id });
  return {
    address,
    ended: ended.promise,
    async stop() {
      await registration?.end();
      await server.stop();
    },
  };
}

/** What a discoverer takes: an IPv4 address. Port 0 stands for the one that is taken. */
function ipv4Address(reader: FlagReader, flag: string | undefined, text: string) {
  const name = flag === undefined ? "listen" : "advertise";
  const { hostname, port } = listenAddress(reader, name, text);
  if (hostname === "" || (/^\d+(\.\d+){3}$/.test(hostname) && hostname !== "0.0.0.0")) return { ipv4: hostname, port };
  reader.reject(
    name,
    `expected an IPv4 address that others can reach, got ${JSON.stringify(hostname)}; ` +
      "a discoverer takes nothing else: give --advertise IPV4:PORT",
  );
  return undefined;
}
