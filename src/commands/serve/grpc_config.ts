/**
 * The configuration of the gRPC plane alone: flags win over the environment, that over the file.
 * @module
 */
import { grpcEnvironment, MISSING } from "../../grpc/config/environment.ts";
import { type Read, readWholeConfig } from "../../host/config.ts";
import { configFileName, type Override, type Report, told } from "../../ops/config/mod.ts";
import { UsageError } from "../cli/command.ts";

/** What the command line says. */
export interface GrpcFlags {
  /** The file that a flag names. */
  readonly config: string | undefined;
  readonly overrides?: readonly Override[];
  /** What is wrong with the flags themselves. */
  readonly problems?: readonly Omit<Report, "severity" | "source">[];
}

/** The file that a flag, CONFIG_PATH or DIAM_GW_CONFIG names; undefined when none does. */
export function grpcFile(flag: string | undefined): string | undefined {
  return flag ?? configFileName(environment().file);
}

/**
 * Reads it, with every error of flags, environment and file.
 * @param name the command, for the hint of a usage error
 * @throws {UsageError} when no file is named
 * @throws {FileError} when it cannot be read
 */
export async function readGrpcConfig(
  name: string,
  { config, overrides = [], problems = [] }: GrpcFlags,
): Promise<Read> {
  const said = environment();
  const file = grpcFile(config);
  const own = [...problems, ...said.problems];
  if (file === undefined) {
    throw new UsageError([...own, MISSING.file].map(({ flag, message }) => `${flag}: ${message}`), name);
  }
  const loaded = await readWholeConfig(file, [...said.overrides, ...overrides], ["grpc"]);
  const isSet = (path: string) => loaded.isSet?.(path) ?? true;
  // A wrong port in the environment is told, and not that there is none.
  const hasListen = isSet("grpc.listen") || isSet("grpc.tls.listen") ||
    said.problems.some(({ path }) => path[1] === "listen");
  const errors = [...own, ...(hasListen ? [] : [MISSING.listen])];
  if (errors.length === 0) return loaded;
  const { source } = loaded;
  const reports = errors.map((problem): Report => ({ severity: "error", source, ...problem }));
  return { ...loaded, ok: false, ...told(source, [...reports, ...loaded.reports]) };
}

function environment() {
  return grpcEnvironment((name) => Deno.env.get(name));
}
