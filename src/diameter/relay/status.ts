/**
 * How a gateway is, as plain data.
 * @module
 */
import { endpointText } from "../../net/connection.ts";
import type { AdvertisedApplication } from "../wire/application_set.ts";
import type { RelayParts } from "./assemble.ts";
import type { DraState } from "./core/events.ts";
import type { RelayPeer } from "./core/relay_peer.ts";
import type { Dra } from "./dras/dra.ts";
import { type Statistics, statisticsOf } from "./statistics.ts";

/** `starting` until a DRA was usable for the first time, then `degraded` whenever none is. */
export type GatewayState = "starting" | "ready" | "degraded" | "draining";

/** One DRA. */
export interface DraStatus {
  /** Its name in the configuration. */
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly priority: number;
  readonly weight: number;
  /** The weight is not the configured one. */
  readonly weightOverridden: boolean;
  /** Identity; "" when not known yet. */
  readonly originHost: string;
  readonly state: DraState;
  readonly watchdog: "initial" | "okay" | "suspect" | "down" | "reopen";
  readonly enabled: boolean;
  readonly usable: boolean;
  /** Why it is not usable: what follows its name in a sentence. */
  readonly reason: string;
  readonly inFlight: number;
  readonly messagesSent: number;
  readonly messagesReceived: number;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  readonly reconnects: number;
  /** Milliseconds; undefined before the first answer. */
  readonly latency: { readonly p50: number | undefined; readonly p99: number | undefined };
  readonly lastError: string;
  /** Unix time in milliseconds; 0 when none is planned. */
  readonly nextAttemptAt: number;
}

/** One connection of a Logic App. */
export interface AppStatus {
  /** Names the connection while it lives. */
  readonly id: string;
  readonly originHost: string;
  readonly originRealm: string;
  /** `host:port` of its end, and where it was accepted. */
  readonly remote: string;
  readonly listener: string;
  readonly tls: boolean;
  readonly state: string;
  /** Unix time in milliseconds. */
  readonly connectedAt: number;
  readonly applications: readonly AdvertisedApplication[];
  readonly inFlight: number;
  readonly messagesSent: number;
  readonly messagesReceived: number;
  readonly bytesSent: number;
  readonly bytesReceived: number;
}

/** All of it, at one moment. */
export interface GatewayStatus {
  readonly originHost: string;
  readonly originRealm: string;
  readonly state: GatewayState;
  /** Why requests find no DRA; "" while they do. */
  readonly reason: string;
  readonly statistics: Statistics;
  readonly dras: readonly DraStatus[];
  readonly apps: readonly AppStatus[];
}

/** Reads it. */
export function statusOf({ runtime, pool, apps }: RelayParts): GatewayStatus {
  const { originHost, originRealm } = runtime.options;
  const usable = pool.dras.some((dra) => dra.usable);
  const why = pool.dras.length === 0
    ? "no DRA is configured"
    : pool.dras.map(({ name, reason }) => `${name} ${reason}`).join("; ");
  return {
    originHost,
    originRealm,
    state: runtime.draining ? "draining" : usable ? "ready" : pool.everUsable ? "degraded" : "starting",
    reason: runtime.draining ? "it is shutting down" : usable ? "" : why,
    statistics: statisticsOf(runtime, pool),
    dras: pool.dras.map(draStatus),
    apps: Array.from(apps, appStatus),
  };
}

function draStatus(dra: Dra): DraStatus {
  const { options, meters } = dra;
  const link = dra.links[0]!;
  const traffic = dra.traffic;
  const percentile = (share: number) => {
    const microseconds = meters.duration.quantile(share);
    return microseconds === undefined ? undefined : microseconds / 1000;
  };
  return {
    name: dra.name,
    host: options.host,
    port: options.port,
    priority: dra.priority,
    weight: dra.weight,
    weightOverridden: dra.weight !== options.weight,
    originHost: dra.identity?.text ?? "",
    state: link.state,
    watchdog: link.watchdog.state,
    enabled: dra.enabled,
    usable: dra.usable,
    reason: dra.reason,
    inFlight: dra.inFlight,
    messagesSent: meters.messagesSent,
    messagesReceived: meters.messagesReceived,
    ...traffic,
    reconnects: meters.reconnects,
    latency: { p50: percentile(0.5), p99: percentile(0.99) },
    lastError: dra.lastError,
    nextAttemptAt: Math.min(...dra.links.map(({ nextAttemptAt }) => nextAttemptAt || Infinity), 8.64e15) % 8.64e15,
  };
}

function appStatus(app: RelayPeer): AppStatus {
  const { peer, capabilities, listener } = app;
  return {
    id: (app.key >>> 0).toString(16),
    originHost: app.originHost,
    originRealm: capabilities.originRealm,
    remote: peer.remoteText,
    listener: listener === undefined ? "" : endpointText(listener),
    tls: peer.connection.tls !== undefined,
    state: peer.state,
    connectedAt: app.openedAt,
    applications: capabilities.applications.advertised,
    inFlight: app.inFlight,
    messagesSent: app.messagesSent,
    messagesReceived: app.messagesReceived,
    bytesSent: peer.out.writtenBytes,
    bytesReceived: peer.readBytes,
  };
}
