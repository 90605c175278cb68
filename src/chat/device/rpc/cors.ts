/**
 * What a browser is told before and beside calls from pages of allowed origins (Fetch, "CORS
 * protocol"). PURE.
 * @module
 */
import type { Headers } from "../host.ts";

const ALLOWED = "Authorization, Content-Type, X-Device-Id, Connect-Protocol-Version, Connect-Timeout-Ms, " +
  "X-Grpc-Web, Grpc-Timeout, X-User-Agent, Traceparent";
const EXPOSED = "Grpc-Status, Grpc-Message, Grpc-Status-Details-Bin, X-Gateway-Id, Retry-After";
/** Seconds for which a browser need not ask again; none keeps it longer. */
const MAX_AGE = "7200";

/** For every answer to a page, whose origin has been found to be allowed. */
export function corsHeaders({ origin }: Headers): Headers {
  if (origin === undefined) return {};
  return { "access-control-allow-origin": origin, "access-control-expose-headers": EXPOSED, vary: "Origin" };
}

/** Beside those, for the answer to a preflight. */
export const PREFLIGHT_HEADERS: Headers = {
  "access-control-allow-methods": "POST",
  "access-control-allow-headers": ALLOWED,
  "access-control-max-age": MAX_AGE,
};
