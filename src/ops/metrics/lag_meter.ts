/**
 * Measuring how late the event loop is: how long something that is due has to wait.
 * @module
 */

/** Time for the meter. Milliseconds. */
export interface LagClock {
  now(): number;
  setTimeout(callback: () => void, delay: number): unknown;
  clearTimeout(alarm: unknown): void;
}

/**
 * How often it looks, in milliseconds: every stall as long as that is seen, shorter ones often
 * enough.
 */
const INTERVAL = 100;
/** The worst of each part is kept, for so many parts. */
const PARTS = 6;
const PART = 5_000;

/** Looks at a steady pace whether its alarm goes off in time, until it is disposed of. */
export class LagMeter implements Disposable {
  readonly #clock: LagClock;
  /** The worst delay in each part of the recent past, in milliseconds, in turn. */
  readonly #worst = new Float64Array(PARTS);
  #part: number;
  #due = 0;
  #alarm: unknown;

  constructor(clock: LagClock) {
    this.#clock = clock;
    this.#part = Math.floor(clock.now() / PART);
    this.#arm();
  }

  /** The longest delay in the last 25 to 30 seconds, in seconds. */
  get worst(): number {
    this.#moveTo(this.#clock.now());
    return Math.max(...this.#worst) / 1000;
  }

  [Symbol.dispose](): void {
    this.#clock.clearTimeout(this.#alarm);
  }

  #arm(): void {
    this.#due = this.#clock.now() + INTERVAL;
    this.#alarm = this.#clock.setTimeout(this.#look, INTERVAL);
  }

  readonly #look = (): void => {
    const now = this.#clock.now();
    this.#moveTo(now);
    const at = this.#part % PARTS;
    this.#worst[at] = Math.max(this.#worst[at]!, now - this.#due);
    this.#arm();
  };

  /** Forgets the parts that have passed. */
  #moveTo(now: number): void {
    const part = Math.floor(now / PART);
    for (let i = 1; i <= Math.min(part - this.#part, PARTS); i++) this.#worst[(this.#part + i) % PARTS] = 0;
    this.#part = part;
  }
}
