/**
 * What is kept for reuse, and for how long.
 * @module
 */

/**
 * Unused things of one kind. All that come back are kept, up to a limit; what nobody needed between
 * two calls of {@link rest} is let go, so that a storm leaves nothing behind.
 */
export class Spares<T> {
  readonly #unused: T[] = [];
  /** The fewest that there were since the last {@link rest}: so many of them nobody needed. */
  #fewest = 0;

  /** @param most how many are kept */
  constructor(readonly most: number) {}

  /** How many there are. */
  get size(): number {
    return this.#unused.length;
  }

  /** The one that came back last, if there is any. */
  take(): T | undefined {
    const one = this.#unused.pop();
    if (this.#unused.length < this.#fewest) this.#fewest = this.#unused.length;
    return one;
  }

  /** @returns whether it is kept */
  give(one: T): boolean {
    if (this.#unused.length >= this.most) return false;
    this.#unused.push(one);
    return true;
  }

  /**
   * To be called now and then: those that lay here unused since the last call are let go.
   * @returns them
   */
  rest(): T[] {
    const gone = this.#unused.splice(0, this.#fewest);
    this.#fewest = this.#unused.length;
    return gone;
  }
}
