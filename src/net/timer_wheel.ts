/**
 * Deadlines for a slab of slots without a timer, an object or an allocation for each.
 * @module
 */

const STRIDE = 4;
const NEXT = 0;
const PREVIOUS = 1;
const DUE = 2;
const ARMED = 3;

/**
 * A hashed timing wheel over slots 0..capacity-1, each armed at most once. Time is counted in
 * ticks, whose length is the caller's; a deadline further away than one turn of the wheel is met in
 * a later turn. Ticks are kept modulo 2^32 and only their differences are looked at, so that a
 * process may run for ever.
 */
export class TimerWheel {
  readonly #nodes: Int32Array;
  readonly #capacity: number;
  readonly #mask: number;
  #now: number;
  /** How many slots are armed. */
  armed = 0;

  /** @param capacity slots @param buckets a power of two @param now the tick it starts at */
  constructor(capacity: number, buckets = 1024, now = 0) {
    this.#capacity = capacity;
    this.#mask = buckets - 1;
    this.#now = now | 0;
    this.#nodes = new Int32Array((capacity + buckets) * STRIDE);
    // A bucket is a ring with a node of its own; an unarmed slot is never read before it is armed,
    // but for `isArmed`.
    for (let bucket = 0; bucket < buckets; bucket++) {
      const at = (capacity + bucket) * STRIDE;
      this.#nodes[at + NEXT] = capacity + bucket;
      this.#nodes[at + PREVIOUS] = capacity + bucket;
    }
  }

  /** Whether `slot` waits for a deadline. */
  isArmed(slot: number): boolean {
    return this.#nodes[slot * STRIDE + ARMED] !== 0;
  }

  /**
   * Arms `slot`, which must not be armed, for tick `due` (at least the next one, at most 2^31 - 1
   * ahead).
   */
  arm(slot: number, due: number): void {
    const nodes = this.#nodes;
    due |= 0;
    if (((due - this.#now) | 0) <= 0) due = (this.#now + 1) | 0;
    const ring = this.#capacity + (due & this.#mask);
    const ringAt = ring * STRIDE;
    const at = slot * STRIDE;
    const next = nodes[ringAt + NEXT]!;
    nodes[at + NEXT] = next;
    nodes[at + PREVIOUS] = ring;
    nodes[at + DUE] = due;
    nodes[at + ARMED] = 1;
    nodes[ringAt + NEXT] = slot;
    nodes[next * STRIDE + PREVIOUS] = slot;
    this.armed++;
  }

  /** Takes `slot` out, which must be armed. */
  cancel(slot: number): void {
    const nodes = this.#nodes;
    const at = slot * STRIDE;
    const next = nodes[at + NEXT]!;
    const previous = nodes[at + PREVIOUS]!;
    nodes[previous * STRIDE + NEXT] = next;
    nodes[next * STRIDE + PREVIOUS] = previous;
    nodes[at + ARMED] = 0;
    this.armed--;
  }

  /**
   * Moves on to tick `now`; `expired` is called for each slot that is due, which is no longer armed
   * by then and may be armed again.
   */
  advance(now: number, expired: (slot: number) => void): void {
    const nodes = this.#nodes;
    now |= 0;
    const passed = (now - this.#now) | 0;
    if (passed <= 0) return;
    this.#now = now;
    if (this.armed === 0) return;
    const due: number[] = [];
    for (let back = Math.min(passed, this.#mask + 1) - 1; back >= 0; back--) {
      const ring = this.#capacity + ((now - back) & this.#mask);
      for (let slot = nodes[ring * STRIDE + NEXT]!; slot !== ring; slot = nodes[slot * STRIDE + NEXT]!) {
        if (((nodes[slot * STRIDE + DUE]! - now) | 0) <= 0) due.push(slot);
      }
    }
    // First out, then told: a callback may cancel, or arm, any other slot.
    for (const slot of due) {
      if (!this.isArmed(slot) || ((nodes[slot * STRIDE + DUE]! - now) | 0) > 0) continue;
      this.cancel(slot);
      expired(slot);
    }
  }
}
