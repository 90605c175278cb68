/**
 * The open streams of a connection, by id. PURE.
 * @module
 */
import type { Http2Stream } from "./stream.ts";

/** Places at first; always a power of two, and at most half of them taken. */
const FIRST_PLACES = 16;

/**
 * A hash table with open addressing. No `Map`: each time one is cleaned it leaves a table behind
 * that keeps streams alive which are over, and they what they know, until the next large
 * collection.
 */
export class StreamTable {
  #places: (Http2Stream | undefined)[] = new Array(FIRST_PLACES).fill(undefined);
  #mask = FIRST_PLACES - 1;
  size = 0;

  get(id: number): Http2Stream | undefined {
    const places = this.#places;
    const mask = this.#mask;
    for (let at = (id >> 1) & mask;; at = (at + 1) & mask) {
      const stream = places[at];
      if (stream === undefined || stream.id === id) return stream;
    }
  }

  /** Adds a stream whose id is not there. */
  add(stream: Http2Stream): void {
    if (++this.size * 2 > this.#places.length) this.#grow();
    this.#put(stream);
  }

  /** @returns whether it was there */
  delete(id: number): boolean {
    const places = this.#places;
    const mask = this.#mask;
    let at = (id >> 1) & mask;
    for (;; at = (at + 1) & mask) {
      const stream = places[at];
      if (stream === undefined) return false;
      if (stream.id === id) break;
    }
    this.size--;
    // Those behind it move up, so that none is looked for in vain.
    for (let next = (at + 1) & mask;; next = (next + 1) & mask) {
      const stream = places[next];
      if (stream === undefined) break;
      const home = (stream.id >> 1) & mask;
      if (((next - home) & mask) < ((next - at) & mask)) continue;
      places[at] = stream;
      at = next;
    }
    places[at] = undefined;
    return true;
  }

  /** All of them, as they are now. */
  values(): Http2Stream[] {
    return this.#places.filter((stream) => stream !== undefined).sort((a, b) => a.id - b.id);
  }

  #put(stream: Http2Stream): void {
    const places = this.#places;
    const mask = this.#mask;
    let at = (stream.id >> 1) & mask;
    while (places[at] !== undefined) at = (at + 1) & mask;
    places[at] = stream;
  }

  #grow(): void {
    const before = this.#places;
    this.#places = new Array(before.length * 2).fill(undefined);
    this.#mask = this.#places.length - 1;
    for (const stream of before) if (stream !== undefined) this.#put(stream);
  }
}
