/**
 * The addresses behind a host name. Loaded when needed: the compatibility layer under it takes
 * memory.
 * @module
 */
import { lookup } from "node:dns/promises";
import { plainAddress } from "./connection.ts";

/**
 * All addresses of `host` as the system knows them: its hosts file, then DNS.
 * @throws Error when the name is not known
 */
export async function addressesOf(host: string): Promise<string[]> {
  return (await lookup(host, { all: true })).map(({ address }) => plainAddress(address));
}
