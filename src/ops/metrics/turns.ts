/**
 * Long work in short turns, so that messages are not made to wait for it.
 * @module
 */

/** Milliseconds of work in one turn: well below what a request may notice. */
const BUDGET = 1;
/** Steps between two looks at the clock, which costs as much as several of them. */
const STEPS = 16;

/** Time for long work; tests bring their own. */
export interface Pace {
  /** Milliseconds. */
  now(): number;
  /** Resolves after everything else that is ready had its turn. */
  pause(): Promise<void>;
}

const PACE: Pace = {
  now: () => performance.now(),
  pause: () => new Promise((resolve) => setTimeout(resolve, 0)),
};

/**
 * The turns of one piece of long work, which asks after each step whether to go on.
 *
 * @example
 * ```ts
 * import { Turns } from "./turns.ts";
 * const turns = new Turns();
 * for (let i = 0; i < 100_000; i++) if (turns.isOver()) await turns.next();
 * ```
 */
export class Turns {
  readonly #pace: Pace;
  #began: number;
  #steps = 0;

  constructor(pace: Pace = PACE) {
    this.#pace = pace;
    this.#began = pace.now();
  }

  /**
   * Whether it is time to let others go on. Looks at the clock now and then.
   * @param steps how much was done since the last call, where a step is about a microsecond or two
   */
  isOver(steps = 1): boolean {
    this.#steps += steps;
    if (this.#steps < STEPS) return false;
    this.#steps = 0;
    return this.#pace.now() - this.#began >= BUDGET;
  }

  /** The next turn, after everything else that is ready. */
  async next(): Promise<void> {
    await this.#pace.pause();
    this.#began = this.#pace.now();
  }
}
