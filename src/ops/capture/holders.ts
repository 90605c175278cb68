import { Recency } from "./recency.ts";

/**
 * Who holds how many bytes; the one whose share changed least recently is the first to give up its
 * own.
 */
export class Holders<T> {
  readonly #shares = new Recency<T, number>();
  #total = 0;

  /** Bytes that all of them hold. */
  get total(): number {
    return this.#total;
  }

  /** The holder that changed least recently; undefined when nobody holds anything. */
  get oldest(): T | undefined {
    return this.#shares.oldest?.key;
  }

  /** `holder` holds so many bytes now. */
  set(holder: T, bytes: number): void {
    const before = this.#shares.get(holder) ?? 0;
    if (before === bytes) return;
    this.#total += bytes - before;
    if (bytes > 0) this.#shares.set(holder, bytes);
    else this.#shares.delete(holder);
  }
}
