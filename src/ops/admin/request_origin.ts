/**
 * Where a request comes from, as far as a browser says it. A page of somebody else must not get at
 * the interface: neither under a name that it made point to us (the Host header), nor with a
 * request across sites (Origin, Sec-Fetch-Site).
 *
 * PURE.
 * @module
 */

/** What a request says of itself, and how it came. */
export interface Provenance {
  readonly method: string;
  readonly host: string | undefined;
  readonly origin: string | undefined;
  readonly secFetchSite: string | undefined;
  /** The address of ours that it came to, or undefined when that is not known. */
  readonly localAddress: string | undefined;
}

/** Names that are ours. */
export interface OwnNames {
  /** As configured, without brackets. */
  readonly listen: string;
  readonly hosts: readonly string[];
}

/** Why it is refused, or undefined when it may go on. */
export function foreignRequest(from: Provenance, own: OwnNames): string | undefined {
  return foreignHost(from, own) ?? (isSafe(from.method) ? undefined : foreignOrigin(from, own));
}

/**
 * Beyond loopback it is reached by names that nobody told us, and a token is needed anyway; so
 * there the check holds only when names were given. A client without a Host header (HTTP/1.0) is no
 * browser.
 */
function foreignHost({ host, localAddress }: Provenance, { listen, hosts }: OwnNames): string | undefined {
  const onLoopback = isLoopback(plain(listen)) || isLoopback(plain(localAddress ?? ""));
  if (host === undefined || (!onLoopback && hosts.length === 0)) return undefined;
  const name = nameOf(host);
  const known = [listen, localAddress ?? "", ...hosts].map(plain);
  if (isLoopback(name) || known.includes(name)) return undefined;
  return `the Host header names ${JSON.stringify(name)}, which is not a name of this interface; ` +
    "ask for its address, or add the name to admin.hosts";
}

function foreignOrigin({ host, origin, secFetchSite }: Provenance, { hosts }: OwnNames): string | undefined {
  if (origin !== undefined && !isOwnOrigin(origin, host, hosts)) {
    return `the request comes from a page of ${origin}; only pages of this interface may change something`;
  }
  if (secFetchSite !== undefined && secFetchSite !== "same-origin" && secFetchSite !== "none") {
    return `the request comes from a page of another site (Sec-Fetch-Site: ${secFetchSite}); ` +
      "only pages of this interface may change something";
  }
  return undefined;
}

/** A proxy may have changed the Host header: the names that were given count, too. */
function isOwnOrigin(origin: string, host: string | undefined, hosts: readonly string[]): boolean {
  if (!URL.canParse(origin)) return false;
  const url = new URL(origin);
  const own = `${url.protocol}//${host ?? ""}`;
  return (URL.canParse(own) && new URL(own).host === url.host) || hosts.map(plain).includes(plain(url.hostname));
}

const isSafe = (method: string) => method === "GET" || method === "HEAD";

/** The name or address in a Host header, without its port. */
function nameOf(host: string): string {
  return plain(host.replace(/:\d*$/, ""));
}

function plain(name: string): string {
  return name.toLowerCase().replace(/^\[(.*)\]$/, "$1").replace(/^::ffff:(?=\d+\.)/, "").replace(/\.$/, "");
}

/** Whether a name or an address without brackets is this machine's own. */
export function isLoopback(name: string): boolean {
  return name === "localhost" || name.endsWith(".localhost") || name === "::1" || /^127(\.\d{1,3}){3}$/.test(name);
}
