/**
 * The token: as Bearer (RFC 6750), or as the password of HTTP Basic (RFC 7617), so that a browser
 * can open the dashboard.
 * @module
 */
import { Buffer } from "node:buffer";
import { createHash, timingSafeEqual } from "node:crypto";

/**
 * What a 401 asks for; each a header line of its own, because not every browser takes both from
 * one.
 */
export const CHALLENGES: readonly string[] = ['Basic realm="diam-gw", charset="UTF-8"', 'Bearer realm="diam-gw"'];

/**
 * Whether the Authorization header `given` carries `token`. How long it takes says nothing about
 * the token.
 */
export function isAuthorized(given: string | undefined, token: string): boolean {
  const [, scheme, credentials] = /^\s*(\S+)\s+(\S+)\s*$/.exec(given ?? "") ?? [];
  if (scheme === undefined || credentials === undefined) return false;
  switch (scheme.toLowerCase()) {
    case "bearer":
      return isSame(credentials, token);
    case "basic": {
      const pair = Buffer.from(credentials, "base64").toString("utf8");
      const colon = pair.indexOf(":");
      return colon >= 0 && isSame(pair.slice(colon + 1), token);
    }
    default:
      return false;
  }
}

/** Compares digests, which are of one length whatever was sent. */
function isSame(given: string, token: string): boolean {
  return timingSafeEqual(digest(given), digest(token));
}

function digest(text: string): Uint8Array {
  return createHash("sha256").update(text).digest();
}
