/**
 * `check grpc`: would `serve grpc` start here?
 * @module
 */
import { defineCommand } from "../cli/command.ts";
import { grpcFile, readGrpcConfig } from "../serve/grpc_config.ts";
import { checkFlags, reportOn } from "./report.ts";

/** Validates what `serve grpc` would run with. */
export default defineCommand({
  name: "check grpc",
  summary: "validate a configuration file and the environment for the gRPC plane",
  arguments: "[-c FILE|-] [--print] [--resolve] [--json]",
  description: `
Reads what "serve grpc" reads: the file that -c or CONFIG_PATH names, and SERVICE_PORT_GRPC, JWT_SECRET, RETRY_COUNT and
RETRY_TIMEOUT_MS, which win over it. Sections of other planes are not looked at. Errors and exit codes are those of
check.`,
  flags: checkFlags,
  examples: [
    ["check grpc -c gateway.yaml", "would serve grpc start with it?"],
    ["check grpc -c gateway.yaml --print", "what does it amount to, environment and all?"],
  ],
  async run(flags) {
    // Without a file, reading tells what is missing.
    const file = grpcFile(flags.config);
    return await reportOn(file ?? "", flags, () => readGrpcConfig("check grpc", { config: file }));
  },
});
