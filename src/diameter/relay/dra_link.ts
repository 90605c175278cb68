/**
 * One connection slot of a DRA: it connects, keeps the connection, and connects again.
 * @module
 */
import { type Connection, endpointText } from "../../net/connection.ts";
import { reasonOf } from "../../net/reason.ts";
import { connectTcp } from "../../net/tcp.ts";
import { afterConnection, type Backoff, FRESH_BACKOFF, nextAttempt } from "../peer/backoff.ts";
import { causeName, Peer, type PeerEnd } from "../peer/peer.ts";
import { WatchdogTimer } from "../peer/watchdog_timer.ts";
import { DISCONNECT_CAUSE } from "../wire/avp_codes.ts";
import type { Dra } from "./dra.ts";
import type { DraState } from "./events.ts";
import { RelayPeer } from "./relay_peer.ts";
import type { RelayRuntime } from "./relay_runtime.ts";
import type { Attempts } from "./retries.ts";
import { TransactionTable } from "./transactions.ts";

/**
 * A burst of many Logic Apps at once may overshoot the queue's limit this many times before requests are turned away: from the limit on, nothing more is read from
 * whoever fills it, so each adds what it has already sent and no more.
 */
const BURST = 4;

const UNREACHABLE = "cannot be reached";

/** What TLS says of bytes that are none. */
const TLS_TROUBLE = /tls|ssl|corrupt message|wrong version/i;

/** The end of a connection as what follows the name of a DRA. */
function asPredicate(reason: string): string {
  return reason.startsWith(UNREACHABLE) ? reason : `is not connected: ${reason}`;
}

/** What a link tells the pool. */
export interface LinkHandlers {
  /** Usability may have changed: watchdog, connection or capabilities. */
  changed(link: DraLink): void;
  /** The DRA stopped answering its watchdog: pending requests go elsewhere, the connection stays. */
  suspect(link: DraLink): void;
  /** The connection is gone: pending requests go elsewhere. */
  lost(link: DraLink, reason: string): void;
  /** Runs the stages of a new connection until it ends. */
  serve(connection: Connection, peer: Peer, self: () => RelayPeer | undefined, link: DraLink): void;
}

/** One slot. Its transactions and its watchdog outlive its connections. */
export class DraLink {
  readonly table: TransactionTable;
  readonly watchdog: WatchdogTimer;
  /** Transactions with several attempts, one of them in this slab. */
  readonly retried = new Map<number, Attempts>();
  /** The open connection. */
  relayPeer: RelayPeer | undefined;
  /** Why it is not usable, for a person: what follows the name of the DRA in a sentence. */
  reason = "is not connected yet";
  lastError = "";
  /** Unix time in milliseconds of the next attempt; 0 when none is planned. */
  nextAttemptAt = 0;

  #state: DraState = "DISCONNECTED";
  #peer: Peer | undefined;
  #backoff: Backoff = FRESH_BACKOFF;
  #okayAt = 0;
  #connections = 0;
  /** The attempt at hand came as far as the capabilities exchange. */
  #wasOpen = false;
  /** The watchdogs of REOPEN that were last told of. */
  #answered = -1;
  #stopped = true;
  #abort = new AbortController();
  #wake: (() => void) | undefined;
  #running: Promise<void> = Promise.resolve();
  readonly #runtime: RelayRuntime;
  readonly #handlers: LinkHandlers;

  constructor(readonly dra: Dra, readonly index: number, runtime: RelayRuntime, handlers: LinkHandlers) {
    this.#runtime = runtime;
    this.#handlers = handlers;
    this.table = new TransactionTable(runtime.segments, Math.floor(Math.random() * 0x10000), runtime.tick());
    this.watchdog = new WatchdogTimer(() => this.#watchdogOptions(), {
      sendWatchdog: () => this.#peer?.sendWatchdog(),
      failover: () => {
        if (this.watchdog.state !== "suspect") return;
        this.reason = "is suspect: a watchdog is unanswered";
        this.#handlers.changed(this);
        this.#handlers.suspect(this);
      },
      failback: () => {
        this.#okayAt = performance.now();
        this.reason = "";
        this.#handlers.changed(this);
      },
      close: (reason) => this.#peer?.abort(reason),
      changed: () => {
        this.#noteState();
        this.#noteReopening();
        // The end of the connection follows in the same breath, and knows why.
        const ended = this.watchdog.state === "down" || this.watchdog.state === "initial";
        if (!ended) this.#handlers.changed(this);
      },
    });
  }

  /** Where it stands, in the names that the API and the log use. */
  get state(): DraState {
    return this.#state;
  }

  /** Open and OKAY. */
  get okay(): boolean {
    return this.relayPeer !== undefined && this.relayPeer.peer.open && this.watchdog.state === "okay";
  }

  /** Open, in REOPEN, and a DWR was answered on this connection. */
  get reopening(): boolean {
    return this.relayPeer !== undefined && this.relayPeer.peer.open && this.watchdog.state === "reopen" &&
      this.watchdog.numDwa >= 1;
  }

  /** It may be given no more: its queue, its credit or the memory for retained requests is used up. */
  get full(): boolean {
    const { out } = this.relayPeer!.peer;
    return out.queuedBytes > out.limit * BURST || this.fullForRetries;
  }

  /**
   * The same for requests that were taken on already: a burst of them, which another DRA's end brings, may overshoot the queue's limit. They are as many as the credit
   * of that DRA.
   */
  get fullForRetries(): boolean {
    const { maxInFlight } = this.#runtime.options.draPool;
    return this.table.size >= maxInFlight || this.relayPeer!.peer.out.stuck || this.#runtime.segments.exhausted ||
      this.table.size >= TransactionTable.capacity;
  }

  /** Begins to connect, and goes on until {@link stop}. */
  start(): void {
    if (!this.#stopped) return;
    this.#stopped = false;
    this.#abort = new AbortController();
    this.#running = this.#run();
  }

  /** Takes leave and connects no more; resolves when the connection has ended. */
  async stop(cause: number = DISCONNECT_CAUSE.rebooting, reason = "shutting down"): Promise<void> {
    this.#stopped = true;
    this.#abort.abort();
    this.#wake?.();
    this.reason = reason;
    await this.#peer?.stop(cause, reason);
    await this.#running;
    this.watchdog.stop();
  }

  /** Drops a connection that hangs, or tries again at once. */
  reconnect(reason: string): void {
    this.#wake?.();
    this.#peer?.stop(DISCONNECT_CAUSE.rebooting, reason);
  }

  /** Ends the connection now; the next attempt follows by the rules. */
  abort(reason: string): void {
    this.#peer?.abort(reason);
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      const end = await this.#connectOnce();
      if (this.#stopped) break;
      const step = nextAttempt(
        this.#backoff,
        this.#runtime.options.draPool.reconnect,
        end.kind === "refused",
        Math.random(),
      );
      this.#backoff = step.backoff;
      this.lastError = end.reason;
      this.reason = asPredicate(end.reason);
      this.nextAttemptAt = Date.now() + step.wait;
      if (this.#runtime.draining) break;
      this.#runtime.emit({
        kind: "dra_connect_failed",
        dra: this.dra.options.name,
        reason: end.reason,
        hint: this.#wasOpen ? "" : this.#hint(end),
        retryIn: step.wait,
      });
      this.#setState("FAILED", end.reason);
      this.#setState("RECONNECTING", `next attempt in ${(step.wait / 1000).toFixed(1)} s`);
      this.#handlers.changed(this);
      await this.#sleep(step.wait);
      this.nextAttemptAt = 0;
    }
    this.#setState("DISCONNECTED", this.reason);
    this.#handlers.changed(this);
  }

  /** One attempt, and the connection's whole life when it succeeds. */
  async #connectOnce(): Promise<PeerEnd> {
    const { draPool } = this.#runtime.options;
    const { host, port } = this.dra.options;
    this.#setState("CONNECTING", `to ${host}:${port}`);
    this.reason = "is being connected";
    this.#wasOpen = false;
    let connection: Connection;
    try {
      connection = await this.#connect();
    } catch (error) {
      const reason = `${UNREACHABLE}: ${reasonOf(error)} (${endpointText({ hostname: host, port })})`;
      this.dra.attempts.failed++;
      return { kind: "lost", reason };
    }
    if (this.#stopped) {
      connection.close();
      return { kind: "left", reason: this.reason };
    }
    const ended = Promise.withResolvers<PeerEnd>();
    const peer = new Peer(connection, this.#runtime.segments, this.watchdog, {
      local: this.#runtime.local,
      role: "initiator",
      capabilitiesTimeout: draPool.capabilitiesTimeout,
      dprTimeout: draPool.dprTimeout,
      sendQueueLimit: draPool.sendQueueLimit,
      writeTimeout: draPool.writeTimeout,
      expectedHost: this.dra.options.originHost,
    }, {
      opened: (opened) => this.#opened(opened),
      leaving: (_, cause) => {
        this.reason = `took its leave (${causeName(cause)})`;
        this.#setState("CLOSING", this.reason);
        this.#handlers.changed(this);
      },
      closed: (closed, end) => {
        this.#closed(closed, end);
        ended.resolve(end);
      },
      discarded: (reason) => this.#runtime.discarded(reason),
      sealed: (segment) => this.table.sealed(segment),
    });
    this.#peer = peer;
    this.reason = "waits for the CEA";
    this.#setState("CER_SENT", "connected");
    this.#handlers.serve(connection, peer, () => this.relayPeer, this);
    return await ended.promise;
  }

  async #connect(): Promise<Connection> {
    const { connectTimeout, tcpNoDelay } = this.#runtime.options.draPool;
    const { host, port, bind, tls } = this.dra.options;
    const to = { hostname: host, port };
    const options = { timeout: connectTimeout, noDelay: tcpNoDelay, signal: this.#abort.signal, bind };
    if (tls === undefined && bind === "") return await connectTcp(to, options);
    // Loaded when needed: the compatibility layer under it takes 6 MB.
    const { connectFrom, connectTls } = await import("../../net/tls.ts");
    return tls === undefined ? await connectFrom(to, options) : await connectTls(to, tls, options);
  }

  #opened(peer: Peer): void {
    const capabilities = peer.capabilities!;
    this.dra.attempts.ok++;
    if (this.#connections++ > 0) this.dra.counters.reconnects++;
    this.dra.identified(capabilities);
    this.relayPeer = new RelayPeer(peer, capabilities, this);
    this.#runtime.connections.add(this.relayPeer);
    this.reason = "is connected";
    this.#wasOpen = true;
    this.#answered = -1;
    this.#setState("OPEN", `capabilities exchanged with ${capabilities.originHost}`);
  }

  #closed(peer: Peer, end: PeerEnd): void {
    const relayPeer = this.relayPeer;
    this.#peer = undefined;
    if (relayPeer === undefined) {
      this.dra.attempts.failed++;
      return;
    }
    this.relayPeer = undefined;
    this.reason = asPredicate(end.reason);
    this.#backoff = afterConnection(this.#backoff, this.#okayAt === 0 ? 0 : performance.now() - this.#okayAt);
    this.#okayAt = 0;
    this.dra.counters.bytesSent += peer.out.writtenBytes;
    this.dra.counters.bytesReceived += peer.readBytes;
    this.#runtime.gone(relayPeer);
    this.#handlers.changed(this);
    this.#handlers.lost(this, end.reason);
  }

  #noteState(): void {
    if (this.#state === "OPEN" && this.watchdog.pending) this.#setState("DWR_SENT", "a watchdog is unanswered");
    else if (this.#state === "DWR_SENT" && !this.watchdog.pending) this.#setState("OPEN", "the watchdog was answered");
  }

  #noteReopening(): void {
    const { state, numDwa } = this.watchdog;
    if (state !== "reopen") return;
    const answered = Math.max(0, numDwa);
    const needed = this.#runtime.options.draPool.reopenWatchdogs;
    this.reason = `is connected, ${answered} of ${needed} watchdogs answered`;
    if (answered === this.#answered) return;
    this.#answered = answered;
    this.#runtime.emit({ kind: "dra_reopening", dra: this.dra.options.name, answered, needed });
  }

  /** What the cause may be when a connection never opened; "" when its reason says it. */
  #hint({ kind, reason }: PeerEnd): string {
    const { tls } = this.dra.options;
    if (reason.startsWith(UNREACHABLE)) {
      return tls !== undefined && TLS_TROUBLE.test(reason) ? "does it speak TLS?" : "";
    }
    if (kind !== "lost" || !/^(no CEA in time|the peer closed the connection|.*reset by peer)/i.test(reason)) return "";
    const transport = tls === undefined ? ", does it want TLS" : "";
    return `is it a Diameter peer${transport}, and does it know ${this.#runtime.options.originHost}?`;
  }

  #setState(to: DraState, reason: string): void {
    const from = this.#state;
    if (from === to) return;
    this.#state = to;
    this.#runtime.emit({ kind: "dra_state", dra: this.dra.options.name, from, to, reason });
  }

  #sleep(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#wake?.(), milliseconds);
      this.#wake = () => {
        clearTimeout(timer);
        this.#wake = undefined;
        resolve();
      };
    });
  }

  #watchdogOptions() {
    const { watchdogInterval, watchdogJitter, reopenWatchdogs } = this.#runtime.options.draPool;
    return { interval: watchdogInterval, jitter: watchdogJitter, reopenWatchdogs };
  }
}
