/**
 * The environment that `serve chat` and `check chat` read. Does no I/O.
 * @module
 */
import type { Environment } from "../../ops/config/environment.ts";
import { formatAddress } from "../../ops/config/address.ts";
import type { Override } from "../../ops/config/mod.ts";
import type { Path } from "../../ops/config/path.ts";

/** What the environment says. */
export interface ChatEnvironment {
  /** What counts more than the file. */
  readonly overrides: readonly Override[];
  readonly problems: readonly EnvironmentProblem[];
}

/** A variable that is wrong, and the key that it would have set. */
export interface EnvironmentProblem {
  /** `environment: HTTP_PORT`. */
  readonly flag: string;
  readonly path: Path;
  readonly message: string;
}

const PREFIX = "environment: ";

/**
 * Reads all variables; an empty value counts as absent.
 * @param host what a port is listened on
 */
export function chatEnvironment(environment: Environment, host = "0.0.0.0"): ChatEnvironment {
  const overrides: Override[] = [];
  const problems: EnvironmentProblem[] = [];
  for (const [name, { key, value: read }] of Object.entries(VARIABLES)) {
    const text = environment(name)?.trim();
    if (text === undefined || text === "") continue;
    const [flag, path] = [`${PREFIX}${name}`, key.split(".")];
    const value = read(text, host);
    if (value instanceof Wrong) problems.push({ flag, path, message: value.message });
    else overrides.push({ path, value, flag });
  }
  return { overrides, problems };
}

/** What is wrong with a value. */
class Wrong {
  constructor(readonly message: string) {}
}

type Reader = (text: string, host: string) => unknown;

const asItIs: Reader = (text) => text;

const VARIABLES: Readonly<Record<string, { readonly key: string; readonly value: Reader }>> = {
  CHAT_SERVICE_URI: { key: "chat.core.uri", value: asItIs },
  MAX_CONNECTIONS_PER_DEVICE: {
    key: "chat.max_connections_per_device",
    value: number("a whole number", 1, 10_000, (count) => count),
  },
  CONNECTION_TIMEOUT_SEC: { key: "chat.connection_timeout", value: seconds() },
  HEARTBEAT_INTERVAL_SEC: { key: "chat.heartbeat_interval", value: seconds() },
  MAX_EVENTS_PER_SECOND: {
    key: "chat.rate_limit.per_connection",
    value: number("a whole number", 0, 1_000_000_000, (count) => count),
  },
  CACHE_URI: { key: "chat.cache.uri", value: asItIs },
  OAUTH2_ISSUER: { key: "chat.auth.issuer", value: asItIs },
  OAUTH2_JWT_VERIFY_AUDIENCE: { key: "chat.auth.audience", value: asItIs },
  OAUTH2_TOKEN_ENDPOINT: { key: "chat.auth.token_endpoint", value: asItIs },
  JWT_CLIENT_ID: { key: "chat.auth.client_id", value: asItIs },
  JWT_CLIENT_SECRET: { key: "chat.auth.client_secret", value: asItIs },
  HTTP_PORT: { key: "chat.http.listen", value: number("a port", 0, 65_535, listenOn) },
  GRPC_PORT: {
    key: "chat.grpc.listen",
    value: number("a port", 0, 65_535, (port, host) => port === 0 ? [] : listenOn(port, host)),
  },
  LOG_LEVEL: { key: "logging.level", value: (text) => text.toLowerCase() },
};

function listenOn(port: number, host: string): string {
  return formatAddress(host, port);
}

/** Whole seconds, from one to a day. */
function seconds(): Reader {
  return number("a whole number of seconds", 1, 86_400, (count) => `${count}s`);
}

function number(
  what: string,
  least: number,
  most: number,
  toValue: (number: number, host: string) => unknown,
): Reader {
  return (text, host) => {
    const number = /^-?\d+$/.test(text) ? Number(text) : NaN;
    if (number >= least && number <= most) return toValue(number, host);
    return new Wrong(`expected ${what} ${least}..${most}, got ${text}`);
  };
}
