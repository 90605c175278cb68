/**
 * What a gateway lets others know. Log, metrics and trace listen; the relay calls none of them by
 * name.
 * @module
 */
import type { AdvertisedApplication } from "../../wire/application_set.ts";

/** State names of a DRA connection as the API and the log show them. */
export type DraState =
  | "DISCONNECTED"
  | "CONNECTING"
  | "CER_SENT"
  | "OPEN"
  | "DWR_SENT"
  | "FAILED"
  | "RECONNECTING"
  | "CLOSING";

/** Screening rejects requests of a peer; told once a minute for each rule and peer. */
export interface ScreenedEvent {
  /** What happened. */
  readonly kind: "screened";
  /** `none` where no rule decided. */
  readonly rule: string;
  /** Origin-Host of its CER or CEA. */
  readonly peer: string;
  /** What becomes of a request that fits. */
  readonly action: "reject" | "would_reject";
  /** Of the request that it is told for. */
  readonly application: number;
  /** A command code, `"lo-hi"`, or a name of the dictionary. */
  readonly command: number;
}

/** Everything but single messages. */
export type GatewayEvent =
  | { readonly kind: "listening"; readonly address: string }
  | {
    readonly kind: "dra_state";
    readonly dra: string;
    readonly from: DraState;
    readonly to: DraState;
    readonly reason: string;
  }
  /** `hint` guesses at the cause, as a question; "" for none. `retryIn` in milliseconds. */
  | {
    readonly kind: "dra_connect_failed";
    readonly dra: string;
    readonly reason: string;
    readonly hint: string;
    readonly retryIn: number;
  }
  | { readonly kind: "dra_identity_changed"; readonly dra: string; readonly from: string; readonly to: string }
  /** Its Origin-State-Id is higher than before: it lost its state (RFC 6733 section 8.16). */
  | { readonly kind: "dra_restarted"; readonly dra: string; readonly from: number; readonly to: number }
  /** It is connected again, and gets requests after `needed` watchdogs (RFC 3539: REOPEN). */
  | { readonly kind: "dra_reopening"; readonly dra: string; readonly answered: number; readonly needed: number }
  | { readonly kind: "dra_up"; readonly dra: string; readonly originHost: string; readonly watchdog: string }
  | { readonly kind: "dra_suspect"; readonly dra: string; readonly reason: string; readonly pending: number }
  | { readonly kind: "dra_down"; readonly dra: string; readonly reason: string; readonly pending: number }
  /** Its circuit breaker leaves it out; `until` as ISO 8601. */
  | { readonly kind: "breaker_open"; readonly dra: string; readonly reason: string; readonly until: string }
  | { readonly kind: "breaker_half_open"; readonly dra: string; readonly reason: string }
  | { readonly kind: "breaker_closed"; readonly dra: string; readonly reason: string }
  /** Requests wait until a DRA is usable again, and none waits any more. */
  | { readonly kind: "queue_begin"; readonly reason: string }
  | { readonly kind: "queue_end"; readonly sent: number; readonly answered: number; readonly abandoned: number }
  | { readonly kind: "failover"; readonly from: number; readonly to: number }
  | { readonly kind: "failback"; readonly from: number; readonly to: number }
  | { readonly kind: "no_dra"; readonly reason: string }
  | { readonly kind: "resent"; readonly dra: string; readonly count: number; readonly reason: string }
  | {
    readonly kind: "app_up";
    readonly app: string;
    readonly remote: string;
    /** As its CER advertised them. */
    readonly applications: readonly AdvertisedApplication[];
  }
  | {
    readonly kind: "app_down";
    readonly app: string;
    readonly remote: string;
    readonly reason: string;
    readonly pending: number;
  }
  | { readonly kind: "app_refused"; readonly remote: string; readonly reason: string }
  | ScreenedEvent
  /** It closed again without a byte, as health checks do. */
  | { readonly kind: "app_silent"; readonly remote: string }
  /**
   * A connection could not be accepted; told for each attempt, of which there may be 20 a second.
   */
  | { readonly kind: "accept_failed"; readonly address: string; readonly reason: string }
  /**
   * A defect. The request that it befell was answered 5012, or was on its way already and lives on
   * until its answer or its end.
   */
  | { readonly kind: "internal_error"; readonly reason: string; readonly request: "answered" | "lives_on" }
  /** Another listener, or the observer of messages, threw; told once for each of them. */
  | { readonly kind: "listener_failed"; readonly reason: string }
  | { readonly kind: "draining"; readonly pending: number }
  /** Every request is answered; the peers are connected still, and get their DPR next. */
  | { readonly kind: "leaving" }
  | { readonly kind: "stopped" };

/** Receives events; must not block. An error of it is told to the others, or to the console. */
export type GatewayListener = (event: GatewayEvent) => void;

/** Sees every message; must not keep what it is given waiting. */
export type MessageObserver = (record: MessageRecord) => void;

/**
 * One message as it passes, for the log of requests and answers; only built when somebody asked for
 * it.
 */
export interface MessageRecord {
  /** An `error_answer` is the gateway's own. */
  readonly kind: "request" | "answer" | "error_answer";
  /** Origin-Host of the peer it came from. */
  readonly from: string;
  /** Of the one it goes to; "" when the gateway answers it. */
  readonly to: string;
  /** Command code. */
  readonly command: number;
  /** Application id. */
  readonly application: number;
  /** Command flags, see `FLAG`. */
  readonly flags: number;
  /** As the requester has it. */
  readonly hopByHop: number;
  /** Towards the answering side; 0 when it was never sent there. */
  readonly relayedHopByHop: number;
  /** The same on both sides. */
  readonly endToEnd: number;
  /** "" when the message has none. */
  readonly sessionId: string;
  /** Of an answer. */
  readonly resultCode: number | undefined;
}
