/**
 * What all calls of a gateway share.
 * @module
 */
import type { Clock } from "../net/clock.ts";
import type { Histogram } from "../ops/metrics/mod.ts";
import type { CallCore } from "./call_core.ts";
import type { GrpcConfig } from "./config/options.ts";
import { Deadlines } from "./deadlines.ts";
import { ReplayBudget, ReplayBuffer } from "./replay_buffer.ts";

/** Buffers that are kept for the next call. */
const SPARE_REPLAYS = 1_024;

/** Deadlines, replay buffers, and limits that may change while it runs. */
export class SharedCore implements CallCore {
  retryCount = 0;
  attemptTimeout = 0;
  replayLimit = 0;
  readonly deadlines: Deadlines;
  readonly replays: ReplayBudget;
  readonly #clock: Clock;
  readonly #overhead: Histogram;
  readonly #spare: ReplayBuffer[] = [];

  constructor(config: GrpcConfig, clock: Clock, overhead: Histogram) {
    this.deadlines = new Deadlines(clock);
    this.replays = new ReplayBudget(config.retry.bufferTotal);
    this.#clock = clock;
    this.#overhead = overhead;
    this.configure(config);
  }

  configure({ retry }: GrpcConfig): void {
    this.retryCount = retry.count;
    this.attemptTimeout = retry.attemptTimeout;
    this.replayLimit = retry.buffer;
    this.replays.limit = retry.bufferTotal;
  }

  now(): number {
    return this.#clock.now();
  }

  takeReplay(): ReplayBuffer {
    return this.#spare.pop() ?? new ReplayBuffer(this.replays);
  }

  giveReplay(buffer: ReplayBuffer): void {
    buffer.reset();
    if (this.#spare.length < SPARE_REPLAYS) this.#spare.push(buffer);
  }

  overhead(milliseconds: number): void {
    this.#overhead.observe(milliseconds * 1000);
  }
}
