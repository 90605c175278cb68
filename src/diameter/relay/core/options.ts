/**
 * What a gateway is told. Times in milliseconds, sizes in bytes; the names are those of the
 * configuration file in camel case.
 * @module
 */
import type { BackoffOptions } from "../../peer/backoff.ts";
import type { AdvertisedApplication } from "../../peer/capabilities.ts";
import { DIAMETER_PORT } from "../../wire/ports.ts";
import { BALANCE_NAMES, type BalanceName, SESSION_ID } from "./balance_name.ts";
import { NO_POLICY, type PolicyOptions } from "./policy_options.ts";
import type { Endpoint } from "../../../net/connection.ts";
import type { TlsClientFiles } from "../../../net/tls.ts";
import type { TlsServerFiles } from "../../../net/tls_listener.ts";

/** One rule: both parts must match. */
export interface AllowRule {
  /** A DiameterIdentity in which `*` stands for any characters. */
  readonly originHost: string;
  /** An address or a CIDR range; "" for anywhere. */
  readonly from: string;
}

/**
 * How much an Error-Message tells Logic Apps.
 * `reason`, for apps of other people, names no DRA and repeats nothing of the system; `none` leaves
 * the AVP out.
 */
export type ErrorDetail = "full" | "reason" | "none";

export { BALANCE_NAMES, type BalanceName };

/** How the weight of a DRA grows that came back. */
export interface SlowStartOptions {
  /** Until it has all of its weight; 0: at once. */
  readonly duration: number;
  /** What it begins with, of a hundred. */
  readonly minWeightPercent: number;
}

/**
 * When a DRA gets no requests although it is connected, because of how they end. All times in
 * milliseconds.
 */
export interface CircuitBreakerOptions {
  /** Off: nothing is counted. */
  readonly enabled: boolean;
  /** What is older does not count for {@link errorRatio}. */
  readonly window: number;
  /** Requests that must have ended within the window before the ratio counts. */
  readonly minRequests: number;
  /** Share of failures, above 0 up to 1. */
  readonly errorRatio: number;
  /** Failures in a row; 0: not used. */
  readonly consecutiveFailures: number;
  /** A slower answer is a failure for the ratio; 0: none is. */
  readonly slowAfter: number;
  /** Result codes of answers that are failures. */
  readonly errorCodes: readonly number[];
  /** Until it is tried again; twice as long each time that this fails, up to {@link openMax}. */
  readonly openFor: number;
  /** The longest that it is left out between two tries. */
  readonly openMax: number;
  /** Requests at a time that try it, and successes in a row that close it. */
  readonly halfOpenProbes: number;
  /** Of the usable DRAs of a pool, at most so many may be left out like this. */
  readonly maxOpenPercent: number;
}

/** One DRA. */
export interface DraOptions {
  /** Unique in the pool. */
  readonly name: string;
  /** Host name or address. */
  readonly host: string;
  /** 3868 is usual. */
  readonly port: number;
  /** 1 is used first. */
  readonly priority: number;
  /** Share within its priority; 0: only by Destination-Host. */
  readonly weight: number;
  /** Identity that its CEA must carry; "" accepts any. */
  readonly originHost: string;
  /** Local address to connect from; "" leaves it to the system. */
  readonly bind: string;
  /**
   * Whether a connection that it opens to us, from its address, is taken as its connection. Absent:
   * true.
   */
  readonly accept?: boolean;
  /** Requests that it gets in a second, further attempts included; 0, or absent: no limit. */
  readonly maxRequestsPerSecond?: number;
  /** Absent: plain TCP. */
  readonly tls?: TlsClientFiles;
}

/** Towards Logic Apps. */
export interface ServerOptions {
  /** Where Logic Apps connect. */
  readonly listen: readonly Endpoint[];
  /** Whether another process may listen on the same port, for a restart without a gap. */
  readonly reusePort: boolean;
  /** Logic Apps that may be connected, TLS and plain together. */
  readonly maxConnections: number;
  /** Until their CER must be there. */
  readonly capabilitiesTimeout: number;
  /** Tw of RFC 3539 section 3.4.1 for each of them. */
  readonly watchdogInterval: number;
  /** Tw is drawn anew within this much either way. */
  readonly watchdogJitter: number;
  /** A longer message ends the connection it came on. */
  readonly maxMessageSize: number;
  /** Above it nothing more is read from that Logic App. */
  readonly sendQueueLimit: number;
  /** Still above the limit after this: disconnected. */
  readonly writeTimeout: number;
  /**
   * Until DPA must be there (RFC 6733 section 5.4), and after their DPR, until they must have
   * closed.
   */
  readonly dprTimeout: number;
  /** TCP_NODELAY. */
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
  /** Connections to each DRA. */
  readonly connectionsPerDra: number;
  /** Until the transport connection must be there. */
  readonly connectTimeout: number;
  /** Until the CEA must be there. */
  readonly capabilitiesTimeout: number;
  /** Tw of RFC 3539 section 3.4.1 for each connection. */
  readonly watchdogInterval: number;
  /** Tw is drawn anew within this much either way. */
  readonly watchdogJitter: number;
  /**
   * DWAs that lead a lost DRA from REOPEN to OKAY (RFC 3539 section 3.4.1); 0 leaves REOPEN out.
   */
  readonly reopenWatchdogs: number;
  /** Without another DRA, one answered watchdog is enough to leave REOPEN. */
  readonly reopenLastResort: boolean;
  /** Waits before a lost DRA is dialled again. */
  readonly reconnect: BackoffOptions;
  /** Until DPA must be there (RFC 6733 section 5.4). */
  readonly dprTimeout: number;
  /** A longer message ends the connection it came on. */
  readonly maxMessageSize: number;
  /** What a closing connection may take to write what is queued. */
  readonly writeTimeout: number;
  /** TCP_NODELAY. */
  readonly tcpNoDelay: boolean;
  /** A DRA of a better priority must be OKAY for so long before it is used again. */
  readonly failbackDelay: number;
  /**
   * Among DRAs of one priority: in turn, by weight; the one with the fewest open requests for its
   * weight; or always the same one for the same key.
   */
  readonly balance: BalanceName;
  /** What `hash` goes by: `session_id`, or the path of an AVP. */
  readonly hashKey: string;
  /** For DRAs that came back. */
  readonly slowStart: SlowStartOptions;
  /** Per connection; at most a quarter of the slab is wise. */
  readonly maxInFlight: number;
  /** Bytes that may wait to be written on one connection; above it requests go to another DRA. */
  readonly sendQueueLimit: number;
  /** Leaves out DRAs that are connected and sick. */
  readonly circuitBreaker: CircuitBreakerOptions;
  /** The DRAs, in any order. */
  readonly dras: readonly DraOptions[];
}

/** A whole gateway. */
export interface GatewayOptions extends PolicyOptions {
  /** DiameterIdentity that peers know it by. */
  readonly originHost: string;
  /** Its realm. */
  readonly originRealm: string;
  /** Product-Name of CER and CEA. */
  readonly productName: string;
  /** Vendor-Id of CER and CEA. */
  readonly vendorId: number;
  /** `relay`: RFC 6733 relay agent; `transparent`: only the hop-by-hop id changes. */
  readonly mode: "relay" | "transparent";
  /** Empty: Relay is advertised. */
  readonly applications: readonly AdvertisedApplication[];
  /** From the request until it must be answered, retries included. */
  readonly requestTimeout: number;
  /**
   * How long one DRA may take before the next one is tried; without another it goes on
   * until {@link requestTimeout}.
   */
  readonly answerTimeout: number;
  /** How many DRAs are tried for one request, each once at most. */
  readonly maxAttempts: number;
  /**
   * Result-Code of the answer when the time is up: 3002, or one that its Logic Apps understand
   * better.
   */
  readonly timeoutResultCode: number;
  /**
   * Error answers of a DRA after which the next one is tried; the last error goes to the sender.
   */
  readonly retryResultCodes: readonly number[];
  /** Command codes that are sent once and never again. */
  readonly neverRetry: readonly number[];
  /** Whether a request with the P flag clear is answered 3001 (RFC 6733 section 3), or relayed. */
  readonly strictPBit: boolean;
  /** How long pending answers are awaited at the end; what is open then is answered 3002. */
  readonly drainTimeout: number;
  /** What Error-Message towards Logic Apps holds. */
  readonly errorDetail: ErrorDetail;
  /**
   * Bytes that messages may take which are queued, or kept for a failover; see `Budgets` for who
   * may hold how much of it.
   */
  readonly memoryLimit: number;
  /** Towards Logic Apps. */
  readonly server: ServerOptions;
  /** Towards DRAs. */
  readonly draPool: DraPoolOptions;
}

/** What a DRA is unless something else is said of it. */
export const DEFAULT_DRA = {
  port: DIAMETER_PORT,
  priority: 1,
  weight: 100,
  originHost: "",
  bind: "",
  accept: true,
  maxRequestsPerSecond: 0,
} as const satisfies Partial<DraOptions>;

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
  errorDetail: "full",
  memoryLimit: 512 * 1024 * 1024,
  server: {
    listen: [{ hostname: "127.0.0.1", port: DIAMETER_PORT }],
    reusePort: false,
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
    hashKey: SESSION_ID,
    slowStart: { duration: 0, minWeightPercent: 10 },
    maxInFlight: 16_384,
    sendQueueLimit: 1024 * 1024,
    circuitBreaker: {
      enabled: false,
      window: 10_000,
      minRequests: 20,
      errorRatio: 0.5,
      consecutiveFailures: 5,
      slowAfter: 0,
      errorCodes: [3002, 3004, 5012],
      openFor: 30_000,
      openMax: 300_000,
      halfOpenProbes: 3,
      maxOpenPercent: 50,
    },
    dras: [],
  },
  ...NO_POLICY,
};
