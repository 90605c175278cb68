/**
 * What the chat plane is told, as the code spells it: every option and its default. Durations are
 * in ms, sizes in bytes.
 *
 * What a key means to the person who sets it stands in config/chat/diam-gw-chat.yaml.
 * @module
 */
import type { Endpoint } from "../../net/connection.ts";
import type { CacheUri } from "./leaves.ts";

/** Everything: the section `chat`. */
export interface ChatConfig {
  /** "" is made anew at each start. */
  readonly gatewayId: string;
  readonly http: HttpOptions;
  readonly grpc: GrpcOptions;
  readonly auth: AuthOptions;
  readonly core: CoreOptions;
  readonly cache: CacheOptions;
  readonly history: HistoryOptions;
  readonly maxConnections: number;
  /** On this gateway. */
  readonly maxConnectionsPerDevice: number;
  /** Who goes when there are more: the oldest, or the one that comes. */
  readonly onDeviceLimit: "replace" | "reject";
  readonly maxRoomsPerConnection: number;
  readonly maxMessageSize: number;
  readonly helloTimeout: number;
  /** Silence after which a connection is closed. */
  readonly connectionTimeout: number;
  readonly heartbeatInterval: number;
  readonly rateLimit: RateLimitOptions;
  /** Bytes that may wait for one connection. */
  readonly sendQueue: number;
  /** permessage-deflate (RFC 7692). */
  readonly compression: boolean;
  readonly presence: PresenceOptions;
  readonly drainTimeout: number;
  readonly drainSpread: number;
}

/** Certificate and key, as names of files. */
export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
}

/** WebSocket, Connect and gRPC-web over HTTP/1.1, and health. */
export interface HttpOptions {
  readonly listen: readonly Endpoint[];
  /** Absent: plain. */
  readonly tls?: TlsFiles;
  /** Beside a request's own host. */
  readonly allowedOrigins: readonly string[];
  /** Networks whose X-Forwarded-For is believed. */
  readonly trustedProxies: readonly string[];
  /** Whether /metrics is there, too. */
  readonly metrics: boolean;
  /** Name of the cookie; "" is none. */
  readonly affinityCookie: string;
}

/** HTTP/2. */
export interface GrpcOptions {
  /** Empty: off. */
  readonly listen: readonly Endpoint[];
  /** Absent: plain, with prior knowledge. */
  readonly tls?: TlsFiles;
  /** Per connection. */
  readonly maxStreams: number;
}

/** Who may come in, and as whom the gateway itself calls the core. */
export interface AuthOptions {
  readonly issuer: string;
  readonly jwksUri: string;
  readonly audience: string;
  readonly algorithms: readonly Algorithm[];
  /** HS256 in place of an issuer. */
  readonly secret: string;
  readonly leeway: number;
  /** Between two looks at the keys because of a key that is not known. */
  readonly jwksCooldown: number;
  readonly tokenEndpoint: string;
  readonly clientId: string;
  readonly clientSecret: string;
}

/** Signatures with a public key. */
export const ALGORITHMS = [
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
  "EdDSA",
] as const;

/** See {@link ALGORITHMS}. */
export type Algorithm = typeof ALGORITHMS[number];

/** The core chat service. */
export interface CoreOptions {
  /** `HOST:PORT`, `http(s)://` or `grpc(s)://`. */
  readonly uri: string;
  readonly timeout: number;
  readonly maxInFlight: number;
  /** How long a yes is remembered. */
  readonly membershipTtl: number;
  /**
   * What is published: what the core answers to SendEvent, or only what is pushed to the admin
   * interface.
   */
  readonly publish: "accepted" | "pushed";
  readonly breaker: BreakerOptions;
}

/** See SPEC of the plane, F7. */
export interface BreakerOptions {
  /** In a row, until it opens. */
  readonly failures: number;
  /** Until a probe. */
  readonly open: number;
}

/** What gateways share. */
export interface CacheOptions {
  readonly uri: CacheUri;
  /** Events that wait for the cache to come back. */
  readonly outageQueue: number;
  readonly sessionTtl: number;
}

/** Events that are kept for those who come back. */
export interface HistoryOptions {
  /** Per room; 0 is off. */
  readonly size: number;
  readonly ttl: number;
}

/** Requests per second; 0 is none. */
export interface RateLimitOptions {
  readonly perConnection: number;
  /** Of a connection; 0 is as many as it may send in a second. */
  readonly burst: number;
  readonly perProfile: number;
  /** Events that are sent to it. */
  readonly perRoom: number;
  /** Refusals within 10 s that close a connection. */
  readonly maxRefused: number;
}

/** See P2. */
export interface PresenceOptions {
  /** Members up to which joins and leaves are announced; 0 is never. */
  readonly eventsUpTo: number;
}

const KiB = 2 ** 10;
const MiB = 2 ** 20;

/** What is listened on for HTTP/1.1 where no port is named. */
export const HTTP_PORT = 80;
/** The same for HTTP/2. */
export const GRPC_PORT = 50_051;

/** What an empty section `chat` gives. */
export const DEFAULT_CHAT: ChatConfig = {
  gatewayId: "",
  http: {
    listen: [{ hostname: "0.0.0.0", port: HTTP_PORT }],
    allowedOrigins: [],
    trustedProxies: [],
    metrics: false,
    affinityCookie: "gateway_id",
  },
  grpc: { listen: [{ hostname: "0.0.0.0", port: GRPC_PORT }], maxStreams: 100 },
  auth: {
    issuer: "",
    jwksUri: "",
    audience: "service_chat_gateway",
    algorithms: ["RS256", "ES256", "EdDSA"],
    secret: "",
    leeway: 5_000,
    jwksCooldown: 5_000,
    tokenEndpoint: "",
    clientId: "",
    clientSecret: "",
  },
  core: {
    uri: "127.0.0.1:7010",
    timeout: 10_000,
    maxInFlight: 1024,
    membershipTtl: 60_000,
    publish: "accepted",
    breaker: { failures: 5, open: 5_000 },
  },
  cache: { uri: "mem://", outageQueue: 10_000, sessionTtl: 3_600_000 },
  history: { size: 1000, ttl: 600_000 },
  maxConnections: 100_000,
  maxConnectionsPerDevice: 1,
  onDeviceLimit: "replace",
  maxRoomsPerConnection: 1000,
  maxMessageSize: 64 * KiB,
  helloTimeout: 10_000,
  connectionTimeout: 300_000,
  heartbeatInterval: 30_000,
  rateLimit: { perConnection: 100, burst: 0, perProfile: 0, perRoom: 0, maxRefused: 1000 },
  sendQueue: MiB,
  compression: false,
  presence: { eventsUpTo: 200 },
  drainTimeout: 10_000,
  drainSpread: 5_000,
};
