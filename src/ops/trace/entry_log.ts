/**
 * Memory in which what is new overwrites what is oldest.
 * @module
 */

/** Bytes of a unit, in which everything is measured. */
export const UNIT = 8;
/** 32 bit words of a unit. */
export const UNIT_WORDS = 2;

/** A piece may be so large a part of it, so that one piece never ends all others. */
const LARGEST_SHARE = 8;

/**
 * Entries one behind the other, in one piece of memory that is taken once. A place names an entry
 * for as long as it is there, and says itself when it is not any more.
 */
export class EntryLog {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The same memory as words in the machine's byte order. */
  readonly words: Int32Array<ArrayBuffer>;
  readonly singles: Float32Array<ArrayBuffer>;
  readonly doubles: Float64Array<ArrayBuffer>;
  readonly #units: number;
  /** Places count on over several rounds, so that one of an earlier round is recognised. */
  readonly #places: number;
  #head = 0;

  /** @param maxBytes what it may take, at most 1 GiB; rounded down to a whole unit */
  constructor(maxBytes: number) {
    this.#units = Math.floor(Math.min(maxBytes, 2 ** 30) / UNIT);
    this.#places = this.#units * Math.floor(2 ** 30 / this.#units);
    const buffer = new ArrayBuffer(this.#units * UNIT);
    this.bytes = new Uint8Array(buffer);
    this.words = new Int32Array(buffer);
    this.singles = new Float32Array(buffer);
    this.doubles = new Float64Array(buffer);
  }

  /** Units that `bytes` take. */
  static unitsFor(bytes: number): number {
    return (bytes + UNIT - 1) >>> 3;
  }

  /**
   * Room for an entry in one piece; what was there is gone.
   * @returns its place, which is above 0; 0 when it is too large to be kept
   */
  append(units: number): number {
    if (units > this.#units / LARGEST_SHARE) return 0;
    const offset = this.#head % this.#units;
    // What is left before the end stays unused, so that no entry goes around.
    if (offset + units > this.#units) this.#move(this.#units - offset);
    const place = this.#head;
    this.#move(units);
    return place + 1;
  }

  /** Whether the entry at `place` has not been overwritten. */
  has(place: number): boolean {
    if (place === 0) return false;
    const age = (this.#head - (place - 1) + this.#places) % this.#places;
    return age > 0 && age <= this.#units;
  }

  /** Index in {@link words} of the first word of the entry at `place`. */
  wordAt(place: number): number {
    return ((place - 1) % this.#units) * UNIT_WORDS;
  }

  #move(units: number): void {
    this.#head = (this.#head + units) % this.#places;
  }
}
