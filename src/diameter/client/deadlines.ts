/**
 * One timer for many deadlines.
 * @module
 */
import type { Alarm, Clock } from "../../net/clock.ts";

/**
 * At least this long between two sweeps, in milliseconds: deadlines that lie close together are met
 * together.
 */
const LEAST_STEP = 2;
/**
 * And at least so many times what the last sweep took: when everything is late, looking at it again
 * and again must not be all that is done.
 */
const REST = 20;
/** Timers take no more. */
const LONGEST_WAIT = 2 ** 31 - 1;

/**
 * Goes off when the earliest deadline that it was told of has come. Most deadlines are never met,
 * and cost a comparison.
 */
export class Deadlines {
  #next = Infinity;
  #alarm: Alarm | undefined;
  #least = LEAST_STEP;
  readonly #clock: Clock;
  readonly #sweep: (now: number) => number;

  /**
   * @param sweep ends whatever is due at `now`; returns the earliest deadline that is left,
   * Infinity when there is none
   */
  constructor(clock: Clock, sweep: (now: number) => number) {
    this.#clock = clock;
    this.#sweep = sweep;
  }

  /** There is a deadline at `due`. */
  note(due: number): void {
    if (due >= this.#next) return;
    this.#next = due;
    this.#arm();
  }

  /** Forgets all of them. */
  stop(): void {
    if (this.#alarm !== undefined) this.#clock.clearTimeout(this.#alarm);
    this.#alarm = undefined;
    this.#next = Infinity;
  }

  #arm(): void {
    if (this.#alarm !== undefined) this.#clock.clearTimeout(this.#alarm);
    const wait = Math.max(this.#least, Math.ceil(this.#next - this.#clock.now()));
    this.#alarm = this.#clock.setTimeout(() => {
      this.#alarm = undefined;
      this.#next = Infinity;
      const now = this.#clock.now();
      const next = this.#sweep(now);
      this.#least = Math.max(LEAST_STEP, REST * (this.#clock.now() - now));
      this.note(next);
    }, Math.min(wait, LONGEST_WAIT));
  }
}
