/**
 * Time as an argument: what waits is given a clock, so that a test can turn its hands.
 * @module
 */

/** Names an alarm. */
export type Alarm = ReturnType<typeof setTimeout> | number;

/** A clock that never goes back, and its alarms. Milliseconds. */
export interface Clock {
  now(): number;
  setTimeout(callback: () => void, delay: number): Alarm;
  clearTimeout(alarm: Alarm): void;
}

/** The machine's own. */
export const SYSTEM_CLOCK: Clock = {
  now: () => performance.now(),
  setTimeout: (callback, delay) => setTimeout(callback, delay),
  clearTimeout: (alarm) => clearTimeout(alarm),
};
