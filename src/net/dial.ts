/**
 * Connects to an address, by whatever the connection is made of.
 * @module
 */
import type { Connection, Endpoint } from "./connection.ts";
import { type ConnectOptions, connectTcp } from "./tcp.ts";
import type { TlsClientFiles } from "./tls.ts";

/** What {@link dial} is, for those who are given another one. */
export type Dial = typeof dial;

/**
 * Connects to `to`: with TLS when there are `tls` files, else with plain TCP.
 * @throws Error that tells the cause: refused, timed out, given up, a certificate that does not
 * stand
 */
export async function dial(
  to: Endpoint,
  tls: TlsClientFiles | undefined,
  options: ConnectOptions,
): Promise<Connection> {
  if (tls === undefined && !options.bind) return await connectTcp(to, options);
  // Loaded when needed: the compatibility layer under it takes 6 MB.
  const { connectFrom, connectTls } = await import("./tls.ts");
  return tls === undefined ? await connectFrom(to, options) : await connectTls(to, tls, options);
}
