/**
 * Whose pages may talk to the gateway, and who is behind a proxy. PURE.
 * @module
 */
import { inNetwork } from "../../net/ip_network.ts";

/**
 * Whether a request with that Origin may go on: there is none (no browser), it is the request's own
 * host, or it is allowed.
 * @param allowed origins such as `https://chat.example.com`; `*` is any
 */
export function isAllowedOrigin(origin: string | undefined, host: string | undefined, allowed: readonly string[]) {
  if (origin === undefined || allowed.includes("*")) return true;
  if (!URL.canParse(origin)) return false; // `null`, of a page without an origin, too.
  const url = new URL(origin);
  const own = `${url.protocol}//${host ?? ""}`;
  if (host !== undefined && URL.canParse(own) && new URL(own).host === url.host) return true;
  return allowed.some((one) => URL.canParse(one) && new URL(one).origin === url.origin);
}

/**
 * The address of the device: the last one that no trusted proxy has, of those that it came by.
 * @param peer the connection's other end @param forwardedFor the header X-Forwarded-For
 */
export function remoteOf(peer: string, forwardedFor: string | undefined, trusted: readonly string[]): string {
  let remote = peer;
  const hops = (forwardedFor ?? "").split(",").map((hop) => plainHop(hop.trim())).filter(Boolean);
  while (trusted.some((network) => inNetwork(network, remote))) {
    const hop = hops.pop();
    if (hop === undefined) break;
    remote = hop;
  }
  return remote;
}

/** Without a port or brackets, which some proxies add. */
function plainHop(hop: string): string {
  const bracketed = /^\[(.+)\](?::\d+)?$/.exec(hop);
  if (bracketed) return bracketed[1]!;
  return /^\d+(?:\.\d+){3}:\d+$/.test(hop) ? hop.slice(0, hop.indexOf(":")) : hop;
}
