/**
 * The dynamic table of an encoder (RFC 7541 section 2.3.2), with ways from fields to indexes.
 * @module
 */
import { ENTRY_OVERHEAD, FIRST_DYNAMIC } from "./static_table.ts";

/** A field of the table. */
export interface EncoderEntry {
  readonly name: string;
  readonly value: string;
  readonly size: number;
  /** How many entries had come when this one had. */
  readonly number: number;
  /** The next older one with the same value, which has another name. */
  older: EncoderEntry | undefined;
  /** The list that used it last, counted by the encoder. */
  usedBy: number;
}

/** Entries by value and by name; the oldest goes first. */
export class EncoderTable {
  /** Oldest first; those in front of `#first` have gone. */
  #entries: EncoderEntry[] = [];
  #first = 0;
  #byValue = new Map<string, EncoderEntry>();
  #byName = new Map<string, EncoderEntry>();
  #came = 0;
  #went = 0;
  #size = 0;
  #limit: number;

  /** An empty table. @param limit octets it may hold */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Octets it may hold. */
  get limit(): number {
    return this.#limit;
  }

  /** Whether the entry is still there. */
  holds(entry: EncoderEntry): boolean {
    return entry.number > this.#went;
  }

  /** The index of an entry that is there (RFC 7541 section 2.3.3). */
  indexOf(entry: EncoderEntry): number {
    return FIRST_DYNAMIC + this.#came - entry.number;
  }

  /** The entry with that name and value. */
  find(name: string, value: string): EncoderEntry | undefined {
    let entry = this.#byValue.get(value);
    while (entry !== undefined && entry.name !== name) entry = entry.older;
    return entry;
  }

  /** The newest entry with that name. */
  named(name: string): EncoderEntry | undefined {
    return this.#byName.get(name);
  }

  /**
   * Whether the field would fit without driving out what a list since that one has used.
   * @param since a list, counted by the encoder
   */
  hasRoom(name: string, value: string, since: number): boolean {
    let missing = this.#size + name.length + value.length + ENTRY_OVERHEAD - this.#limit;
    for (let at = this.#first; missing > 0; at++) {
      const entry = this.#entries[at];
      if (entry === undefined || entry.usedBy > since) return false;
      missing -= entry.size;
    }
    return true;
  }

  /** Adds a field that is not above the limit. */
  add(name: string, value: string, usedBy: number): EncoderEntry {
    const size = name.length + value.length + ENTRY_OVERHEAD;
    this.#evict(this.#limit - size);
    const entry = { name, value, size, number: ++this.#came, older: this.#byValue.get(value), usedBy };
    this.#entries.push(entry);
    this.#byValue.set(value, entry);
    this.#byName.set(name, entry);
    this.#size += size;
    return entry;
  }

  /** Changes how much it may hold. @param limit octets */
  resize(limit: number): void {
    this.#limit = limit;
    this.#evict(limit);
  }

  #evict(limit: number): void {
    while (this.#size > limit) {
      const entry = this.#entries[this.#first++]!;
      this.#size -= entry.size;
      this.#went++;
      this.#unlink(entry);
      if (this.#byName.get(entry.name) === entry) this.#byName.delete(entry.name);
    }
    if (this.#first <= this.#entries.length / 2) return;
    this.#entries.splice(0, this.#first);
    this.#first = 0;
  }

  /** The oldest of all is the oldest of its value too: the last in that chain. */
  #unlink(oldest: EncoderEntry): void {
    let entry = this.#byValue.get(oldest.value);
    if (entry === oldest) this.#byValue.delete(oldest.value);
    else {
      while (entry !== undefined && entry.older !== oldest) entry = entry.older;
      if (entry !== undefined) entry.older = undefined;
    }
  }
}
