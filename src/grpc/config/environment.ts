/**
 * The environment that `serve grpc` and `check grpc` read. Does no I/O.
 * @module
 */
import type { Environment } from "../../ops/config/environment.ts";
import { formatAddress } from "../../ops/config/address.ts";
import type { Override } from "../../ops/config/mod.ts";
import type { Path } from "../../ops/config/path.ts";

/** What the environment says. */
export interface GrpcEnvironment {
  /** The file that CONFIG_PATH names. */
  readonly file: string | undefined;
  /** What counts more than the file. */
  readonly overrides: readonly Override[];
  readonly problems: readonly EnvironmentProblem[];
}

/** A variable that is wrong, and the key that it would have set. */
export interface EnvironmentProblem {
  /** `environment: RETRY_COUNT`. */
  readonly flag: string;
  readonly path: Path;
  readonly message: string;
}

const PREFIX = "environment: ";

/** Reads all variables; an empty value counts as absent. */
export function grpcEnvironment(environment: Environment): GrpcEnvironment {
  const overrides: Override[] = [];
  const problems: EnvironmentProblem[] = [];
  for (const [name, { key, value: read }] of Object.entries(VARIABLES)) {
    const text = environment(name);
    if (text === undefined || text === "") continue;
    const [flag, path] = [`${PREFIX}${name}`, ["grpc", ...key.split(".")]];
    const value = read(text);
    if (value instanceof Wrong) problems.push({ flag, path, message: value.message });
    else overrides.push({ path, value, flag });
  }
  return { file: environment("CONFIG_PATH") || undefined, overrides, problems };
}

/** What is wrong with a value. */
class Wrong {
  constructor(readonly message: string) {}
}

const VARIABLES: Readonly<Record<string, { readonly key: string; value(text: string): unknown }>> = {
  // All addresses of both kinds: what is listened on with IPv6 takes IPv4 as well.
  SERVICE_PORT_GRPC: { key: "listen", value: number("a port", 1, 65_535, (port) => formatAddress("::", port)) },
  JWT_SECRET: { key: "auth.jwt_secret", value: (text) => text },
  RETRY_COUNT: { key: "retry.count", value: number("a whole number", 0, 10, (count) => count) },
  RETRY_TIMEOUT_MS: { key: "retry.attempt_timeout", value: number("a whole number", 1, 600_000, (ms) => `${ms}ms`) },
};

function number(what: string, least: number, most: number, toValue: (number: number) => unknown) {
  return (text: string) => {
    const plain = text.trim();
    const isNumber = /^-?\d+(\.\d+)?$/.test(plain);
    const number = isNumber ? Number(plain) : NaN;
    if (Number.isInteger(number) && number >= least && number <= most) return toValue(number);
    return new Wrong(`expected ${what} ${least}..${most}, got ${isNumber ? plain : JSON.stringify(text)}`);
  };
}

/** What must be said, here or elsewhere. */
export const MISSING = {
  file: { flag: `${PREFIX}CONFIG_PATH`, path: [], message: "missing; give it, or -c FILE" },
  listen: {
    flag: `${PREFIX}SERVICE_PORT_GRPC`,
    path: ["grpc", "listen"],
    message: "missing; give it, --listen HOST:PORT, or listen in the file",
  },
} as const satisfies Record<string, EnvironmentProblem>;
