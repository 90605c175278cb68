/**
 * A clock whose hands the test turns.
 * @module
 */
import type { Clock } from "../../src/net/clock.ts";

/** Stands still until {@link advance} is called. */
export class FakeClock implements Clock {
  #now = 1_000;
  #last = 0;
  readonly #alarms = new Map<number, { readonly at: number; readonly callback: () => void }>();

  now(): number {
    return this.#now;
  }

  setTimeout(callback: () => void, delay: number): number {
    this.#alarms.set(++this.#last, { at: this.#now + delay, callback });
    return this.#last;
  }

  clearTimeout(alarm: unknown): void {
    this.#alarms.delete(alarm as number);
  }

  /** Alarms that are set. */
  get alarms(): number {
    return this.#alarms.size;
  }

  /** Lets `milliseconds` pass; alarms go off in their order. */
  advance(milliseconds: number): void {
    const until = this.#now + milliseconds;
    for (;;) {
      const due = [...this.#alarms].filter(([, alarm]) => alarm.at <= until).sort((a, b) => a[1].at - b[1].at)[0];
      if (due === undefined) break;
      const [id, alarm] = due;
      this.#alarms.delete(id);
      this.#now = Math.max(this.#now, alarm.at);
      alarm.callback();
    }
    this.#now = until;
  }
}
