/**
 * Time as an argument: what waits is given a clock, so that a test can turn its hands.
 * @module
 */

/** Names an alarm. */
export type Alarm = number | object;

/** A clock that never goes back, and its alarms. Milliseconds. */
export interface Clock {
  /** The time. */
  now(): number;
  /** Calls `callback` when `delay` has passed. */
  setTimeout(callback: () => void, delay: number): Alarm;
  /** Calls nobody any more. */
  clearTimeout(alarm: Alarm): void;
}

/** Milliseconds between two beats while somebody wants them. */
const BEAT = 100;
/** A process that missed its beat for so long did not run: it was stopped, or its host slept. */
const ASLEEP = 1_000;
/**
 * Milliseconds that a process which ran no more has to read what came meanwhile, before anything is
 * too late.
 */
const WAKING = 250;

/**
 * The time that this process ran. While the process is stopped, or its host sleeps, nothing ages:
 * what peers sent meanwhile lies unread in the kernel, and to blame them for it would end good
 * connections and lose answers that are there.
 *
 * Never the wall clock: that one jumps.
 */
export class RunningClock implements Clock {
  /** The real time. */
  readonly #source: Clock;
  #slept = 0;
  #latest = -Infinity;
  /** Of the real time; NaN while nobody wants beats, and then every moment counts. */
  #lastBeat = NaN;
  #wanted = 0;
  #beat: Alarm = 0;

  constructor(source: Clock) {
    this.#source = source;
  }

  now(): number {
    const real = this.#source.now();
    if (real - this.#lastBeat > ASLEEP) {
      this.#slept += real - this.#lastBeat + WAKING;
      this.#lastBeat = real;
    }
    const now = real - this.#slept;
    // Stands still for a while after a sleep.
    return this.#latest = now > this.#latest ? now : this.#latest;
  }

  /** An alarm that goes off when so much time has passed on this clock. */
  setTimeout(callback: () => void, delay: number): Alarm {
    const due = this.now() + delay;
    const alarm = new RunningAlarm();
    const arm = (wait: number) => {
      alarm.inner = this.#source.setTimeout(() => {
        const left = due - this.now();
        if (left > 1) arm(left);
        else callback();
      }, wait);
    };
    arm(delay);
    return alarm;
  }

  clearTimeout(alarm: Alarm): void {
    if (alarm instanceof RunningAlarm) this.#source.clearTimeout(alarm.inner);
  }

  /**
   * Notices sleep from now on, until the returned function is called. Whoever has peers wants it.
   */
  keepBeat(): () => void {
    if (this.#wanted++ === 0) this.#next();
    let kept = true;
    return () => {
      if (!kept) return;
      kept = false;
      if (--this.#wanted > 0) return;
      this.#source.clearTimeout(this.#beat);
      this.#lastBeat = NaN;
    };
  }

  #next(): void {
    this.now();
    this.#lastBeat = this.#source.now();
    this.#beat = this.#source.setTimeout(() => this.#next(), BEAT);
  }
}

/** An alarm that may have to be set again. */
class RunningAlarm {
  inner: Alarm = 0;
}

/** The clock of this process. */
export const SYSTEM_CLOCK: RunningClock = new RunningClock({
  now: () => performance.now(),
  setTimeout: (callback, delay) => setTimeout(callback, delay),
  clearTimeout: (alarm) => clearTimeout(alarm as number),
});
