/**
 * A device's stream, whatever carries it, and those who are told of it: the seam between the
 * transports and the sessions.
 *
 * Nothing here is a promise: every call comes in the turn in which it happened.
 * @module
 */
import type { Encoded, Encoding, KnownRequest } from "../proto/mod.ts";
import type { CloseCode } from "./close_codes.ts";

/** The names of the transports, as metrics have them. */
export type TransportKind = "websocket" | "grpc" | "connect" | "grpcweb";

/** A stream that is open, as its session sees it. Calls on one that has ended do nothing. */
export interface Transport {
  readonly kind: TransportKind;
  readonly encoding: Encoding;
  /** The device's address; behind a trusted proxy the one that it names. */
  readonly remote: string;
  /**
   * Queues an event. What is queued in one turn leaves in one write. Above the limit of the queue
   * the transport ends itself with 4008: `closed` tells.
   */
  send(event: Encoded): void;
  /** Bytes that were sent and have not left. */
  readonly queuedBytes: number;
  /** Bytes that came and went so far. */
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Asks for a sign of life: a WebSocket ping, or the event `ping`. `pong` or a message tells. */
  ping(): void;
  /**
   * Ends the stream behind what is queued: close frame, or the status that fits the code. A peer
   * that does not answer the close is cut after a while. `closed` is told at once, in this call.
   */
  close(code: CloseCode, reason?: string): void;
  /** Ends it without a word: what is queued is dropped. `closed` is told at once, in this call. */
  cut(): void;
}

/** Handles one stream. What throws here ends the stream; see `DeviceHost.failed`. */
export interface TransportListener {
  /** A request. `bytes` is its size as it came. */
  message(request: KnownRequest, bytes: number): void;
  /** A sign of life without a request: a WebSocket pong or ping. */
  alive(): void;
  /**
   * What waited behind a slow write has gone to the system: the moment for whoever has much to
   * send, and looked at `queuedBytes`, to go on.
   */
  drained?(): void;
  /**
   * The stream has ended; exactly once, the last that is told.
   * @param code the one that either side sent; 1006 when it was cut or lost (RFC 6455 section
   * 7.4.1)
   */
  closed(code: number, reason: string): void;
}
