/**
 * One connection slot of a DRA: it connects, keeps the connection, and connects again.
 * @module
 */
import type { Budget } from "../../../net/budget.ts";
import type { Connection } from "../../../net/connection.ts";
import type { BackoffOptions } from "../../peer/backoff.ts";
import type { Capabilities } from "../../peer/capabilities.ts";
import { Peer, type PeerHandlers } from "../../peer/peer.ts";
import { causeName, type PeerEnd } from "../../peer/peer_end.ts";
import type { PeerOptions } from "../../peer/peer_options.ts";
import { Redialer } from "../../peer/redialer.ts";
import { WatchdogTimer } from "../../peer/watchdog_timer.ts";
import { DISCONNECT_CAUSE } from "../../wire/avp_codes.ts";
import type { DraOptions } from "../core/options.ts";
import type { DraState } from "../core/events.ts";
import { type Place, RelayPeer, type Served, type Upstream } from "../core/relay_peer.ts";
import type { RelayRuntime } from "../core/runtime.ts";
import type { Attempts } from "../core/attempts.ts";
import { TransactionTable } from "../core/transactions.ts";
import { asPredicate, hintAt, unreachable } from "./link_reason.ts";
import type { Breaker } from "./breaker.ts";
import { LinkRoom } from "./link_room.ts";
import { WatchdogTally } from "./watchdog_tally.ts";

/** What a link tells the pool. */
export interface LinkHandlers {
  /** Usability may have changed: watchdog, connection or capabilities. */
  changed(link: DraLink): void;
  /**
   * The DRA stopped answering its watchdog: pending requests go elsewhere, the connection stays.
   */
  suspect(link: DraLink): void;
  /** The connection is gone: pending requests go elsewhere. */
  lost(link: DraLink, reason: string): void;
  /** Runs the stages of a new connection until it ends. */
  serve(connection: Connection, peer: Peer, served: Served): void;
}

/** What a link needs of the DRA that it belongs to. */
export interface LinkOwner extends Upstream {
  readonly options: DraOptions;
  readonly breaker: Breaker | undefined;
  /** It had room, and has got as many requests as it may in this second. */
  readonly overRate: boolean;
  /**
   * Resolves when the connection that the DRA opened to us is gone; undefined while there is none.
   */
  readonly adopted: Promise<PeerEnd> | undefined;
  /** Its CEA, or the CER of a connection that it opened, told its identity. */
  identified(capabilities: Capabilities): void;
}

/** The end of an attempt. */
interface LinkEnd extends PeerEnd {
  /** The link dialled, or had the connection; it did not only wait for one that the DRA opened. */
  readonly mine: boolean;
}

/** Why nothing is dialled while the DRA's own connection lives. */
const GAVE_WAY = "has opened a connection itself";

/** One slot. Its transactions and its watchdog outlive its connections. */
export class DraLink implements Served, Place {
  readonly table: TransactionTable;
  /** Bytes of requests that are queued to it, or kept for a failover. */
  readonly budget: Budget;
  /** Bytes of its error answers that are kept. */
  readonly errors: Budget;
  /** What it may still be given. */
  readonly room: LinkRoom;
  readonly watchdog: WatchdogTimer;
  /** Transactions with several attempts, one of them in this slab. */
  readonly retried = new Map<number, Attempts>();
  /** The open connection. */
  relayPeer: RelayPeer | undefined;
  /** Why it is not usable, for a person: what follows the name of the DRA in a sentence. */
  reason = "is not connected yet";
  lastError = "";
  /**
   * Resolves when the CEA to our CER is there, or will not come; undefined while none is awaited.
   */
  exchange: Promise<void> | undefined;

  #state: DraState = "DISCONNECTED";
  #peer: Peer | undefined;
  #okayAt = 0;
  #connections = 0;
  /** The attempt at hand came as far as the capabilities exchange. */
  #wasOpen = false;
  /** The watchdogs of REOPEN that were last told of. */
  #answered = -1;
  readonly #tally: WatchdogTally;
  /** The next attempt follows at once. */
  #atOnce = false;
  /** What waits are drawn from, as it was last. */
  #backoff: BackoffOptions;
  #started = false;
  readonly #redialer: Redialer<LinkEnd>;
  readonly #runtime: RelayRuntime;
  readonly #handlers: LinkHandlers;

  constructor(readonly dra: LinkOwner, readonly index: number, runtime: RelayRuntime, handlers: LinkHandlers) {
    this.#runtime = runtime;
    this.#handlers = handlers;
    this.#backoff = runtime.options.draPool.reconnect;
    this.budget = runtime.budgets.ofDra();
    this.errors = runtime.budgets.errorsOfDra();
    const firstGeneration = Math.floor(runtime.random() * 0x10000);
    this.table = new TransactionTable(runtime.segments, firstGeneration, runtime.tick(), this.budget);
    this.room = new LinkRoom(runtime, this.table, this.budget);
    this.#tally = new WatchdogTally(dra.meters.watchdog);
    this.#redialer = new Redialer(
      {
        attempt: (givenUp) => this.#attempt(givenUp),
        next: (end) => this.#next(end),
        waits: (end, milliseconds) => this.#waits(end, milliseconds),
        over: (end) => {
          this.#setState("DISCONNECTED", end?.reason ?? this.reason);
          this.#handlers.changed(this);
        },
      },
      runtime.clock,
      runtime.random,
    );
    this.watchdog = new WatchdogTimer(
      () => this.#watchdogOptions(),
      {
        sendWatchdog: () => {
          this.#tally.sent();
          this.#peer?.sendWatchdog();
        },
        failover: () => {
          if (this.watchdog.state !== "suspect") return;
          this.reason = `is suspect: ${this.watchdog.complaint}`;
          this.#handlers.changed(this);
          this.#handlers.suspect(this);
        },
        failback: () => {
          this.#okayAt = this.#runtime.clock.now();
          this.reason = "";
          this.#handlers.changed(this);
        },
        close: (reason) => this.#peer?.abort(reason),
        changed: () => {
          this.#tally.look(this.watchdog);
          this.#noteState();
          this.#noteReopening();
          // The end of the connection follows in the same breath, and knows why.
          const ended = this.watchdog.state === "down" || this.watchdog.state === "initial";
          if (!ended) this.#handlers.changed(this);
        },
      },
      runtime.clock,
      runtime.random,
    );
  }

  /** Unix time in milliseconds of the next attempt; 0 while none is planned. */
  get nextAttemptAt(): number {
    return this.#redialer.nextAttemptAt;
  }

  get longestMessage(): number {
    return this.#runtime.options.draPool.maxMessageSize;
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

  /** It connects, or keeps its connection: see {@link start}. */
  get running(): boolean {
    return this.#started;
  }

  /** The DRA has taken its leave, and is to close its connection. */
  get leaving(): boolean {
    return this.relayPeer?.peer.state === "leaving";
  }

  /**
   * What was sent while this DRA was the last resort is to be answered, even when it is needed no
   * more.
   */
  servesReopening(): boolean {
    return this.dra.usable || this.table.size > 0;
  }

  /** Begins to connect, and goes on until {@link stop}. */
  start(): void {
    this.#started = true;
    this.#redialer.start();
  }

  /** Takes leave and connects no more; resolves when the connection has ended. */
  async stop(cause: number = DISCONNECT_CAUSE.rebooting, reason = "shutting down"): Promise<void> {
    this.#started = false;
    const ended = this.#redialer.stop();
    this.reason = reason;
    if (this.#peer?.open === true) this.#setState("CLOSING", reason);
    await this.#peer?.stop(cause, reason);
    await ended;
    this.watchdog.stop();
  }

  /** Ends the connection with DPR, or the wait for the next attempt, and connects at once. */
  reconnect(reason: string): void {
    this.#atOnce = this.#peer !== undefined;
    this.#redialer.wake();
    this.#peer?.stop(DISCONNECT_CAUSE.rebooting, reason);
  }

  /** Takes what may change while it runs, for the connection that is there too. */
  configure(): void {
    const peer = this.#peer;
    peer?.configure({ ...peer.options, ...this.#peerOptions() });
    this.watchdog.configure();
    this.room.configure();
    const { reconnect } = this.#runtime.options.draPool;
    if (JSON.stringify(reconnect) === JSON.stringify(this.#backoff)) return;
    this.#backoff = reconnect;
    // A wait of the old kind may be much longer than the longest of the new one.
    this.#redialer.startOver();
  }

  /** Ends the connection now; the next attempt follows by the rules. */
  abort(reason: string): void {
    this.#peer?.abort(reason);
  }

  /** Gives up what is being dialled, and what the DRA is leaving. */
  giveWay(): void {
    this.#redialer.giveUp();
    this.#peer?.abort(GAVE_WAY);
  }

  /**
   * Has, from here on, a connection that the DRA opened and whose CER is being judged; `ended` is
   * told its end.
   */
  adopt(peer: Peer, ended: (end: PeerEnd) => void): void {
    this.#peer = peer;
    const options = { ...this.#peerOptions(), role: "responder", readOn: true } as const;
    peer.moveTo(this.watchdog, options, this.#peerHandlers(ended, "accepted"));
  }

  async #attempt(givenUp: AbortSignal): Promise<LinkEnd> {
    const { adopted } = this.dra;
    const mine = adopted === undefined || this.#peer !== undefined;
    if (!mine) {
      this.reason = GAVE_WAY;
      this.#setState("DISCONNECTED", GAVE_WAY);
    }
    return { ...await (adopted ?? this.#connectOnce(givenUp)), mine };
  }

  #next({ reason }: LinkEnd): BackoffOptions | "at_once" | "never" {
    if (this.dra.adopted !== undefined) return "at_once";
    this.reason = asPredicate(reason);
    const atOnce = this.#atOnce;
    this.#atOnce = false;
    if (this.#runtime.draining) return "never";
    return atOnce ? "at_once" : this.#runtime.options.draPool.reconnect;
  }

  #waits(end: LinkEnd, milliseconds: number): void {
    if (end.mine) {
      this.lastError = end.reason;
      this.#runtime.emit({
        kind: "dra_connect_failed",
        dra: this.dra.options.name,
        reason: end.reason,
        hint: this.#wasOpen ? "" : hintAt(end, this.dra.options.tls !== undefined, this.#runtime.local.originHost),
        retryIn: milliseconds,
      });
      this.#setState("FAILED", end.reason);
    }
    this.#setState("RECONNECTING", `next attempt in ${(milliseconds / 1000).toFixed(1)} s`);
    this.#handlers.changed(this);
  }

  /** One attempt, and the connection's whole life when it succeeds. */
  async #connectOnce(signal: AbortSignal): Promise<PeerEnd> {
    const { host, port, bind, tls } = this.dra.options;
    const { connectTimeout, tcpNoDelay } = this.#runtime.options.draPool;
    this.#setState("CONNECTING", `to ${host}:${port}`);
    this.reason = "is being connected";
    this.#wasOpen = false;
    let connection: Connection;
    try {
      const options = { timeout: connectTimeout, noDelay: tcpNoDelay, signal, bind };
      connection = await this.#runtime.dial({ hostname: host, port }, tls, options);
    } catch (error) {
      if (this.dra.adopted === undefined) this.dra.meters.attempts.failed.value++;
      return { kind: "lost", reason: unreachable(error, { hostname: host, port }) };
    }
    if (signal.aborted) {
      connection.close();
      return { kind: "left", reason: this.reason };
    }
    const ended = Promise.withResolvers<PeerEnd>();
    const exchanged = Promise.withResolvers<void>();
    const handlers = this.#peerHandlers(ended.resolve, "dialled", () => {
      this.exchange = undefined;
      exchanged.resolve();
    });
    const options = { ...this.#peerOptions(), role: "initiator", expectedHost: this.dra.options.originHost } as const;
    const peer = new Peer(connection, this.#runtime, this.watchdog, options, handlers);
    this.#peer = peer;
    this.exchange = exchanged.promise;
    this.reason = "waits for the CEA";
    this.#setState("CER_SENT", "connected");
    this.#handlers.serve(connection, peer, this);
    return await ended.promise;
  }

  #peerOptions(): Omit<PeerOptions, "role"> {
    const { local, options: { draPool } } = this.#runtime;
    const { capabilitiesTimeout, dprTimeout, sendQueueLimit, writeTimeout } = draPool;
    return { local, capabilitiesTimeout, dprTimeout, sendQueueLimit, writeTimeout, budget: this.budget };
  }

  /** @param exchanged told when the exchange of capabilities is over, one way or the other */
  #peerHandlers(
    ended: (end: PeerEnd) => void,
    how: "dialled" | "accepted",
    exchanged: () => void = () => {},
  ): PeerHandlers {
    return {
      opened: (peer) => {
        exchanged();
        this.#opened(peer, how);
      },
      leaving: (_, cause) => {
        this.reason = `took its leave (${causeName(cause)})`;
        this.#setState("CLOSING", this.reason);
        this.#handlers.changed(this);
      },
      closed: (peer, end) => {
        exchanged();
        // What gave way may end after the connection that took its place has begun.
        if (this.#peer === peer) this.#closed(peer, end);
        ended(end);
      },
      discarded: (reason) => this.#runtime.discarded(reason),
      sealed: (segment) => this.table.sealed(segment),
    };
  }

  #opened(peer: Peer, how: "dialled" | "accepted"): void {
    const capabilities = peer.capabilities!;
    if (how === "dialled") this.dra.meters.attempts.ok.value++;
    if (this.#connections++ > 0) this.dra.meters.reconnects++;
    this.dra.identified(capabilities);
    this.relayPeer = new RelayPeer(peer, capabilities, this);
    this.#runtime.connections.add(this.relayPeer);
    this.reason = "is connected";
    this.#wasOpen = true;
    this.#answered = -1;
    const from = how === "dialled" ? "" : `, which connected from ${peer.remoteText}`;
    this.#setState("OPEN", `capabilities exchanged with ${capabilities.originHost}${from}`);
  }

  #closed(peer: Peer, end: PeerEnd): void {
    const relayPeer = this.relayPeer;
    this.#peer = undefined;
    if (relayPeer === undefined) {
      if (this.dra.adopted === undefined) this.dra.meters.attempts.failed.value++;
      return;
    }
    this.relayPeer = undefined;
    this.reason = asPredicate(end.reason);
    this.#redialer.held(this.#okayAt === 0 ? 0 : this.#runtime.clock.now() - this.#okayAt);
    this.#okayAt = 0;
    this.dra.meters.bytesSent += peer.out.writtenBytes;
    this.dra.meters.bytesReceived += peer.readBytes;
    this.#runtime.meters.draBytesOut += peer.out.writtenBytes;
    this.#runtime.meters.draBytesIn += peer.readBytes;
    this.#runtime.gone(relayPeer);
    this.#handlers.changed(this);
    this.#handlers.lost(this, end.reason);
  }

  #noteState(): void {
    // Whatever the watchdog forgets when a connection ends or a leave begins, nobody has answered
    // it.
    if (this.#peer?.open !== true) return;
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

  #setState(to: DraState, reason: string): void {
    const from = this.#state;
    if (from === to) return;
    this.#state = to;
    this.#runtime.emit({ kind: "dra_state", dra: this.dra.options.name, from, to, reason });
  }

  #watchdogOptions() {
    const { watchdogInterval, watchdogJitter, reopenWatchdogs } = this.#runtime.options.draPool;
    return { interval: watchdogInterval, jitter: watchdogJitter, reopenWatchdogs };
  }
}
