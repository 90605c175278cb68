/**
 * What leaves later than now.
 * @module
 */

/** Messages with a time to leave, one timer for all that are due in the same millisecond. */
export class DelayLine<T> {
  readonly #buckets = new Map<number, { readonly items: T[]; readonly timer: ReturnType<typeof setTimeout> }>();
  readonly #leave: (item: T) => void;

  /**
   * @param leave called for each item when its time has come, in the order in which they were added
   */
  constructor(leave: (item: T) => void) {
    this.#leave = leave;
  }

  /** Items that wait. */
  get size(): number {
    let sum = 0;
    for (const { items } of this.#buckets.values()) sum += items.length;
    return sum;
  }

  /** Lets `item` leave in `delay` milliseconds. */
  add(item: T, delay: number): void {
    const due = Math.ceil(performance.now() + delay);
    const bucket = this.#buckets.get(due);
    if (bucket !== undefined) {
      bucket.items.push(item);
      return;
    }
    const items = [item];
    const timer = setTimeout(() => {
      this.#buckets.delete(due);
      for (const waiting of items) this.#leave(waiting);
    }, delay);
    this.#buckets.set(due, { items, timer });
  }

  /** Forgets all that wait. */
  clear(): void {
    for (const { timer } of this.#buckets.values()) clearTimeout(timer);
    this.#buckets.clear();
  }
}
