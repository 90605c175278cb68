/**
 * Host names, addresses and `HOST:PORT`, read strictly: what passes here can be handed to the platform.
 * @module
 */

import type { ListenAddress } from "./config.ts";

/** The highest TCP port. */
export const LAST_PORT = 65535;

/** What is wrong with an address, as the sentence a person gets. */
export class AddressError extends Error {
  override name = "AddressError";
}

/**
 * Reads `HOST:PORT`, IPv6 as `[::1]:3868`. Port 0 is taken, for a port the system picks.
 *
 * @throws {AddressError} that says what was expected
 */
export function parseAddress(text: string, firstPort = 0): ListenAddress {
  const match = /^(?:\[([^\]]*)\]|([^:\s]+)):([^:]+)$/.exec(text);
  const [, bracketed, plain, portText = ""] = match ?? [];
  const hostname = bracketed ?? plain;
  if (hostname === undefined) {
    const hint = (text.match(/:/g)?.length ?? 0) > 1 ? " (an IPv6 address goes in brackets: [::1]:3868)" : "";
    throw new AddressError(`expected HOST:PORT, got ${JSON.stringify(text)}${hint}`);
  }
  if (bracketed === undefined ? !isHost(hostname) || isIpv6(hostname) : !isIpv6(hostname)) {
    const expected = bracketed === undefined ? "a host name or an IPv4 address" : "an IPv6 address";
    throw new AddressError(`expected ${expected} before the port, got ${JSON.stringify(text)}`);
  }
  const port = /^\d+$/.test(portText) ? Number(portText) : NaN;
  if (!(port >= firstPort && port <= LAST_PORT)) {
    throw new AddressError(`expected a port ${firstPort}..${LAST_PORT}, got ${portText}`);
  }
  return { hostname, port, text: formatAddress(hostname, port) };
}

/** `HOST:PORT`, with brackets where IPv6 needs them. */
export function formatAddress(hostname: string, port: number): string {
  return hostname.includes(":") ? `[${hostname}]:${port}` : `${hostname}:${port}`;
}

/** Whether `text` is a host name, an IPv4 or an IPv6 address (without brackets). */
export function isHost(text: string): boolean {
  // Digits and dots alone are meant as an address: 10.0.1.300 is a slip of the pen, not a name.
  return /^[\d.]+$/.test(text) ? isIpv4(text) : isIpv6(text) || isHostName(text);
}

/** Whether `text` is an IPv4 or IPv6 address (without brackets). */
export function isIp(text: string): boolean {
  return isIpv4(text) || isIpv6(text);
}

/** Whether `text` is an address or a CIDR range such as `10.0.0.0/8`. */
export function isIpRange(text: string): boolean {
  const [address = "", prefix, ...rest] = text.split("/");
  if (!isIp(address) || rest.length > 0) return false;
  return prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= (isIpv4(address) ? 32 : 128));
}

/** Whether only this host can reach a listener on `hostname`. */
export function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname.endsWith(".localhost") || canonicalIpv6(hostname) === "[::1]" ||
    (isIpv4(hostname) && hostname.startsWith("127."));
}

function isIpv4(text: string): boolean {
  const parts = text.split(".");
  return parts.length === 4 && parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) <= 255);
}

function isIpv6(text: string): boolean {
  return canonicalIpv6(text) !== undefined;
}

/** The URL parser knows every way to write an IPv6 address. A zone (`%eth0`) is cut off before it is asked. */
function canonicalIpv6(text: string): string | undefined {
  if (!text.includes(":")) return undefined;
  return URL.parse(`http://[${text.replace(/%[\w.-]+$/, "")}]/`)?.hostname;
}

/** Labels of letters, digits, hyphens and underscores (which real sites use), as RFC 1123 2.1 has them. */
export function isHostName(text: string): boolean {
  const label = /^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?$/i;
  return text.length <= 253 && text.split(".").every((part) => part.length <= 63 && label.test(part));
}
