/**
 * The gateway: the composition of its stages.
 * @module
 */
import { SYSTEM_CLOCK } from "../../net/clock.ts";
import type { Connection, Endpoint } from "../../net/connection.ts";
import { Intake } from "../../net/intake.ts";
import { reasonOf } from "../../net/reason.ts";
import type { Peer } from "../peer/peer.ts";
import { gate } from "../peer/peer_gate.ts";
import { diameterFrames } from "../wire/frame_rule.ts";
import { RESULT } from "../wire/result_codes.ts";
import { AnswerStage } from "./path/answers.ts";
import { AppServer } from "./apps/server.ts";
import { Apps } from "./apps/directory.ts";
import { DraAdoption } from "./dras/adoption.ts";
import { DraPool } from "./dras/pool.ts";
import type { GatewayListener, MessageRecord } from "./core/events.ts";
import type { GatewayOptions } from "./core/options.ts";
import { Refusals } from "./path/refusals.ts";
import type { RelayPeer, Served } from "./core/relay_peer.ts";
import { RelayRuntime } from "./core/runtime.ts";
import { relayTaker } from "./path/entry.ts";
import { RequestStage } from "./path/requests.ts";
import { Retries } from "./path/retries.ts";
import { type Statistics, statisticsOf } from "./statistics.ts";
import { ENDED, TICK, ticksFor, TransactionTable } from "./core/transactions.ts";
import { MISSES } from "./path/waiting_room.ts";

/**
 * A DRA that takes nothing for this long, in milliseconds, while its queue is full gets no more
 * until it does. A Logic App that does so goes first when memory is short.
 */
const STUCK_AFTER = 100;

/** Ticks after which a connection that brought nothing is at rest. */
const REST_TICKS = ticksFor(2_000);

/** Ticks after which memory that nobody needed is given back. */
const SPARE_TICKS = ticksFor(10_000);

/**
 * A Diameter relay agent between Logic Apps and DRAs (RFC 6733 section 2.8.1).
 *
 * @example
 * ```ts ignore
 * const gateway = new Gateway({ ...DEFAULT_OPTIONS, draPool: { ...DEFAULT_OPTIONS.draPool, dras } });
 * await gateway.start();
 * // ...
 * await gateway.stop();
 * ```
 */
export class Gateway {
  readonly #runtime: RelayRuntime;
  readonly #pool: DraPool;
  readonly #apps = new Apps();
  readonly #server: AppServer;
  readonly #reverse: TransactionTable;
  readonly #refusals: Refusals;
  readonly #retries: Retries;
  readonly #requests: RequestStage;
  readonly #answers: AnswerStage;
  readonly #intakes = new Set<Intake>();
  #restTick = 0;
  #spareTick = 0;
  #ticker: ReturnType<typeof setInterval> | undefined;
  #endBeat = () => {};
  #stopping: Promise<void> | undefined;

  /** Listens and connects only when it is started. */
  constructor(options: GatewayOptions) {
    const runtime = this.#runtime = new RelayRuntime(options);
    this.#pool = new DraPool(runtime, {
      suspect: (link) => this.#retries.suspect(link),
      lost: (link) => this.#retries.lost(link),
      serve: (connection, peer, served) => this.#serve(connection, peer, served),
    });
    this.#server = new AppServer(runtime, this.#apps, new DraAdoption(runtime, this.#pool), {
      serve: (connection, peer, served) => this.#serve(connection, peer, served),
      lost: (app) => this.#lostApp(app),
    });
    const firstGeneration = Math.floor(Math.random() * 0x10000);
    const { reverse } = runtime.budgets;
    this.#reverse = new TransactionTable(runtime.segments, firstGeneration, runtime.tick(), reverse, true);
    this.#refusals = new Refusals(runtime);
    this.#retries = new Retries(runtime, this.#pool, this.#refusals);
    this.#requests = new RequestStage(runtime, this.#pool, this.#apps, this.#reverse, this.#refusals);
    this.#answers = new AnswerStage(runtime, this.#reverse, this.#retries);
  }

  /**
   * Adds a listener for everything but single messages. What it throws harms nobody: the other
   * listeners are told of it, once, as `listener_failed`.
   */
  on(listener: GatewayListener): void {
    this.#runtime.on(listener);
  }

  /**
   * Shows every message to `observer`, which costs time for each; undefined ends it. What it throws
   * is told to the listeners, once, as `listener_failed`.
   */
  observe(observer: ((record: MessageRecord) => void) | undefined): void {
    this.#runtime.observe(observer);
  }

  /** Where it listens, with the real ports. */
  get addresses(): Endpoint[] {
    return this.#server.addresses;
  }

  /**
   * The DRAs. For this program and its tests: no part of the library.
   * @internal
   */
  get pool(): DraPool {
    return this.#pool;
  }

  /**
   * The connected Logic Apps. For this program and its tests: no part of the library.
   * @internal
   */
  get apps(): Apps {
    return this.#apps;
  }

  /** The statistics block, as it stands. */
  get statistics(): Statistics {
    return statisticsOf(this.#runtime, this.#pool);
  }

  /**
   * Pools and counters that observers read. For this program and its tests: no part of the library.
   * @internal
   */
  get runtime(): RelayRuntime {
    return this.#runtime;
  }

  /**
   * Listens, and begins to connect to the DRAs.
   * @throws Error when an address cannot be listened on, or a certificate cannot be used
   */
  async start(): Promise<void> {
    this.#endBeat = SYSTEM_CLOCK.keepBeat();
    const listening = this.#server.start();
    this.#ticker = setInterval(() => this.#tick(), TICK);
    this.#pool.start();
    try {
      await listening;
    } catch (error) {
      clearInterval(this.#ticker);
      this.#endBeat();
      await this.#pool.stop();
      throw error;
    }
  }

  /** Reads the certificates of TLS listeners again. Those towards DRAs are read for each connection. @throws Error when a file cannot be used */
  reloadCertificates(): Promise<void> {
    return this.#server.reloadCertificates();
  }

  /**
   * Shuts down (RFC 6733 section 5.4): accepts nothing new, answers new requests 3004, waits for pending answers up to drainTimeout, answers what is then pending
   * with 3002, and takes leave of every peer with DPR.
   */
  stop(): Promise<void> {
    return this.#stopping ??= this.#stop();
  }

  async #stop(): Promise<void> {
    const runtime = this.#runtime;
    runtime.draining = true;
    this.#server.stopListening();
    runtime.emit({ kind: "draining", pending: runtime.counters.active });
    const deadline = SYSTEM_CLOCK.now() + runtime.options.drainTimeout;
    while (runtime.counters.active > 0 && SYSTEM_CLOCK.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    // Drained by now: they are told so.
    this.#requests.callWaiting(runtime.tick(), MISSES);
    this.#refuseAllPending();
    runtime.emit({ kind: "leaving" });
    await Promise.all([this.#server.stop(), this.#pool.stop()]);
    if (this.#ticker !== undefined) clearInterval(this.#ticker);
    this.#endBeat();
    for (const link of this.#pool.links()) link.table.dispose();
    this.#reverse.dispose();
    runtime.emit({ kind: "stopped" });
  }

  /** One connection, from its bytes to the relay, until it ends. */
  #serve(connection: Connection, peer: Peer, served: Served): void {
    const runtime = this.#runtime;
    const intakes = this.#intakes;
    const taker = relayTaker(runtime, () => served.relayPeer, this.#requests, this.#answers);
    const intake = new Intake(connection, runtime.blocks, {
      rule: diameterFrames(() => peer.longestMessage(served.longestMessage)),
      take: gate(peer, taker, runtime.discarded, () => served.servesReopening()),
      ended(error) {
        intakes.delete(intake);
        peer.abort(error === undefined ? "the peer closed the connection" : reasonOf(error));
      },
    });
    intakes.add(intake);
  }

  /** What a Logic App owed is answered to the DRAs that asked. */
  #lostApp(app: RelayPeer): void {
    const table = this.#reverse;
    if (app.owed === 0) return;
    for (const slot of table.pending((candidate) => table.targetOf(candidate) === app.key)) {
      this.#endReverse(slot, `the connection to ${app.originHost} was lost`, "connection_lost", "rejected");
    }
  }

  #endReverse(slot: number, message: string, reason: string, ending: "rejected" | "expired"): void {
    const table = this.#reverse;
    const runtime = this.#runtime;
    const app = runtime.connections.get(table.targetOf(slot));
    if (app !== undefined) app.owed--;
    const requester = runtime.connections.get(table.requesterOf(slot));
    if (requester !== undefined) {
      const resultCode = ending === "expired" ? runtime.options.timeoutResultCode : RESULT.unableToDeliver;
      this.#refusals.refusePending(requester, table, slot, { resultCode, message, reason });
      requester.inFlight--;
      runtime.counters[ending]++;
    }
    table.close(slot, ENDED.expired);
  }

  #refuseAllPending(): void {
    const runtime = this.#runtime;
    const refusal = {
      resultCode: RESULT.unableToDeliver,
      message: "this gateway is shutting down and no answer came in time",
      reason: "draining",
    };
    for (const link of this.#pool.links()) {
      for (const slot of link.table.pending()) {
        const requester = runtime.connections.get(link.table.requesterOf(slot));
        // Another attempt of the same transaction may have ended it a moment ago.
        if (link.table.requesterOf(slot) === 0) continue;
        if (requester !== undefined) {
          this.#refusals.refusePending(requester, link.table, slot, refusal);
          requester.inFlight--;
          runtime.counters.rejected++;
        }
        this.#retries.forget(link, slot, ENDED.expired);
      }
    }
    for (const slot of this.#reverse.pending()) this.#endReverse(slot, refusal.message, refusal.reason, "rejected");
  }

  #tick(): void {
    const runtime = this.#runtime;
    const now = SYSTEM_CLOCK.now();
    const tick = runtime.tickAt(now);
    if (tick >= this.#restTick) {
      this.#restTick = tick + REST_TICKS;
      for (const intake of this.#intakes) intake.rest();
    }
    if (tick >= this.#spareTick) {
      this.#spareTick = tick + SPARE_TICKS;
      runtime.segments.rest();
      runtime.blocks.rest();
    }
    for (const link of this.#pool.links()) {
      link.table.wheel.advance(
        tick,
        (slot) => this.#guarded(link.table, slot, tick, () => this.#retries.expired(link, slot)),
      );
      const peer = link.relayPeer?.peer;
      peer?.out.noteStuck(now, STUCK_AFTER);
      if (peer !== undefined && stalled(peer, now, runtime.options.draPool.writeTimeout)) {
        peer.abort(`it did not read for ${runtime.options.draPool.writeTimeout} ms`);
      }
    }
    this.#reverse.wheel.advance(tick, (slot) => {
      const { requestTimeout } = runtime.options;
      const message = `no answer of the Logic App within ${requestTimeout} ms`;
      this.#guarded(this.#reverse, slot, tick, () => this.#endReverse(slot, message, "timeout", "expired"));
    });
    if (this.#requests.waiting > 0) this.#requests.callWaiting(tick, MISSES);
    const { writeTimeout } = runtime.options.server;
    for (const app of this.#apps) {
      if (!app.peer.out.full) app.fullSince = 0;
      else if (app.fullSince === 0) app.fullSince = now;
      else if (now - app.fullSince > writeTimeout) {
        app.peer.abort(`it did not read its answers for ${writeTimeout} ms`);
      }
    }
    if (runtime.budgets.answers.exhausted) this.#letDeafAppsGo(now);
  }

  /**
   * Does what is due for `slot`. A defect of this program is told; the others are not to suffer,
   * and it is tried again a second later.
   */
  #guarded(table: TransactionTable, slot: number, tick: number, due: () => void): void {
    try {
      due();
    } catch (error) {
      this.#runtime.defect(error, "lives_on");
      if (table.requesterOf(slot) !== 0 && !table.wheel.isArmed(slot)) table.wheel.arm(slot, tick + 1_000 / TICK);
    }
  }

  /**
   * What waits for Logic Apps takes more memory than it may: those who do not read go, until it is
   * enough, the one for which most waits first.
   */
  #letDeafAppsGo(now: number): void {
    const { budgets: { answers }, discarded } = this.#runtime;
    const deaf = [...this.#apps].filter(({ peer }) => stalled(peer, now, STUCK_AFTER))
      .sort((a, b) => b.peer.out.queuedBytes - a.peer.out.queuedBytes);
    let tooMuch = answers.used - answers.limit;
    for (const { peer } of deaf) {
      if (tooMuch <= 0) return;
      const { queuedBytes } = peer.out;
      tooMuch -= queuedBytes;
      discarded("memory_limit");
      peer.abort(
        `it does not read the ${queuedBytes} bytes that wait for it, and memory is short (gateway.memory_limit)`,
      );
    }
  }
}

/** A write that makes no progress for that long. */
function stalled(peer: Peer, now: number, timeout: number): boolean {
  const since = peer.out.writingSince;
  return since > 0 && now - since > timeout;
}
