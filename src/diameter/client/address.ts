/**
 * `HOST:PORT` as the per-address client takes it.
 * @module
 */
import type { Endpoint } from "../../net/connection.ts";
import { InvalidConfigError } from "./errors.ts";
import { DIAMETER_PORT } from "./options.ts";

const LAST_PORT = 65535;

/**
 * Reads `HOST`, `HOST:PORT`, `[IPv6]` or `[IPv6]:PORT`; the port is 3868 unless given. Names are
 * written in lower case, so that one address is one key.
 * @throws InvalidConfigError that says what was expected
 */
export function readAddress(text: string): Endpoint {
  const match = /^(?:\[([0-9a-fA-F:.%\w]+)\]|([^:\s[\]/]+))(?::(\d{1,5}))?$/.exec(text);
  const hostname = match?.[1] ?? match?.[2];
  const port = match?.[3] === undefined ? DIAMETER_PORT : Number(match[3]);
  if (hostname === undefined) {
    const hint = text.split(":").length > 2 ? " (an IPv6 address goes in brackets: [::1]:3868)" : "";
    throw new InvalidConfigError([`address: expected HOST:PORT, got ${JSON.stringify(text)}${hint}`]);
  }
  if (port < 1 || port > LAST_PORT) {
    throw new InvalidConfigError([`address: expected a port 1..${LAST_PORT}, got ${JSON.stringify(text)}`]);
  }
  return { hostname: hostname.toLowerCase(), port };
}
