/**
 * What the admin interface answers, as far as the page looks at it.
 * @module
 */

/** Numbers since the start, and of now. */
export interface Statistics {
  readonly total_requests: number;
  readonly active_sessions: number;
  readonly timeout_errors: number;
  readonly routing_errors: number;
  readonly sessions_rejected: number;
  readonly active_priority: number | null;
  readonly active_dras: number;
  readonly total_dras: number;
  readonly failover_count: number;
  readonly failback_count: number;
}

/** `/api/v1/status` */
export interface Status {
  readonly version: string;
  readonly uptime_seconds: number;
  readonly origin_host: string;
  readonly origin_realm: string;
  readonly state: "starting" | "ready" | "degraded" | "draining";
  readonly reason?: string;
  readonly config?: { readonly file_differs: boolean; readonly confirm_by: string | null };
  readonly statistics: Statistics;
}

/** The circuit breaker of a DRA, where one is configured. */
export interface Breaker {
  readonly state: "closed" | "open" | "half_open";
  readonly error_ratio?: number;
  readonly consecutive_failures?: number;
  readonly next_probe_at?: string | null;
}

/** One of `/api/v1/dras` */
export interface Dra {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly priority: number;
  readonly weight: number;
  readonly weight_overridden?: boolean;
  readonly effective_weight?: number;
  readonly origin_host: string;
  readonly state: string;
  readonly watchdog: string;
  readonly enabled: boolean;
  readonly usable: boolean;
  readonly reason: string | null;
  readonly in_flight: number;
  readonly messages_sent: number;
  readonly messages_received: number;
  readonly bytes_sent: number;
  readonly bytes_received: number;
  readonly reconnects: number;
  readonly latency_ms: { readonly p50: number | null; readonly p99: number | null } | null;
  readonly last_error: string | null;
  readonly next_attempt_at: string | null;
  readonly breaker?: Breaker | null;
}

/** One of `/api/v1/apps` */
export interface App {
  readonly id: number | string;
  readonly origin_host: string;
  readonly origin_realm: string;
  readonly remote: string;
  readonly listener: string;
  readonly tls: unknown;
  readonly state: string;
  readonly connected_at: string;
  readonly in_flight: number;
  readonly messages_sent: number;
  readonly messages_received: number;
  readonly bytes_sent: number;
  readonly bytes_received: number;
}

/** One sending of a request to a DRA. */
export interface Attempt {
  readonly dra: string;
  readonly at: string;
  readonly outcome: string | null;
}

/** One of `/api/v1/transactions` */
export interface Transaction {
  /** By which its details are asked for. */
  readonly id?: number | string;
  readonly at: string;
  readonly app: string | null;
  readonly dra: string | null;
  readonly direction: "app_to_dra" | "dra_to_app";
  readonly application: number;
  readonly command: number;
  readonly session_id: string;
  readonly app_hop_by_hop: number | null;
  readonly dra_hop_by_hop: number | null;
  readonly end_to_end: number;
  readonly route: string | null;
  readonly pool: string | null;
  readonly attempts: readonly Attempt[];
  readonly reason: string | null;
  readonly result_code: number | null;
  readonly duration_ms: number | null;
}

/** A decoded AVP, as `decode --json` prints it. */
export interface Avp {
  readonly name: string | null;
  readonly code: number;
  readonly vendor: number;
  readonly flags: { readonly vendor: boolean; readonly mandatory: boolean; readonly protected: boolean };
  readonly type: string | null;
  readonly offset: number;
  readonly value?: string | number;
  readonly value_name?: string;
  readonly avps?: readonly Avp[];
  readonly hex?: string;
  readonly error?: string;
  readonly unusual?: string;
}

/** A decoded message, as `decode --json` prints it. */
export interface Message {
  readonly name: string;
  readonly abbreviation: string | null;
  readonly length: number;
  readonly flags: {
    readonly request: boolean;
    readonly proxiable: boolean;
    readonly error: boolean;
    readonly retransmitted: boolean;
  };
  readonly command: number;
  readonly application: number;
  readonly application_name: string | null;
  readonly hop_by_hop: number;
  readonly end_to_end: number;
  readonly avps: readonly Avp[];
  readonly problems: readonly { readonly offset: number; readonly message: string }[];
}

/** A message that came or went. */
export interface RecordedMessage {
  readonly at: string;
  /** The name of the DRA, the Origin-Host of the Logic App. */
  readonly peer: string;
  readonly side: "app" | "dra";
  /** Whether the gateway sent it to that peer; else it came from there. */
  readonly sent: boolean;
  readonly hex: string;
  readonly decoded: Message;
}

/** `/api/v1/transactions/ID` */
export interface TransactionDetail extends Transaction {
  /** In the order in which they came and went; none when bodies are not kept. */
  readonly messages: readonly RecordedMessage[];
}

/** `/api/v1/logging` */
export interface Logging {
  readonly level: "debug" | "info" | "warning" | "error";
  readonly requests: boolean;
  readonly responses: boolean;
  readonly for: string | null;
}

/** One of `/api/v1/events` */
export interface GatewayEvent {
  readonly at: string;
  readonly kind: string;
  readonly [member: string]: unknown;
}
