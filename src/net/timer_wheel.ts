/**
 * Deadlines for a slab of slots without a timer, an object or an allocation for each.
 * @module
 */

const STRIDE = 4;
const NEXT = 0;
const PREVIOUS = 1;
const DUE = 2;
const NOWHERE = -1;

/**
 * A hashed timing wheel over slots 0..capacity-1, each armed at most once. Time is counted in ticks, whose length is the caller's; a deadline further
 * away than one turn of the wheel is met in a later turn.
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
    this.#now = now;
    this.#nodes = new Int32Array((capacity + buckets) * STRIDE);
    // A bucket is a ring with a node of its own; an unarmed slot is never read before it is armed, but for `isArmed`.
    for (let bucket = 0; bucket < buckets; bucket++) {
      const at = (capacity + bucket) * STRIDE;
      this.#nodes[at + NEXT] = capacity + bucket;
      this.#nodes[at + PREVIOUS] = capacity + bucket;
    }
  }

  /** Whether `slot` waits for a deadline. */
  isArmed(slot: number): boolean {
    const due = this.#nodes[slot * STRIDE + DUE]!;
    return due > 0;
  }

  /** Arms `slot`, which must not be armed, for tick `due` (at least the next one). */
  arm(slot: number, due: number): void {
    const nodes = this.#nodes;
    if (due <= this.#now) due = this.#now + 1;
    const ring = this.#capacity + (due & this.#mask);
    const ringAt = ring * STRIDE;
    const at = slot * STRIDE;
    const next = nodes[ringAt + NEXT]!;
    nodes[at + NEXT] = next;
    nodes[at + PREVIOUS] = ring;
    nodes[at + DUE] = due;
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
    nodes[at + DUE] = NOWHERE;
    this.armed--;
  }

  /** Moves on to tick `now`; `expired` is called for each slot that is due, which is no longer armed by then and may be armed again. */
  advance(now: number, expired: (slot: number) => void): void {
    const nodes = this.#nodes;
    if (this.armed === 0) {
      if (now > this.#now) this.#now = now;
      return;
    }
    const turn = this.#mask + 1;
    const from = Math.max(this.#now + 1, now - turn + 1);
    if (now > this.#now) this.#now = now;
    const due: number[] = [];
    for (let tick = from; tick <= now; tick++) {
      const ring = this.#capacity + (tick & this.#mask);
      for (let slot = nodes[ring * STRIDE + NEXT]!; slot !== ring; slot = nodes[slot * STRIDE + NEXT]!) {
        if (nodes[slot * STRIDE + DUE]! <= now) due.push(slot);
      }
    }
    // First out, then told: a callback may cancel, or arm, any other slot.
    for (const slot of due) {
      const when = nodes[slot * STRIDE + DUE]!;
      if (when === NOWHERE || when > now) continue;
      this.cancel(slot);
      expired(slot);
    }
  }
}
