/**
 * Tokens that were verified, as many as there is room for. PURE.
 * @module
 */

/**
 * Two generations: what is asked for moves to the younger one, and when that is full the older one
 * goes. So what is in use stays, and no hit has to keep an order.
 */
export class TokenCache<V> {
  readonly #half: number;
  #young = new Map<string, V>();
  #old = new Map<string, V>();

  /** @param most tokens that are kept at most */
  constructor(most: number) {
    this.#half = Math.max(1, Math.floor(most / 2));
  }

  /** Tokens that are kept. */
  get size(): number {
    return this.#young.size + this.#old.size;
  }

  get(token: string): V | undefined {
    const value = this.#young.get(token);
    if (value !== undefined) return value;
    const old = this.#old.get(token);
    if (old !== undefined) {
      this.#old.delete(token);
      this.set(token, old);
    }
    return old;
  }

  set(token: string, value: V): void {
    if (this.#young.size >= this.#half && !this.#young.has(token)) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(token, value);
  }
}
