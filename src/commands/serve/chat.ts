/**
 * `serve chat`: the chat plane alone, until it is told to stop.
 * @module
 */
import { configFileName } from "../../ops/config/mod.ts";
import { defineCommand } from "../cli/command.ts";
import { HangUps } from "../cli/signals.ts";
import { readChatConfig } from "./chat_config.ts";
import { chatFlags, chatOverrides } from "./chat_flags.ts";
import { run } from "./serve.ts";

/** Runs the gateway between devices and a chat service. */
export default defineCommand({
  name: "serve chat",
  summary: "run the gateway between devices and a chat service",
  arguments: "[-c FILE] [--dev] [flags]",
  description: `
Keeps the connections of devices (WebSocket, gRPC, Connect, gRPC-web), spreads the events of rooms to them, and forwards
their calls to the core chat service. SIGTERM and SIGINT drain it: devices are sent away over drain_spread, calls in
flight are answered. SIGHUP reads configuration and certificates again.

Flags win over the environment, and that over the file, of which sections of other planes are ignored. The environment:
CHAT_SERVICE_URI, MAX_CONNECTIONS_PER_DEVICE, CONNECTION_TIMEOUT_SEC, HEARTBEAT_INTERVAL_SEC, MAX_EVENTS_PER_SECOND,
CACHE_URI, OAUTH2_ISSUER, OAUTH2_JWT_VERIFY_AUDIENCE, OAUTH2_TOKEN_ENDPOINT, JWT_CLIENT_ID, JWT_CLIENT_SECRET, HTTP_PORT
(80), GRPC_PORT (50051; 0 is off), LOG_LEVEL; with OTEL_EXPORTER_OTLP_ENDPOINT, spans of connections and calls go there.
Somebody must say whose tokens count: OAUTH2_ISSUER, --issuer, or the file.

--dev needs nothing else: it listens on 127.0.0.1:8080 and 127.0.0.1:50051, has an issuer, a core and a cache of its own
and a page for the browser at /, and refuses to listen beyond loopback.`,
  flags: chatFlags,
  examples: [
    ["serve chat --dev", "everything on this machine, to try it out"],
    ["serve chat", "with the environment of a container: OAUTH2_ISSUER, CHAT_SERVICE_URI, CACHE_URI"],
    ["serve chat -c chat.yaml --http 127.0.0.1:8080", "with a configuration file"],
  ],
  async run(flags) {
    using hangUps = new HangUps();
    const overrides = chatOverrides(flags);
    await using dev = flags.dev ? await (await import("./chat_dev.ts")).DevServices.start() : undefined;
    const read = () => readChatConfig({ config: flags.config, overrides, dev });
    const more = dev === undefined ? {} : { chatPages: dev.pages };
    return await run(configFileName(flags.config), read, hangUps, more);
  },
});
