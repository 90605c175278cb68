/**
 * Host names, addresses and `HOST:PORT`, read strictly: what passes here can be handed to the
 * platform.
 * @module
 */

/** Where to listen, or whom to reach; `hostname` without brackets. */
export interface ListenAddress {
  readonly hostname: string;
  /** 0 for one that the system picks. */
  readonly port: number;
  /** `HOST:PORT`, IPv6 in brackets: what a person reads in the log. */
  readonly text: string;
}

/** The highest TCP port. */
export const LAST_PORT = 65535;

/** What a port may be, and which one is meant without any. */
export interface PortRule {
  /** 1 where somebody is to be reached; 0, the default, also takes a port that the system picks. */
  readonly first?: 0 | 1;
  /** Where none is named. */
  readonly otherwise: number;
}

/** What is wrong with an address, as the sentence a person gets. */
export class AddressError extends Error {
  override name = "AddressError";
}

/**
 * Reads `HOST:PORT` or `HOST` alone, IPv6 as `[::1]:3868` or `[::1]`.
 *
 * @throws {AddressError} that says what was expected
 */
export function parseAddress(text: string, { first = 0, otherwise }: PortRule): ListenAddress {
  const match = /^(?:\[([^\]]*)\]|([^:\s]+))(?::([^:]+))?$/.exec(text);
  const [, bracketed, plain, portText = String(otherwise)] = match ?? [];
  const hostname = bracketed ?? plain;
  if (hostname === undefined) {
    const hint = (text.match(/:/g)?.length ?? 0) > 1 ? " (an IPv6 address goes in brackets: [::1]:3868)" : "";
    throw new AddressError(`expected HOST:PORT, got ${JSON.stringify(text)}${hint}`);
  }
  if (bracketed === undefined ? !isHost(hostname) || isIpv6(hostname) : !isIpv6(hostname)) {
    const expected = bracketed === undefined ? "a host name or an IPv4 address" : "an IPv6 address";
    const where = match?.[3] === undefined ? "" : " before the port";
    const hint = /^\d+$/.test(text) ? ` (a port stands behind a host: 127.0.0.1:${text})` : "";
    throw new AddressError(`expected ${expected}${where}, got ${JSON.stringify(text)}${hint}`);
  }
  const port = /^\d+$/.test(portText) ? Number(portText) : NaN;
  if (!(port >= first && port <= LAST_PORT)) {
    throw new AddressError(`expected a port ${first}..${LAST_PORT}, got ${portText}`);
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

/**
 * The URL parser knows every way to write an IPv6 address. A zone (`%eth0`) is cut off before it is
 * asked.
 */
function canonicalIpv6(text: string): string | undefined {
  if (!text.includes(":")) return undefined;
  return URL.parse(`http://[${text.replace(/%[\w.-]+$/, "")}]/`)?.hostname;
}

/**
 * Labels of letters, digits, hyphens and underscores (which real sites use), as RFC 1123 2.1 has
 * them.
 */
export function isHostName(text: string): boolean {
  const label = /^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?$/i;
  return text.length <= 253 && text.split(".").every((part) => part.length <= 63 && label.test(part));
}
