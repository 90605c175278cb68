/**
 * The configuration of the chat plane alone: flags win over the environment, that over the file.
 * @module
 */
import { chatEnvironment } from "../../chat/config/environment.ts";
import { type Read, readWholeConfig } from "../../host/config.ts";
import { formatAddress, isLoopback } from "../../ops/config/address.ts";
import { configFileName, type Override, type Report, told } from "../../ops/config/mod.ts";

/** What the command line says. */
export interface ChatArguments {
  /** The file that a flag names. */
  readonly config: string | undefined;
  readonly overrides?: readonly Override[];
  /** What stands in for what nobody has configured: only loopback is listened on then. */
  readonly dev?: DevParts | undefined;
}

/** What a gateway for development is made of. */
export interface DevParts {
  /** Whose tokens count. */
  readonly issuer: string;
  readonly core: string;
}

const DEV_HOST = "127.0.0.1";
const AUTH = ["chat.auth.issuer", "chat.auth.jwks_uri", "chat.auth.secret"];

/**
 * Reads it, with every error of flags, environment and file.
 * @throws {FileError} when the file cannot be read
 */
export async function readChatConfig({ config, overrides = [], dev }: ChatArguments): Promise<Read> {
  const said = chatEnvironment((name) => Deno.env.get(name), dev === undefined ? undefined : DEV_HOST);
  const file = configFileName(config);
  const all = [...said.overrides, ...overrides];
  let loaded = await readWholeConfig(file, all, ["chat"]);
  if (dev !== undefined) {
    const isSet = loaded.isSet ?? (() => false);
    loaded = await readWholeConfig(file, [...devDefaults(dev, isSet), ...all], ["chat"]);
  }
  const problems: readonly Omit<Report, "severity" | "source">[] = [
    // What a stronger flag has set needs no variable.
    ...said.problems.filter(({ path }) => !overrides.some((other) => other.path.join(".") === path.join("."))),
    ...(dev === undefined || !loaded.ok ? [] : beyondLoopback(loaded)),
  ];
  if (problems.length === 0) return loaded;
  const { source } = loaded;
  const reports = problems.map((problem): Report => ({ severity: "error", source, ...problem }));
  return { ...loaded, ok: false, ...told(source, [...reports, ...loaded.reports]) };
}

/** In place of what nobody has set. */
function devDefaults({ issuer, core }: DevParts, isSet: (path: string) => boolean): Override[] {
  const defaults: readonly (readonly [key: string, value: unknown])[] = [
    ["chat.http.listen", `${DEV_HOST}:8080`],
    ["chat.grpc.listen", `${DEV_HOST}:50051`],
    ["chat.core.uri", core],
  ];
  return [
    ...defaults.filter(([key]) => !isSet(key)),
    ...(AUTH.some(isSet) ? [] : [["chat.auth.issuer", issuer] as const]),
  ].map(([key, value]) => ({ path: key.split("."), value, flag: "--dev" }));
}

function* beyondLoopback({ config: { chat } }: Read & { readonly ok: true }) {
  for (const side of ["http", "grpc"] as const) {
    for (const { hostname, port } of chat?.[side].listen ?? []) {
      if (isLoopback(hostname)) continue;
      const message = `listens on loopback only, not on ${formatAddress(hostname, port)}: anybody could make tokens`;
      yield { flag: "--dev", path: ["chat", side, "listen"], message };
    }
  }
}
