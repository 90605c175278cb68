/**
 * The dynamic table of a decoder (RFC 7541 section 2.3.2).
 * @module
 */
import type { TableEntry } from "./static_table.ts";

/** Entries that the ring has room for at first; a table of 4096 octets never has more than 128. */
const FIRST_ROOM = 16;

/** Entries, newest first, as many as fit. */
export class DecoderTable {
  #ring: (TableEntry | undefined)[] = [];
  /** Entries that ever came, and that ever went: their difference is how many there are. */
  #came = 0;
  #went = 0;
  #size = 0;
  #limit: number;

  /** An empty table. @param limit octets it may hold */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** The entry at a place, 0 the newest; undefined when there is none. */
  at(place: number): TableEntry | undefined {
    if (place >= this.#came - this.#went) return undefined;
    return this.#ring[(this.#came - 1 - place) & (this.#ring.length - 1)];
  }

  /** Adds an entry; one above the limit empties the table (RFC 7541 section 4.4). */
  add(entry: TableEntry): void {
    this.#evict(this.#limit - entry.size);
    if (entry.size > this.#limit) return;
    if (this.#came - this.#went === this.#ring.length) this.#grow();
    this.#ring[this.#came++ & (this.#ring.length - 1)] = entry;
    this.#size += entry.size;
  }

  /** Changes how much it may hold. @param limit octets */
  resize(limit: number): void {
    this.#limit = limit;
    this.#evict(limit);
  }

  #evict(limit: number): void {
    while (this.#size > limit && this.#went < this.#came) {
      const place = this.#went++ & (this.#ring.length - 1);
      this.#size -= this.#ring[place]!.size;
      this.#ring[place] = undefined;
    }
  }

  #grow(): void {
    const entries: (TableEntry | undefined)[] = [];
    for (let count = this.#went; count < this.#came; count++) entries.push(this.#ring[count & (this.#ring.length - 1)]);
    this.#came = entries.length;
    this.#went = 0;
    const room = Math.max(FIRST_ROOM, entries.length * 2);
    while (entries.length < room) entries.push(undefined);
    this.#ring = entries;
  }
}
