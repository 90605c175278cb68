/**
 * What a client has sent for a call, kept as long as it may have to be sent to another instance.
 * PURE.
 * @module
 */

/** The bytes that all calls together may keep. */
export class ReplayBudget {
  #used = 0;

  /** @param limit bytes; may change while some are kept */
  constructor(public limit: number) {}

  /** Bytes that are kept now. */
  get used(): number {
    return this.#used;
  }

  /** Takes that many, or none. */
  take(bytes: number): boolean {
    if (this.#used + bytes > this.limit) return false;
    this.#used += bytes;
    return true;
  }

  /** Gives so many back. */
  give(bytes: number): void {
    this.#used -= bytes;
  }
}

/** Small requests need no block of their own size; a block up to this one is used again. */
const [FIRST, MOST_KEPT] = [512, 4096];

/** The request bytes of one call. Can be used again for another one. */
export class ReplayBuffer {
  readonly #budget: ReplayBudget;
  #block = new Uint8Array(0);
  #size = 0;
  #complete = true;

  constructor(budget: ReplayBudget) {
    this.#budget = budget;
  }

  /** Whether everything that was sent is here. */
  get complete(): boolean {
    return this.#complete;
  }

  /** What was sent so far; valid until something changes. */
  get bytes(): Uint8Array {
    return this.#block.subarray(0, this.#size);
  }

  /**
   * Keeps a copy of what goes to an instance. Above `limit` bytes of this call, or the budget of
   * all, nothing of it is kept any more: then it goes on without replay.
   */
  keep(bytes: Uint8Array, limit: number): void {
    if (!this.#complete || bytes.length === 0) return;
    const size = this.#size + bytes.length;
    if (size > limit || !this.#budget.take(bytes.length)) return this.drop();
    if (size > this.#block.length) this.#grow(size, limit);
    this.#block.set(bytes, this.#size);
    this.#size = size;
  }

  /** Keeps nothing any more: no replay will be needed, or none is possible. */
  drop(): void {
    this.#release();
    this.#complete = false;
  }

  /** Begins anew, for another call. */
  reset(): void {
    this.#release();
    this.#complete = true;
  }

  #release(): void {
    this.#budget.give(this.#size);
    this.#size = 0;
    if (this.#block.length > MOST_KEPT) this.#block = new Uint8Array(0);
  }

  #grow(least: number, limit: number): void {
    const block = new Uint8Array(Math.max(least, Math.min(limit, Math.max(FIRST, this.#block.length * 2))));
    block.set(this.bytes);
    this.#block = block;
  }
}
