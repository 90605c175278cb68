/**
 * How much of something that is scarce somebody holds, and whether that is too much.
 * @module
 */

/**
 * One holder's account. What is added to it is added to the whole that it is a part of.
 *
 * A part is sure of its slice: one half of the whole is divided among all parts. The other half is
 * for whoever comes first, so that one alone is not kept short by what others do not use, and no
 * number of greedy ones can take another's slice.
 */
export class Budget {
  /** What is held now, the parts included. */
  used = 0;
  /**
   * Up to here it is neither {@link exhausted} nor {@link tight}, whatever others hold: one look
   * for those who are in a hurry.
   */
  readonly ease: number;

  /**
   * @param limit the most that may be held; what cannot be refused may exceed it
   * @param whole what this is a part of
   * @param slice how much of the whole is this part's alone; the slices of all parts together are
   * at most half of it
   */
  constructor(readonly limit: number, readonly whole?: Budget, readonly slice = 0) {
    this.ease = Math.floor((whole === undefined ? limit : Math.min(slice, limit)) / 2);
  }

  /** A part among `parts` that are equal. */
  part(parts: number): Budget {
    return new Budget(Math.floor(this.limit / 2), this, Math.floor(this.limit / 2 / parts));
  }

  /** Adds `amount`, which is negative when something is given back, here and to the whole. */
  add(amount: number): void {
    this.used += amount;
    this.whole?.add(amount);
  }

  /** What may be held here at this moment: the slice alone once half of the whole is used. */
  get bound(): number {
    const { whole } = this;
    return whole !== undefined && whole.used > whole.limit / 2 ? Math.min(this.slice, this.limit) : this.limit;
  }

  /** Whether nothing should be added here that can be refused. */
  get exhausted(): boolean {
    return this.used > this.bound;
  }

  /**
   * The same for whoever holds a good part of it already: half of what may be held is left to those
   * who do not.
   */
  get tight(): boolean {
    return this.used > this.bound / 2;
  }
}
