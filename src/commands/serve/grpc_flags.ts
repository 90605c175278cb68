/**
 * The flags of `serve grpc`, and what they put in place of environment and file.
 * @module
 */
import { FileError, readTextFile } from "../../net/read_file.ts";
import type { Override } from "../../ops/config/mod.ts";
import { flagTable, type FlagValues } from "../cli/flags.ts";
import type { GrpcFlags } from "./grpc_config.ts";

/** All of them. Values are checked by the configuration, as those of the file are. */
export const grpcFlags = flagTable({
  "config": {
    kind: "string",
    short: "c",
    once: true,
    placeholder: "FILE",
    help: "the configuration file; else CONFIG_PATH names it",
  },
  "listen": {
    kind: "list",
    placeholder: "HOST:PORT",
    help: "listen there for HTTP/2 without TLS; else SERVICE_PORT_GRPC, or the file",
  },
  "admin": { kind: "string", placeholder: "HOST:PORT", help: 'the admin interface; "" turns it off' },
  "log": { kind: "string", placeholder: "LEVEL", help: "debug, info, warning or error" },
  "log-format": { kind: "string", placeholder: "text|json", help: "text on a terminal, json elsewhere, unless set" },
  "jwt-secret-file": {
    kind: "string",
    placeholder: "FILE",
    help: "the secret of tokens, without the line end behind it; else JWT_SECRET",
  },
  "retry-count": { kind: "string", placeholder: "N", help: "attempts after the first one; else RETRY_COUNT" },
  "retry-timeout": {
    kind: "string",
    placeholder: "DURATION",
    help: "time for one attempt to get a stream; else RETRY_TIMEOUT_MS",
  },
});

/** The key that a flag sets. */
const KEYS = {
  "listen": "grpc.listen",
  "admin": "admin.listen",
  "log": "logging.level",
  "log-format": "logging.format",
  "retry-count": "grpc.retry.count",
  "retry-timeout": "grpc.retry.attempt_timeout",
} as const satisfies Partial<Record<keyof FlagValues<typeof grpcFlags>, string>>;

/** What the flags say. Reads the file of the secret, each time anew. */
export async function grpcOverrides(flags: FlagValues<typeof grpcFlags>): Promise<GrpcFlags> {
  const overrides: Override[] = [];
  for (const [name, key] of Object.entries(KEYS)) {
    const value = flags[name as keyof typeof KEYS];
    if (value === undefined || (Array.isArray(value) && value.length === 0)) continue;
    // One address is written the way a file would, so that an error does not speak of an index.
    const plain = Array.isArray(value) && value.length === 1 ? value[0] : value;
    overrides.push({ path: key.split("."), value: plain, flag: `--${name}` });
  }
  const { config, "jwt-secret-file": file } = flags;
  if (file === undefined) return { config, overrides };
  const [flag, path] = ["--jwt-secret-file", ["grpc", "auth", "jwt_secret"]];
  try {
    const value = (await readTextFile(file)).replace(/[\r\n]+$/, "");
    if (value === "") return { config, overrides, problems: [{ flag, path, message: `${file} is empty` }] };
    return { config, overrides: [...overrides, { path, value, flag }] };
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    return { config, overrides, problems: [{ flag, path, message: error.message }] };
  }
}
