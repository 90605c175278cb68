/**
 * What is looked at a few times a second: deadlines, who does not read, who is silent.
 * @module
 */
import type { Intake } from "../../net/intake.ts";
import type { Peer } from "../peer/peer.ts";
import type { AppDirectory } from "./apps/directory.ts";
import type { RelayRuntime } from "./core/runtime.ts";
import { ticksFor } from "./core/transactions.ts";
import type { DraPool } from "./dras/pool.ts";
import type { Duplicates } from "./path/duplicates.ts";
import type { RequestStage } from "./path/requests.ts";
import type { ToApps } from "./path/to_apps.ts";
import type { ToDras } from "./path/to_dras.ts";

/**
 * A DRA that takes nothing for this long, in milliseconds, while its queue is full gets no more
 * until it does. A Logic App that does so goes first when memory is short.
 */
const STUCK_AFTER = 100;

/** Ticks after which a connection that brought nothing is at rest. */
const REST_TICKS = ticksFor(2_000);

/** Ticks after which memory that nobody needed is given back. */
const SPARE_TICKS = ticksFor(10_000);

/** Ticks after which latencies of before the last time are forgotten: they are of 10 to 20 s. */
const LATENCY_TICKS = ticksFor(10_000);

/** What it looks at. */
export interface Kept {
  readonly runtime: RelayRuntime;
  readonly pool: DraPool;
  readonly apps: AppDirectory;
  readonly intakes: ReadonlySet<Intake>;
  readonly requests: RequestStage;
  readonly toDras: ToDras;
  readonly toApps: ToApps;
  readonly duplicates: Duplicates;
}

/** Keeps the house of one gateway; to be called once a tick. */
export class Housekeeping {
  readonly #kept: Kept;
  #restTick = 0;
  #spareTick = 0;
  #latencyTick = 0;

  constructor(kept: Kept) {
    this.#kept = kept;
  }

  /** Does what is due now. */
  tick(): void {
    const { runtime, intakes, requests, toDras, toApps, duplicates } = this.#kept;
    const now = runtime.clock.now();
    const tick = runtime.tickAt(now);
    if (tick >= this.#restTick) {
      this.#restTick = tick + REST_TICKS;
      for (const intake of intakes) intake.rest();
    }
    if (tick >= this.#spareTick) {
      this.#spareTick = tick + SPARE_TICKS;
      runtime.segments.rest();
      runtime.blocks.rest();
    }
    if (tick >= this.#latencyTick) {
      this.#latencyTick = tick + LATENCY_TICKS;
      runtime.meters.duration.turn();
    }
    toDras.advance(tick);
    toApps.advance(tick);
    requests.callWaiting(tick, "everybody");
    requests.releaseQueued(tick);
    if (duplicates.isOn) duplicates.turn(tick);
    this.#watchDras(now);
    this.#watchApps(now);
  }

  #watchDras(now: number): void {
    const { runtime, pool } = this.#kept;
    const { writeTimeout } = runtime.options.draPool;
    for (const { relayPeer } of pool.links()) {
      if (relayPeer === undefined) continue;
      const { peer } = relayPeer;
      peer.out.noteStuck(now, STUCK_AFTER);
      if (stalled(peer, now, writeTimeout)) peer.abort(`it did not read for ${writeTimeout} ms`);
    }
  }

  #watchApps(now: number): void {
    const { runtime, apps } = this.#kept;
    const { writeTimeout } = runtime.options.server;
    for (const app of apps) {
      if (!app.peer.out.full) app.fullSince = 0;
      else if (app.fullSince === 0) app.fullSince = now;
      else if (now - app.fullSince > writeTimeout) {
        app.peer.abort(`it did not read its answers for ${writeTimeout} ms`);
      }
    }
    if (runtime.budgets.answers.exhausted) this.#letDeafAppsGo(now);
  }

  /**
   * What waits for Logic Apps takes more memory than it may: those who do not read go, until it is
   * enough, the one for which most waits first.
   */
  #letDeafAppsGo(now: number): void {
    const { budgets: { answers }, discarded } = this.#kept.runtime;
    const deaf = [...this.#kept.apps].filter(({ peer }) => stalled(peer, now, STUCK_AFTER))
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
