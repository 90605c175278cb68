/**
 * `serve grpc`: the gRPC plane alone, until it is told to stop.
 * @module
 */
import { defineCommand } from "../cli/command.ts";
import { HangUps } from "../cli/signals.ts";
import { grpcFile, readGrpcConfig } from "./grpc_config.ts";
import { grpcFlags, grpcOverrides } from "./grpc_flags.ts";
import { run } from "./serve.ts";

/** Runs the gRPC proxy and load balancer. */
export default defineCommand({
  name: "serve grpc",
  summary: "run the gRPC proxy and load balancer",
  arguments: "[-c FILE] [flags]",
  description: `
Routes gRPC calls by their full method name to clusters of backends, and knows none of their messages. SIGTERM and
SIGINT end it in order: running calls are served for drain_timeout. SIGHUP reads configuration and certificates again.

Flags win over the environment, and that over the file, of which sections of other planes are ignored. The environment:
SERVICE_PORT_GRPC (a port on all addresses), CONFIG_PATH (the file), JWT_SECRET (of HS256 tokens), RETRY_COUNT (0..10)
and RETRY_TIMEOUT_MS (1..600000). There must be a file, and somewhere to listen.`,
  flags: grpcFlags,
  examples: [
    ["serve grpc -c gateway.yaml --listen 127.0.0.1:10000", "with a configuration file"],
    ["serve grpc", "with the environment of a container: SERVICE_PORT_GRPC, CONFIG_PATH, JWT_SECRET"],
  ],
  async run(flags) {
    using hangUps = new HangUps();
    const read = async () => readGrpcConfig("serve grpc", await grpcOverrides(flags));
    return await run(grpcFile(flags.config), read, hangUps);
  },
});
