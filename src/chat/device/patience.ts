/**
 * Deadlines that are all equally far away: one timer for any number of them.
 * @module
 */

/** What may have to be ended. */
export interface Mortal {
  cut(): void;
}

/** Cuts what was not forgotten within a time. */
export class Patience implements Disposable {
  readonly #milliseconds: number;
  /** When each of them is cut, the earliest first. */
  readonly #deadlines = new Map<Mortal, number>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(milliseconds: number) {
    this.#milliseconds = milliseconds;
  }

  /** Those that are waited for. */
  get size(): number {
    return this.#deadlines.size;
  }

  /** Cuts `one` unless it is forgotten in time; anew when it is waited for already. */
  await(one: Mortal): void {
    this.#deadlines.delete(one);
    this.#deadlines.set(one, performance.now() + this.#milliseconds);
    this.#timer ??= setTimeout(this.#look, this.#milliseconds);
  }

  /** Waits for it no more. */
  forget(one: Mortal): void {
    if (!this.#deadlines.delete(one) || this.#deadlines.size > 0) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** Cuts all of them now. */
  [Symbol.dispose](): void {
    for (const one of [...this.#deadlines.keys()]) {
      this.forget(one);
      one.cut();
    }
  }

  readonly #look = (): void => {
    this.#timer = undefined;
    const now = performance.now();
    for (const [one, deadline] of this.#deadlines) {
      if (deadline > now) {
        this.#timer = setTimeout(this.#look, deadline - now + 1);
        return;
      }
      this.#deadlines.delete(one);
      one.cut();
    }
  };
}
