/**
 * How a gateway is, as plain data.
 * @module
 */
import { endpointText } from "../../net/connection.ts";
import type { AdvertisedApplication } from "../wire/application_set.ts";
import type { RelayParts } from "./assemble.ts";
import type { DraState } from "./core/events.ts";
import type { RelayPeer } from "./core/relay_peer.ts";
import type { BreakerStatus } from "./dras/breaker.ts";
import type { BreakerState } from "./dras/breaker_machine.ts";
import type { Dra } from "./dras/dra.ts";
import { type Statistics, statisticsOf } from "./statistics.ts";

export type { BreakerState, BreakerStatus };

/** `starting` until a DRA was usable for the first time, then `degraded` whenever none is. */
export type GatewayState = "starting" | "ready" | "degraded" | "draining";

/** One DRA. */
export interface DraStatus {
  /** Its name in the configuration. */
  readonly name: string;
  /** Host name or address that is dialled. */
  readonly host: string;
  /** Port that is dialled. */
  readonly port: number;
  /** 1 is used first. */
  readonly priority: number;
  /** Share within the priority that is in force. */
  readonly weight: number;
  /** What of the weight counts now, where it may grow after the DRA came back (slow_start). */
  readonly effectiveWeight?: number;
  /** The weight is not the configured one. */
  readonly weightOverridden: boolean;
  /** Identity; "" when not known yet. */
  readonly originHost: string;
  /** Where it stands. */
  readonly state: DraState;
  /** State of its watchdog (RFC 3539 section 3.4.1). */
  readonly watchdog: "initial" | "okay" | "suspect" | "down" | "reopen";
  /** False while it is kept out of service. */
  readonly enabled: boolean;
  /** Whether it gets requests. */
  readonly usable: boolean;
  /** Why it is not usable: what follows its name in a sentence. */
  readonly reason: string;
  /** Its circuit breaker, where one is configured. */
  readonly breaker?: BreakerStatus;
  /** Transactions that wait. */
  readonly inFlight: number;
  /** Application messages to it. */
  readonly messagesSent: number;
  /** Application messages from it. */
  readonly messagesReceived: number;
  /** Bytes to it, everything included. */
  readonly bytesSent: number;
  /** Bytes from it, everything included. */
  readonly bytesReceived: number;
  /** How often a connection was opened again after it had been lost. */
  readonly reconnects: number;
  /** Milliseconds, of the last minute or half of it; undefined without an answer in it. */
  readonly latency: { readonly p50: number | undefined; readonly p99: number | undefined };
  /** Why a connection ended, or could not be opened, last; "" when none did. */
  readonly lastError: string;
  /** Unix time in milliseconds; 0 when none is planned. */
  readonly nextAttemptAt: number;
}

/** One connection of a Logic App. */
export interface AppStatus {
  /** Names the connection while it lives. */
  readonly id: string;
  /** DiameterIdentity. */
  readonly originHost: string;
  /** Realm. */
  readonly originRealm: string;
  /** `host:port` of its end. */
  readonly remote: string;
  /** Where it was accepted. */
  readonly listener: string;
  /** Whether the connection is TLS. */
  readonly tls: boolean;
  /** Where it stands. */
  readonly state: string;
  /** Unix time in milliseconds. */
  readonly connectedAt: number;
  /** What it advertised. */
  readonly applications: readonly AdvertisedApplication[];
  /** Transactions that wait. */
  readonly inFlight: number;
  /** Application messages to it. */
  readonly messagesSent: number;
  /** Application messages from it. */
  readonly messagesReceived: number;
  /** Bytes to it, everything included. */
  readonly bytesSent: number;
  /** Bytes from it, everything included. */
  readonly bytesReceived: number;
}

/** All of it, at one moment. */
export interface GatewayStatus {
  /** DiameterIdentity. */
  readonly originHost: string;
  /** Realm. */
  readonly originRealm: string;
  /** Where it stands. */
  readonly state: GatewayState;
  /** Why requests find no DRA; "" while they do. */
  readonly reason: string;
  /** The statistics block. */
  readonly statistics: Statistics;
  /** All DRAs, in the order of the configuration. */
  readonly dras: readonly DraStatus[];
  /** All connections of Logic Apps. */
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
    const seconds = meters.duration.quantile(share);
    return seconds === undefined ? undefined : Math.round(seconds * 1_000_000) / 1000;
  };
  return {
    name: dra.name,
    host: options.host,
    port: options.port,
    priority: dra.priority,
    weight: dra.weight,
    ...(dra.mayGrow ? { effectiveWeight: Math.round(dra.share) } : {}),
    weightOverridden: dra.weight !== options.weight,
    originHost: dra.identity?.text ?? "",
    state: link.state,
    watchdog: link.watchdog.state,
    enabled: dra.enabled,
    usable: dra.usable,
    reason: dra.reason,
    ...(dra.breaker === undefined ? {} : { breaker: dra.breaker.status() }),
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
