/**
 * Values by a key, in the order in which they were last set or looked up. A Map has that order too,
 * but what it forgets at its front makes finding its first entry slow.
 */
export class Recency<K, V> {
  readonly #nodes = new Map<K, Node<K, V>>();
  #oldest: Node<K, V> | undefined;
  #newest: Node<K, V> | undefined;

  /** How many there are. */
  get size(): number {
    return this.#nodes.size;
  }

  /** The one that was not set or looked up for longest. */
  get oldest(): { readonly key: K; readonly value: V } | undefined {
    return this.#oldest;
  }

  /** The value of a key, the most recent one from now on. */
  get(key: K): V | undefined {
    const node = this.#nodes.get(key);
    if (node === undefined) return undefined;
    if (node !== this.#newest) {
      this.#unlink(node);
      this.#append(node);
    }
    return node.value;
  }

  /** Sets a value, the most recent one from now on. */
  set(key: K, value: V): void {
    const known = this.#nodes.get(key);
    if (known !== undefined) this.#unlink(known);
    const node = known ?? { key, value, before: undefined, after: undefined };
    node.value = value;
    if (known === undefined) this.#nodes.set(key, node);
    this.#append(node);
  }

  /** Forgets a key. */
  delete(key: K): void {
    const node = this.#nodes.get(key);
    if (node === undefined) return;
    this.#nodes.delete(key);
    this.#unlink(node);
  }

  /** All values, the oldest first. */
  *values(): Generator<V> {
    for (let node = this.#oldest; node !== undefined; node = node.after) yield node.value;
  }

  #append(node: Node<K, V>): void {
    node.before = this.#newest;
    node.after = undefined;
    if (this.#newest === undefined) this.#oldest = node;
    else this.#newest.after = node;
    this.#newest = node;
  }

  #unlink({ before, after }: Node<K, V>): void {
    if (before === undefined) this.#oldest = after;
    else before.after = after;
    if (after === undefined) this.#newest = before;
    else after.before = before;
  }
}

interface Node<K, V> {
  readonly key: K;
  value: V;
  before: Node<K, V> | undefined;
  after: Node<K, V> | undefined;
}
