/**
 * One look at a gateway, for scripts.
 *
 * PURE.
 * @module
 */
import type { Snapshot } from "../admin/snapshot.ts";
import type { PeerRates, Rates } from "./rates.ts";

/** Everything that was seen, with rates beside the numbers that they come from. */
export function onceJson({ isReady, reason, status, dras, apps, clusters, hasMoreApps }: Snapshot, rates: Rates) {
  return {
    ready: isReady,
    reason: reason === "" ? null : reason,
    seconds: rounded(rates.seconds),
    status,
    rates: rates.counters === undefined
      ? null
      : Object.fromEntries(Object.entries(rates.counters).map(([name, rate]) => [name, rounded(rate)])),
    dras: dras.map((dra) => ({ ...dra, rates: peerJson(rates.dras.get(dra.name)) })),
    apps: apps.map((app) => ({ ...app, rates: peerJson(rates.apps.get(app.id)) })),
    more_apps: hasMoreApps,
    clusters,
    calls_per_second: rates.calls === undefined ? null : rounded(rates.calls),
  };
}

function peerJson(rates: PeerRates | undefined) {
  return rates === undefined ? null : {
    messages_sent: rounded(rates.sent),
    messages_received: rounded(rates.received),
    bytes_sent: rounded(rates.bytesSent),
    bytes_received: rounded(rates.bytesReceived),
  };
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
