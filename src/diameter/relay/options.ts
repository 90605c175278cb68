/**
 * What a gateway is told. Times in milliseconds, sizes in bytes; the names are those of the configuration file in camel case.
 * @module
 */
import type { BackoffOptions } from "../peer/backoff.ts";
import type { AdvertisedApplication } from "../peer/capabilities.ts";
import type { Endpoint } from "../../net/connection.ts";
import type { TlsClientFiles } from "../../net/tls.ts";
import type { TlsServerFiles } from "../../net/tls_listener.ts";
import type { AllowRule } from "./admission.ts";

/** One DRA. */
export interface DraOptions {
  /** Unique in the pool. */
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /** 1 is used first. */
  readonly priority: number;
  /** Share within its priority; 0: only by Destination-Host. */
  readonly weight: number;
  /** Identity that its CEA must carry; "" accepts any. */
  readonly originHost: string;
  /** Local address to connect from; "" leaves it to the system. */
  readonly bind: string;
  /** Absent: plain TCP. */
  readonly tls?: TlsClientFiles;
}

/** Towards Logic Apps. */
export interface ServerOptions {
  readonly listen: readonly Endpoint[];
  readonly maxConnections: number;
  readonly capabilitiesTimeout: number;
  readonly watchdogInterval: number;
  readonly watchdogJitter: number;
  readonly maxMessageSize: number;
  /** Above it nothing more is read from that Logic App. */
  readonly sendQueueLimit: number;
  /** Still above the limit after this: disconnected. */
  readonly writeTimeout: number;
  readonly dprTimeout: number;
  readonly tcpNoDelay: boolean;
  /** Listeners with TLS. */
  readonly tls?: TlsServerFiles & { readonly listen: readonly Endpoint[] };
  /** What happens when an identity that is connected connects again. */
  readonly duplicateOriginHost: "allow" | "reject" | "replace" | "probe";
  /** Empty: anyone. */
  readonly allow: readonly AllowRule[];
  /** Of one Logic App; 0 is no limit, a burst of 0 one second's worth. */
  readonly rateLimit: { readonly requestsPerSecond: number; readonly burst: number };
  /** Of one Logic App; 0 is no limit. */
  readonly maxInFlight: number;
}

/** Towards DRAs. */
export interface DraPoolOptions {
  readonly connectionsPerDra: number;
  readonly connectTimeout: number;
  readonly capabilitiesTimeout: number;
  readonly watchdogInterval: number;
  readonly watchdogJitter: number;
  readonly reopenWatchdogs: number;
  readonly reopenLastResort: boolean;
  readonly reconnect: BackoffOptions;
  readonly dprTimeout: number;
  readonly maxMessageSize: number;
  readonly writeTimeout: number;
  readonly tcpNoDelay: boolean;
  readonly failbackDelay: number;
  readonly balance: "round_robin" | "least_pending";
  /** Per connection; at most a quarter of the slab is wise. */
  readonly maxInFlight: number;
  readonly sendQueueLimit: number;
  readonly dras: readonly DraOptions[];
}

/** A whole gateway. */
export interface GatewayOptions {
  readonly originHost: string;
  readonly originRealm: string;
  readonly productName: string;
  readonly vendorId: number;
  /** `relay`: RFC 6733 relay agent; `transparent`: only the hop-by-hop id changes. */
  readonly mode: "relay" | "transparent";
  /** Empty: Relay is advertised. */
  readonly applications: readonly AdvertisedApplication[];
  readonly requestTimeout: number;
  readonly answerTimeout: number;
  readonly maxAttempts: number;
  readonly timeoutResultCode: number;
  readonly retryResultCodes: readonly number[];
  readonly neverRetry: readonly number[];
  readonly strictPBit: boolean;
  readonly drainTimeout: number;
  readonly server: ServerOptions;
  readonly draPool: DraPoolOptions;
}

/** The defaults of the configuration file; give it at least the DRAs. */
export const DEFAULT_OPTIONS: GatewayOptions = {
  originHost: "diam-gw.localdomain",
  originRealm: "localdomain",
  productName: "diam-gw",
  vendorId: 10415,
  mode: "relay",
  applications: [],
  requestTimeout: 30_000,
  answerTimeout: 10_000,
  maxAttempts: 3,
  timeoutResultCode: 3002,
  retryResultCodes: [3002, 3004],
  neverRetry: [],
  strictPBit: false,
  drainTimeout: 10_000,
  server: {
    listen: [{ hostname: "127.0.0.1", port: 3868 }],
    maxConnections: 5000,
    capabilitiesTimeout: 10_000,
    watchdogInterval: 30_000,
    watchdogJitter: 2_000,
    maxMessageSize: 64 * 1024,
    sendQueueLimit: 1024 * 1024,
    writeTimeout: 10_000,
    dprTimeout: 5_000,
    tcpNoDelay: true,
    duplicateOriginHost: "allow",
    allow: [],
    rateLimit: { requestsPerSecond: 0, burst: 0 },
    maxInFlight: 0,
  },
  draPool: {
    connectionsPerDra: 1,
    connectTimeout: 10_000,
    capabilitiesTimeout: 5_000,
    watchdogInterval: 30_000,
    watchdogJitter: 2_000,
    reopenWatchdogs: 3,
    reopenLastResort: true,
    reconnect: { initial: 5_000, multiplier: 1.5, max: 300_000, jitter: 0.2, afterRefusal: 300_000 },
    dprTimeout: 5_000,
    maxMessageSize: 64 * 1024,
    writeTimeout: 10_000,
    tcpNoDelay: true,
    failbackDelay: 0,
    balance: "round_robin",
    maxInFlight: 16_384,
    sendQueueLimit: 1024 * 1024,
    dras: [],
  },
};
