/**
 * The time of this process, some times as fast.
 * @module
 */
import type { Alarm, Clock } from "../../src/net/clock.ts";

/** For what takes seconds by nature: a test with sockets in it need not wait so long. */
export class FastClock implements Clock {
  constructor(readonly times: number) {}

  now(): number {
    return performance.now() * this.times;
  }

  setTimeout(callback: () => void, delay: number): Alarm {
    return setTimeout(callback, delay / this.times);
  }

  clearTimeout(alarm: Alarm): void {
    clearTimeout(alarm as number);
  }
}
