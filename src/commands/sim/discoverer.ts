/**
 * `sim discoverer`: who is there, over HTTP.
 * @module
 */
import { startDiscoverer } from "../../grpc/sim/discoverer.ts";
import { createLogger } from "../../ops/log/mod.ts";
import { VERSION } from "../../version.ts";
import { defineCommand } from "../cli/command.ts";
import { FlagReader } from "./flags.ts";
import { listenAddress, runService } from "./service.ts";

const NAME = "sim discoverer";

/** Runs a discoverer until it is told to stop. */
export default defineCommand({
  name: NAME,
  summary: "a discoverer: gRPC instances register, the gateway asks who is there",
  arguments: "--listen HOST:PORT [--ttl 15s]",
  description: `
POST /v1/register with {"instance_id", "ipv4", "port"} registers, and is a sign of life; so is POST /v1/heartbeat/ID.
GET /v1/instances lists who is there; POST /v1/unregister/ID removes. /openapi.json describes it, /healthz answers.
It says "listening on HOST:PORT" on stdout, and ends with SIGTERM or SIGINT.`,
  flags: {
    listen: { kind: "string", placeholder: "HOST:PORT", help: "where; port 0 takes a free one", required: true },
    ttl: {
      kind: "duration",
      placeholder: "TIME",
      help: "an instance without a heartbeat for so long goes",
      default: 15_000,
      least: 100,
    },
    quiet: { kind: "boolean", help: "do not tell who comes and goes" },
  },
  examples: [
    ["sim discoverer --listen 127.0.0.1:8080", "for dynamic clusters with discoverer_url: http://127.0.0.1:8080"],
  ],
  async run({ listen: text, ttl, quiet }) {
    const reader = new FlagReader(NAME);
    const listen = listenAddress(reader, "listen", text);
    reader.check();
    const log = createLogger({ level: quiet ? "warning" : "info" });
    try {
      return await runService(listen, async () => {
        const discoverer = await startDiscoverer({ listen, ttl, version: VERSION, log });
        return { address: discoverer.address, stop: () => discoverer.close() };
      });
    } finally {
      await log.close();
    }
  },
});
