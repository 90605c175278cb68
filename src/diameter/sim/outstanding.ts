/**
 * The requests of one simulated Logic App that wait for their answers.
 * @module
 */

/** What became of the request that a slot held last. */
export const SLOT = { unused: 0, waiting: 1, answered: 2, expired: 3 } as const;

/** Slots fit 16 bits of the hop-by-hop id; 15 more count the rounds. */
const MAX_SLOTS = 0x10000;
const ROUNDS = 0x7fff;

/**
 * A slab of requests in typed arrays. A slot is reused only after all others were, so that a second
 * or late answer is told from an unknown one.
 */
export class Outstanding {
  /** Requests that wait. */
  size = 0;
  readonly capacity: number;
  readonly endToEnd: Int32Array;
  /** Number of the session. */
  readonly session: Int32Array;
  /** Which message it was, by the caller's numbering. */
  readonly template: Uint16Array;
  /** When it was due, in milliseconds. */
  readonly started: Float64Array;
  readonly #ids: Int32Array;
  readonly #states: Uint8Array;
  readonly #free: Uint16Array;
  #head = 0;
  #tail = 0;

  /**
   * @param atLeast slots; rounded up to a power of two, 65,536 at most @param firstRound random, so
   * that ids of an earlier connection mean nothing
   */
  constructor(atLeast: number, firstRound: number) {
    this.capacity = Math.min(MAX_SLOTS, 2 ** Math.ceil(Math.log2(Math.max(2, atLeast))));
    const { capacity } = this;
    this.endToEnd = new Int32Array(capacity);
    this.session = new Int32Array(capacity);
    this.template = new Uint16Array(capacity);
    this.started = new Float64Array(capacity);
    this.#ids = new Int32Array(capacity);
    this.#states = new Uint8Array(capacity);
    this.#free = new Uint16Array(capacity);
    for (let slot = 0; slot < capacity; slot++) {
      this.#ids[slot] = ((firstRound & ROUNDS) << 16) | slot;
      this.#free[slot] = slot;
    }
  }

  /**
   * Takes a slot, of which there must be one ({@link size} below {@link capacity}); the caller
   * fills in the rest.
   */
  open(started: number): number {
    const slot = this.#free[this.#head]!;
    this.#head = (this.#head + 1) & (this.capacity - 1);
    this.size++;
    this.#states[slot] = SLOT.waiting;
    this.#ids[slot] = (this.#ids[slot]! + 0x10000) & 0x7fff_ffff;
    this.started[slot] = started;
    return slot;
  }

  /** The hop-by-hop id of the request in `slot`. */
  idOf(slot: number): number {
    return this.#ids[slot]!;
  }

  /** The slot of the request that waits under this hop-by-hop id, or -1. */
  find(id: number): number {
    const slot = id & 0xffff;
    return slot < this.capacity && this.#ids[slot] === id && this.#states[slot] === SLOT.waiting ? slot : -1;
  }

  /** What an answer is for which {@link find} found nothing: see {@link SLOT}. */
  fateOf(id: number): number {
    const slot = id & 0xffff;
    return slot < this.capacity && this.#ids[slot] === id ? this.#states[slot]! : SLOT.unused;
  }

  /** The request in `slot` waits no longer. */
  close(slot: number, fate: typeof SLOT.answered | typeof SLOT.expired): void {
    this.#states[slot] = fate;
    this.#free[this.#tail] = slot;
    this.#tail = (this.#tail + 1) & (this.capacity - 1);
    this.size--;
  }

  /** Gives up what was due before `deadline`; returns how many those were. */
  expire(deadline: number): number {
    if (this.size === 0) return 0;
    let expired = 0;
    for (let slot = 0; slot < this.capacity; slot++) {
      if (this.#states[slot] !== SLOT.waiting || this.started[slot]! >= deadline) continue;
      this.close(slot, SLOT.expired);
      expired++;
    }
    return expired;
  }
}
