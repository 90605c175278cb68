/**
 * The effective configuration of a gateway: every key present, every default filled in.
 *
 * Keys are spelled as in the YAML file. Durations are milliseconds, sizes are bytes. What a key means to
 * the person who sets it stands in config/diam-gw.yaml; here stands what the code gets.
 * @module
 */

/** Where to listen: `hostname` without brackets, port 0 for one the system picks, and the text it came from. */
export interface ListenAddress {
  readonly hostname: string;
  readonly port: number;
  /** `HOST:PORT`, IPv6 in brackets: what a person reads in the log. */
  readonly text: string;
}

/** An application advertised in CER and CEA; `vendor` 0 means that it is not vendor-specific. */
export interface ApplicationConfig {
  readonly id: number;
  readonly vendor: number;
  /** Auth-Application-Id or Acct-Application-Id. */
  readonly type: "auth" | "acct";
}

/** How the gateway presents itself and how it relays. */
export interface GatewayConfig {
  /** Origin-Host of the gateway (RFC 6733 6.3). */
  readonly origin_host: string;
  /** Origin-Realm of the gateway (RFC 6733 6.4). */
  readonly origin_realm: string;
  readonly product_name: string;
  readonly vendor_id: number;
  /** `relay` is RFC 6733; `transparent` changes the hop-by-hop id only. */
  readonly mode: "relay" | "transparent";
  /** Empty: Relay (0xffffffff) is advertised. */
  readonly applications: readonly ApplicationConfig[];
  /** Life of a transaction at the gateway, in ms. */
  readonly request_timeout: number;
  /** Patience with one DRA before the next candidate is tried, in ms. May exceed `request_timeout`, which then wins. */
  readonly answer_timeout: number;
  readonly max_attempts: number;
  readonly timeout_result_code: number;
  /** Result codes of error answers after which the next candidate is tried. */
  readonly retry_result_codes: readonly number[];
  /** Command codes that are sent once only. */
  readonly never_retry: readonly number[];
  readonly strict_p_bit: boolean;
  /** ms; 0 does not wait. */
  readonly drain_timeout: number;
  /** What Error-Message towards Logic Apps holds; `reason` neither names DRAs nor quotes the system. */
  readonly error_detail: "full" | "reason" | "none";
  /** Bytes for messages that are queued, or kept for a failover. */
  readonly memory_limit: number;
  readonly workers: number;
}

/** The second, encrypted listener towards Logic Apps. File names, not contents; "" where not given. */
export interface ServerTlsConfig {
  readonly listen: readonly ListenAddress[];
  readonly cert: string;
  readonly key: string;
  readonly client_ca: string;
}

/** One rule of who may connect: both must match. `from` is an address or a CIDR range, "" for anywhere. */
export interface AllowRule {
  /** A DiameterIdentity in which `*` stands for any characters. */
  readonly origin_host: string;
  readonly from: string;
}

/** The side of the Logic Apps. */
export interface ServerConfig {
  readonly listen: readonly ListenAddress[];
  readonly tls: ServerTlsConfig | null;
  readonly max_connections: number;
  /** ms until a connection must have sent its CER. */
  readonly capabilities_timeout: number;
  /** ms; Tw of RFC 3539. */
  readonly watchdog_interval: number;
  /** ms, either way. Always below `watchdog_interval`. */
  readonly watchdog_jitter: number;
  readonly max_message_size: number;
  readonly send_queue_limit: number;
  readonly write_timeout: number;
  readonly dpr_timeout: number;
  readonly tcp_nodelay: boolean;
  readonly duplicate_origin_host: "allow" | "reject" | "replace" | "probe";
  readonly allow: readonly AllowRule[];
  /** Per Logic App; 0 is no limit. */
  readonly rate_limit: { readonly requests_per_second: number; readonly burst: number };
  /** Per Logic App; 0 is no limit. */
  readonly max_in_flight: number;
}

/** When a lost DRA is tried again: `initial`, times `multiplier` each time, up to `max`, each spread by `jitter`. */
export interface ReconnectConfig {
  /** ms. */
  readonly initial: number;
  readonly multiplier: number;
  /** ms; not below `initial`. */
  readonly max: number;
  /** A share: 0.2 spreads a delay by 20 % either way. */
  readonly jitter: number;
  /** ms after DPR cause BUSY or DO_NOT_WANT_TO_TALK_TO_YOU, and after a refused CER. */
  readonly after_refusal: number;
}

/** TLS towards one DRA. File names, not contents; "" where not given. */
export interface DraTlsConfig {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  readonly server_name: string;
}

/** One DRA. */
export interface DraConfig {
  /** Unique; names the DRA in logs, metrics and the admin interface. */
  readonly name: string;
  /** A host name or an address, IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
  /** 1 is used first. */
  readonly priority: number;
  /** Share within the priority; 0 gets no traffic from the pool. */
  readonly weight: number;
  /** The identity the CEA must carry; "" takes any. */
  readonly origin_host: string;
  /** Local address to connect from; "" leaves it to the system. */
  readonly bind: string;
  /** Whether a connection that the DRA opens to us, from its address, is taken as its connection. */
  readonly accept: boolean;
  readonly tls: DraTlsConfig | null;
}

/** The side of the DRAs. */
export interface DraPoolConfig {
  readonly connections_per_dra: number;
  readonly connect_timeout: number;
  readonly capabilities_timeout: number;
  /** ms; Tw of RFC 3539. */
  readonly watchdog_interval: number;
  /** ms, either way. Always below `watchdog_interval`. */
  readonly watchdog_jitter: number;
  readonly reopen_watchdogs: number;
  readonly reopen_last_resort: boolean;
  readonly reconnect: ReconnectConfig;
  readonly dpr_timeout: number;
  readonly max_message_size: number;
  readonly write_timeout: number;
  readonly tcp_nodelay: boolean;
  readonly failback_delay: number;
  readonly balance: "round_robin" | "least_pending";
  /** Per DRA connection. */
  readonly max_in_flight: number;
  readonly send_queue_limit: number;
  readonly dras: readonly DraConfig[];
}

/** The HTTP interface for people and scripts; `listen` null is off. */
export interface AdminConfig {
  readonly listen: ListenAddress | null;
  /** A secret: never printed. */
  readonly token: string;
}

/** The severities of the log, from chatty to silent. */
export type LogLevelName = "debug" | "info" | "warning" | "error";

/** The log on stderr. */
export interface LoggingConfig {
  readonly level: LogLevelName;
  /** Counts only when it was set; else text on a terminal and json elsewhere. */
  readonly format: "text" | "json";
  readonly requests: boolean;
  readonly responses: boolean;
}

/** Everything. */
export interface Config {
  readonly gateway: GatewayConfig;
  readonly server: ServerConfig;
  readonly dra_pool: DraPoolConfig;
  readonly admin: AdminConfig;
  readonly logging: LoggingConfig;
  /** `interval` in ms; 0 leaves only the block at shutdown. */
  readonly stats: { readonly interval: number };
}
