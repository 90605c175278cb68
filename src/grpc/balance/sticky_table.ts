/**
 * Which key is bound to which instance, for one cluster. PURE: the time is an argument.
 *
 * An entry is in three places: in the map of its header, in the order of use, and in the list of
 * what its instance has. So each of them costs the same however many keys there are.
 * @module
 */

/** Bounds of a table. */
export interface StickyLimits {
  /** The longest unused key goes when there are more. */
  readonly maxKeys: number;
  /** ms after which a key that nobody uses goes. */
  readonly idle: number;
}

/** A bound key, and where it leads. */
export interface Bound<I> {
  /** Whose value the key is. */
  readonly header: string;
  /** As it was asked for. */
  readonly key: string;
  /** Where it leads. */
  readonly instance: I;
  /** ms since it was used last. */
  readonly idle: number;
}

/** What an instance is to this table: something with a name. */
export interface Named {
  /** Unique in its cluster. */
  readonly id: string;
}

/**
 * Characters of a key that are kept: a header may have 64 KiB, and an entry not. Longer ones are
 * told apart by a hash of the whole.
 */
const MOST_KEPT = 256;

/** Idle entries that one new key takes away. */
const SWEPT_AT_ONCE = 4;

class Entry<I> {
  /** Towards the one used longer ago. */
  older: Entry<I> | undefined;
  newer: Entry<I> | undefined;
  /** Neighbours in the list of the instance. */
  before: Entry<I> | undefined;
  after: Entry<I> | undefined;

  constructor(
    readonly keys: StickyKeys<I & Named>,
    readonly key: string,
    readonly instance: I,
    public usedAt: number,
  ) {}
}

/** The keys of one instance. */
interface Held<I> {
  first: Entry<I> | undefined;
  count: number;
}

/** All keys of a cluster. */
export class StickyTable<I extends Named> {
  #limits: StickyLimits;
  readonly #headers = new Map<string, StickyKeys<I>>();
  readonly #held = new Map<string, Held<I>>();
  #newest: Entry<I> | undefined;
  #oldest: Entry<I> | undefined;
  #size = 0;

  /** An empty one. */
  constructor(limits: StickyLimits) {
    this.#limits = limits;
  }

  /** Keys that are bound. */
  get size(): number {
    return this.#size;
  }

  /** Puts other bounds into force; what is above them goes. */
  configure(limits: StickyLimits): void {
    this.#limits = limits;
    while (this.#size > limits.maxKeys) this.#remove(this.#oldest!);
  }

  /** The keys of one header: routes with the same header share them. */
  keys(header: string): StickyKeys<I> {
    const known = this.#headers.get(header);
    if (known !== undefined) return known;
    const keys = new StickyKeys<I>(header, this.#access);
    this.#headers.set(header, keys);
    return keys;
  }

  /** Keys that are bound to an instance. */
  countOf(instanceId: string): number {
    return this.#held.get(instanceId)?.count ?? 0;
  }

  /** Unbinds all keys of an instance, and tells how many there were. */
  unbind(instanceId: string): number {
    const held = this.#held.get(instanceId);
    if (held === undefined) return 0;
    const { count } = held;
    while (held.first !== undefined) this.#remove(held.first);
    return count;
  }

  /** The binding of a key under any header, for people; does not count as use. */
  find(key: string, now: number): Bound<I> | undefined {
    for (const keys of this.#headers.values()) {
      const entry = keys.entries.get(keptOf(key));
      if (entry === undefined || this.#isIdle(entry, now)) continue;
      return { header: keys.header, key, instance: entry.instance, idle: now - entry.usedAt };
    }
    return undefined;
  }

  /** Takes away what was idle too long. @returns how many went */
  sweep(now: number, most: number = Infinity): number {
    let swept = 0;
    while (swept < most && this.#oldest !== undefined && this.#isIdle(this.#oldest, now)) {
      this.#remove(this.#oldest);
      swept++;
    }
    return swept;
  }

  /** What the keys of a header do with the table they are in. */
  readonly #access: StickyAccess<I> = {
    use: (entry, now) => {
      if (this.#isIdle(entry, now)) {
        this.#remove(entry);
        return undefined;
      }
      entry.usedAt = now;
      if (entry !== this.#newest) {
        this.#leaveOrder(entry);
        this.#enterOrder(entry);
      }
      return entry.instance;
    },
    add: (entry) => {
      this.sweep(entry.usedAt, SWEPT_AT_ONCE);
      if (this.#size >= this.#limits.maxKeys && this.#oldest !== undefined) this.#remove(this.#oldest);
      entry.keys.entries.set(entry.key, entry);
      this.#enterOrder(entry);
      this.#hold(entry);
      this.#size++;
    },
    remove: (entry) => this.#remove(entry),
  };

  #isIdle(entry: Entry<I>, now: number): boolean {
    return now - entry.usedAt > this.#limits.idle;
  }

  #remove(entry: Entry<I>): void {
    entry.keys.entries.delete(entry.key);
    this.#leaveOrder(entry);
    this.#release(entry);
    this.#size--;
  }

  #enterOrder(entry: Entry<I>): void {
    entry.older = this.#newest;
    entry.newer = undefined;
    if (this.#newest === undefined) this.#oldest = entry;
    else this.#newest.newer = entry;
    this.#newest = entry;
  }

  #leaveOrder(entry: Entry<I>): void {
    if (entry.newer === undefined) this.#newest = entry.older;
    else entry.newer.older = entry.older;
    if (entry.older === undefined) this.#oldest = entry.newer;
    else entry.older.newer = entry.newer;
  }

  #hold(entry: Entry<I>): void {
    const held = this.#held.get(entry.instance.id) ?? { first: undefined, count: 0 };
    entry.after = held.first;
    if (held.first !== undefined) held.first.before = entry;
    held.first = entry;
    held.count++;
    this.#held.set(entry.instance.id, held);
  }

  #release(entry: Entry<I>): void {
    const held = this.#held.get(entry.instance.id);
    if (held === undefined) return;
    if (entry.before === undefined) held.first = entry.after;
    else entry.before.after = entry.after;
    if (entry.after !== undefined) entry.after.before = entry.before;
    if (--held.count === 0) this.#held.delete(entry.instance.id);
  }
}

interface StickyAccess<I extends Named> {
  use(entry: Entry<I>, now: number): I | undefined;
  add(entry: Entry<I>): void;
  remove(entry: Entry<I>): void;
}

/** The keys of one header in a table. */
export class StickyKeys<I extends Named> {
  /** Of the table: nobody else changes it. */
  readonly entries = new Map<string, Entry<I>>();
  readonly #table: StickyAccess<I>;

  /** For {@link StickyTable.keys}, which everybody else asks. */
  constructor(readonly header: string, table: StickyAccess<I>) {
    this.#table = table;
  }

  /** The instance that the key is bound to, which counts as use. */
  get(key: string, now: number): I | undefined {
    const entry = this.entries.get(keptOf(key));
    return entry === undefined ? undefined : this.#table.use(entry, now);
  }

  /** Binds the key, in place of what it was bound to. */
  bind(key: string, instance: I, now: number): void {
    this.unbind(key);
    this.#table.add(new Entry(this, keptOf(key), instance, now));
  }

  /** The same, for who only looks: whatever its age, and no use. */
  peek(key: string): I | undefined {
    return this.entries.get(keptOf(key))?.instance;
  }

  /** Unbinds the key, and tells whether it was bound. */
  unbind(key: string): boolean {
    const entry = this.entries.get(keptOf(key));
    if (entry === undefined) return false;
    this.#table.remove(entry);
    return true;
  }
}

function keptOf(key: string): string {
  if (key.length <= MOST_KEPT) return key;
  // FNV-1a twice: keys that somebody makes collide share an instance, and nothing else.
  let [a, b] = [0x811c9dc5, 0x01000193];
  for (let i = 0; i < key.length; i++) {
    const code = key.charCodeAt(i);
    a = Math.imul(a ^ code, 0x01000193);
    b = Math.imul(b ^ code, 0x85ebca6b);
  }
  return `${key.slice(0, MOST_KEPT)} ${key.length} ${a >>> 0} ${b >>> 0}`;
}
