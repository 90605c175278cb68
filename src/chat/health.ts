/**
 * Whether a gateway can serve, and how that is said over HTTP. PURE.
 * @module
 */
import type { ChatHealth } from "./control.ts";

/** What health is made of. */
export interface HealthSources {
  readonly state: ChatHealth["state"];
  readonly core: ChatHealth["core"];
  readonly cache: ChatHealth["cache"];
  readonly issuer: ChatHealth["issuer"];
}

/**
 * An open breaker shows, and makes nothing unready: what is in the cache is served all the same.
 */
export function healthOf(sources: HealthSources): ChatHealth {
  const { state, cache, issuer } = sources;
  const reason = state !== "ready"
    ? state
    : cache === "down"
    ? "the cache cannot be reached"
    : issuer === "down"
    ? "the keys of the issuer cannot be read"
    : "";
  return { ...sources, ready: reason === "", reason };
}

/** The members of `/readyz`. */
export function shownHealth({ ready, state, reason, core, cache, issuer }: ChatHealth) {
  return { state: ready || state !== "ready" ? state : "degraded", ...(ready ? {} : { reason }), core, cache, issuer };
}
