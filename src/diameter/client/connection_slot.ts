/**
 * A place for a connection: it is opened, and opened again when it is lost.
 * @module
 */
import { type Connection, type Endpoint, endpointText } from "../../net/connection.ts";
import { dial } from "../../net/dial.ts";
import type { BackoffOptions } from "../peer/backoff.ts";
import type { Capabilities } from "../peer/capabilities.ts";
import type { PeerEnd } from "../peer/peer_end.ts";
import { Redialer } from "../peer/redialer.ts";
import { DISCONNECT_CAUSE } from "../wire/avp_codes.ts";
import type { Call } from "./call.ts";
import { ClientConnection, type ClientRuntime, MessageCounters } from "./client_connection.ts";
import { ConnectionClosedError, ConnectionFailedError, HandshakeFailedError } from "./errors.ts";
import type { ClientEvent, ConnectionState, ConnectionStatistics } from "./events.ts";
import type { PeerRequest } from "./peer_request.ts";

/** What the owner of a slot is told. */
export interface SlotHandlers {
  /** Its connection is open. */
  opened(slot: ConnectionSlot): void;
  /** Its connection was open and has ended; these calls are to be sent again. */
  lost(slot: ConnectionSlot, end: PeerEnd, resend: readonly Call[]): void;
  /**
   * It could not be opened. `fresh`: it has not been open since it was started. Whether it is tried
   * again.
   */
  failed(slot: ConnectionSlot, error: Error, fresh: boolean): boolean;
  /** It is not open and will not be opened by itself. */
  stopped(slot: ConnectionSlot): void;
  /** What pending calls are rejected with when the connection is lost. */
  lossError(reason: string): Error;
  room(): void;
  received(request: PeerRequest): void;
  event(event: ClientEvent): void;
}

/** Why a connection that the client itself closes is closed. */
export interface Leave {
  /** See `DISCONNECT_CAUSE`. */
  readonly cause: number;
  readonly reason: string;
}

/** The end of an attempt. */
interface SlotEnd extends PeerEnd {
  readonly wasOpen: boolean;
  /** Why it never opened; undefined when it did, or was given up. */
  readonly error: Error | undefined;
}

/** One slot. */
export class ConnectionSlot {
  readonly counters = new MessageCounters();
  /** The connection, from the moment it is connected. */
  connection: ClientConnection | undefined;
  /** What the peer said of itself last. */
  capabilities: Capabilities | undefined;
  reconnects = 0;
  /** Attempts to open it again after it was lost. */
  reconnectAttempts = 0;
  failures = 0;
  opened = 0;
  ended = 0;
  lastError: Error | undefined;
  /** Unix time in milliseconds; 0 when there was none. */
  lastErrorAt = 0;
  readonly address: string;

  #state: ConnectionState = "DISCONNECTED";
  #bytesSent = 0;
  #bytesReceived = 0;
  #connectedAt = 0;
  /** It has not been open since it was started. */
  #fresh = true;
  #leave: Leave | undefined;
  #stopped = false;
  readonly #redialer: Redialer<SlotEnd>;
  readonly #runtime: ClientRuntime;
  readonly #handlers: SlotHandlers;

  constructor(readonly target: Endpoint, readonly index: number, runtime: ClientRuntime, handlers: SlotHandlers) {
    this.#runtime = runtime;
    this.#handlers = handlers;
    this.address = endpointText(target);
    this.#redialer = new Redialer(
      {
        attempt: (givenUp) => this.#attempt(givenUp),
        next: (end) => this.#next(end),
        waits: (end, milliseconds) => this.#waits(end, milliseconds),
        over: () => {
          this.#setState("DISCONNECTED", this.lastError?.message ?? "");
          this.#handlers.stopped(this);
        },
      },
      runtime.clock,
      runtime.random,
    );
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** Unix time in milliseconds of the next attempt; 0 while none is planned. */
  get nextAttemptAt(): number {
    return this.#redialer.nextAttemptAt;
  }

  /** It is open, or on its way to be. */
  get running(): boolean {
    return this.#redialer.running;
  }

  /** It is being opened for the first time since it was started. */
  get opening(): boolean {
    return this.running && this.#fresh && this.nextAttemptAt === 0;
  }

  /** It is taking its leave, or has taken it. */
  get retiring(): boolean {
    return this.#leave !== undefined;
  }

  /** Begins to connect, unless it does already. */
  start(): void {
    if (this.running || this.#stopped) return;
    this.#fresh = true;
    this.#leave = undefined;
    this.#redialer.start();
  }

  /** Takes leave with DPR and connects no more; resolves when the connection has ended. */
  async stop({ cause, reason }: Leave): Promise<void> {
    this.#stopped = true;
    const ended = this.#redialer.stop();
    const peer = this.connection?.peer;
    if (peer?.open) this.#setState("CLOSING", reason);
    await Promise.all([peer?.stop(cause, reason), ended]);
  }

  /**
   * Takes leave of the open connection with DPR, when its requests are answered; the slot stops
   * with it.
   */
  retire({ cause, reason }: Leave): void {
    const connection = this.connection;
    if (connection === undefined || connection.retiring || !connection.peer.open) return;
    connection.retiring = true;
    this.#leave = { cause, reason };
    this.#retireIfIdle();
  }

  #retireIfIdle(): void {
    if (this.#leave === undefined || this.connection === undefined || this.connection.pending > 0) return;
    const { cause, reason } = this.#leave;
    this.#setState("CLOSING", reason);
    void this.connection.peer.stop(cause, reason);
  }

  /** What is to be known of it. */
  statistics(): ConnectionStatistics {
    const { counters, connection } = this;
    return {
      index: this.index,
      address: this.address,
      state: this.#state,
      originHost: this.capabilities?.originHost ?? "",
      connectedAt: this.#connectedAt,
      pending: connection?.pending ?? 0,
      messagesSent: counters.messagesSent,
      messagesReceived: counters.messagesReceived,
      bytesSent: this.#bytesSent + (connection?.peer.out.writtenBytes ?? 0),
      bytesReceived: this.#bytesReceived + (connection?.peer.readBytes ?? 0),
      reconnects: this.reconnects,
      unmatchedAnswers: counters.unmatchedAnswers,
      lastError: this.lastError?.message ?? "",
      nextAttemptAt: this.nextAttemptAt,
    };
  }

  #next({ reason, wasOpen, error }: SlotEnd): BackoffOptions | "never" {
    this.#setState("FAILED", reason);
    const wanted = wasOpen ? !this.retiring : this.#handlers.failed(this, error!, this.#fresh);
    const { reconnect } = this.#runtime.settings;
    if (wanted && reconnect !== false) return reconnect;
    if (!wasOpen) this.#tellFailure(error!, undefined);
    return "never";
  }

  #waits({ wasOpen, error }: SlotEnd, milliseconds: number): void {
    if (!wasOpen) this.#tellFailure(error!, milliseconds);
    this.#setState("RECONNECTING", `next attempt in ${(milliseconds / 1000).toFixed(1)} s`);
  }

  #tellFailure(error: Error, retryIn: number | undefined): void {
    this.#handlers.event({
      kind: "connect_failed",
      connection: this.index,
      address: this.address,
      error,
      retryIn,
    });
  }

  /** One attempt, and the connection's whole life when it succeeds. */
  async #attempt(signal: AbortSignal): Promise<SlotEnd> {
    if (!this.#fresh) this.reconnectAttempts++;
    const { connectTimeout, tcpNoDelay, bind, tls } = this.#runtime.settings;
    this.#setState("CONNECTING", `to ${this.address}`);
    let transport: Connection;
    try {
      const options = { timeout: connectTimeout, noDelay: tcpNoDelay, signal, bind };
      transport = await dial(this.target, tls, options);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      const error = new ConnectionFailedError(this.address, reason, { cause });
      this.#failed(error);
      return { kind: "lost", reason, error, wasOpen: false };
    }
    if (signal.aborted) {
      transport.close();
      return { kind: "left", reason: "given up", error: undefined, wasOpen: false };
    }
    const closed = Promise.withResolvers<PeerEnd>();
    let wasOpen = false;
    const connection = new ClientConnection(transport, this.#runtime, this.counters, {
      opened: () => {
        wasOpen = true;
        this.#opened(connection);
      },
      closed: (_, end, resend) => {
        this.#closed(connection, end, resend, wasOpen);
        closed.resolve(end);
      },
      lossError: (reason) => this.#handlers.lossError(reason),
      room: () => {
        this.#retireIfIdle();
        this.#handlers.room();
      },
      changed: () => this.#noteState(connection),
      received: (request) => this.#handlers.received(request),
    });
    this.connection = connection;
    this.#setState("CER_SENT", "connected");
    const end = await closed.promise;
    if (wasOpen) return { ...end, error: undefined, wasOpen };
    const error = new HandshakeFailedError(this.address, end.reason, end.resultCode, end.errorMessage);
    this.#failed(error);
    return { ...end, error, wasOpen };
  }

  #opened(connection: ClientConnection): void {
    this.capabilities = connection.peer.capabilities;
    this.opened++;
    if (!this.#fresh) this.reconnects++;
    this.#fresh = false;
    this.#connectedAt = Date.now();
    this.#setState("OPEN", `capabilities exchanged with ${this.capabilities?.originHost}`);
    this.#handlers.event({
      kind: "up",
      connection: this.index,
      address: this.address,
      originHost: this.capabilities?.originHost ?? "",
    });
    // The watchdog is told right behind this; only then is the connection usable.
    queueMicrotask(() => this.#handlers.opened(this));
  }

  #failed(error: Error): void {
    if (this.#stopped) return;
    this.failures++;
    this.#noteError(error);
  }

  #noteError(error: Error): void {
    this.lastError = error;
    this.lastErrorAt = Date.now();
  }

  #closed(connection: ClientConnection, end: PeerEnd, resend: readonly Call[], wasOpen: boolean): void {
    const { peer } = connection;
    this.connection = undefined;
    this.#connectedAt = 0;
    this.#bytesSent += peer.out.writtenBytes;
    this.#bytesReceived += peer.readBytes;
    if (!wasOpen) return;
    this.ended++;
    this.#redialer.held(this.#runtime.clock.now() - connection.openedAt);
    this.#noteError(new ConnectionClosedError(this.address, end.reason));
    this.#handlers.event({
      kind: "down",
      connection: this.index,
      address: this.address,
      reason: end.reason,
      resent: resend.length,
    });
    this.#handlers.lost(this, end, resend);
  }

  #noteState({ peer }: ClientConnection): void {
    if (peer.state === "leaving") this.#setState("CLOSING", "the peer takes its leave");
    // Whatever the watchdog forgets when a connection ends or a leave begins, nobody has answered
    // it.
    else if (!peer.open) return;
    else if (this.#state === "OPEN" && peer.watchdog.pending) this.#setState("DWR_SENT", "a watchdog is unanswered");
    else if (this.#state === "DWR_SENT" && !peer.watchdog.pending) this.#setState("OPEN", "the watchdog was answered");
  }

  #setState(to: ConnectionState, reason: string): void {
    const from = this.#state;
    if (from === to) return;
    this.#state = to;
    this.#handlers.event({ kind: "state", connection: this.index, address: this.address, from, to, reason });
  }
}

/**
 * A program that closes its client expects no more messages, which is this cause in the words of
 * RFC 6733 section 5.4.3. It asks the peer not to connect by itself, which no peer does to a
 * client; when the program comes back, its client dials. REBOOTING would announce a reboot that
 * nobody plans.
 */
export const SHUTTING_DOWN: Leave = {
  cause: DISCONNECT_CAUSE.doNotWantToTalkToYou,
  reason: "this client is being closed",
};
