/**
 * What clients tell those who watch them.
 * @module
 */
import { Listeners } from "../../net/listeners.ts";

/** Where a connection stands; `DWR_SENT`: a watchdog is unanswered. */
export type ConnectionState =
  | "DISCONNECTED"
  | "CONNECTING"
  | "CER_SENT"
  | "OPEN"
  | "DWR_SENT"
  | "CLOSING"
  | "FAILED"
  | "RECONNECTING";

/**
 * Something that happened to a connection. `connection` is its number, from 0; `address` is
 * `host:port`.
 */
export type ClientEvent =
  | {
    readonly kind: "state";
    readonly connection: number;
    readonly address: string;
    readonly from: ConnectionState;
    readonly to: ConnectionState;
    readonly reason: string;
  }
  /** It is open: capabilities were exchanged with `originHost`. */
  | { readonly kind: "up"; readonly connection: number; readonly address: string; readonly originHost: string }
  /** It was open and has ended. `resent`: requests that go to another connection. */
  | {
    readonly kind: "down";
    readonly connection: number;
    readonly address: string;
    readonly reason: string;
    readonly resent: number;
  }
  /**
   * It could not be opened. `retryIn`: milliseconds until the next attempt; undefined when there
   * will be none.
   */
  | {
    readonly kind: "connect_failed";
    readonly connection: number;
    readonly address: string;
    readonly error: Error;
    readonly retryIn: number | undefined;
  }
  /**
   * Another listener threw `error` at an event of that connection, or its promise was rejected;
   * told once for each.
   */
  | {
    readonly kind: "listener_failed";
    readonly connection: number;
    readonly address: string;
    readonly error: unknown;
  };

/**
 * Is told of events. Nobody waits for it; an error of it is told to the others, or to the console.
 */
export type ClientListener = (event: ClientEvent) => void;

/** The listeners of one client. */
export function clientListeners(): Listeners<ClientEvent> {
  return new Listeners<ClientEvent>((error, at) => ({
    kind: "listener_failed",
    connection: at?.connection ?? 0,
    address: at?.address ?? "",
    error,
  }));
}

/** One connection of a client. Times are Unix times in milliseconds. */
export interface ConnectionStatistics {
  /** Its number, from 0. */
  readonly index: number;
  /** `host:port` that it is opened to. */
  readonly address: string;
  /** Where it stands. */
  readonly state: ConnectionState;
  /** Origin-Host of the last CEA; "" before the first. */
  readonly originHost: string;
  /** Since when it is open; 0 when it is not. */
  readonly connectedAt: number;
  /** Requests that wait for their answers. */
  readonly pending: number;
  /** Application messages: requests and answers, without CER, DWR and DPR and their answers. */
  readonly messagesSent: number;
  /** The same, received. */
  readonly messagesReceived: number;
  /** Bytes on the wire, everything included. */
  readonly bytesSent: number;
  /** The same, received. */
  readonly bytesReceived: number;
  /** How often it was opened again after it had been lost. */
  readonly reconnects: number;
  /** Answers that belonged to no waiting request. */
  readonly unmatchedAnswers: number;
  /** Why it ended, or could not be opened, last; "" when it never did. */
  readonly lastError: string;
  /** When it is tried next; 0 when nothing is planned. */
  readonly nextAttemptAt: number;
}
