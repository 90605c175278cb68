/**
 * Who holds how much of what one table of transactions may hold.
 * @module
 */

/** Two words for each index of a connection key: transactions, and bytes of their requests. */
const STRIDE = 2;

/**
 * A count by connection key, made when it is needed: nothing is booked while there is room. Only
 * the index in a key counts: a connection that comes after another one answers for what that one
 * left behind.
 */
export class Shares {
  /** Connections that hold at least one transaction. */
  holders = 0;
  readonly #held = new Int32Array(0x10000 * STRIDE);

  /** One more transaction, whose request is `bytes` long. */
  take(key: number, bytes: number): void {
    const at = (key & 0xffff) * STRIDE;
    const held = this.#held;
    if (held[at] === 0) this.holders++;
    held[at]!++;
    held[at + 1]! += bytes;
  }

  /** Nobody holds anything: they are to be counted anew. */
  clear(): void {
    this.#held.fill(0);
    this.holders = 0;
  }

  /** Transactions that `key` holds. */
  countOf(key: number): number {
    return this.#held[(key & 0xffff) * STRIDE]!;
  }

  /** Bytes of the requests that `key` holds. */
  bytesOf(key: number): number {
    return this.#held[(key & 0xffff) * STRIDE + 1]!;
  }

  /**
   * Whether `key` holds less than its fair share of `credit` transactions, which all who hold some
   * divide among them.
   * @param more counts as held too
   */
  isBelow(key: number, credit: number, more: number): boolean {
    const count = this.countOf(key);
    const among = count === 0 ? this.holders + 1 : this.holders;
    return (count + more) * among < credit;
  }
}
