/**
 * Memory in which what is new overwrites what is oldest.
 * @module
 */
import { Block } from "../../net/block.ts";

/** Bytes of a unit, in which everything is measured. */
export const UNIT = 8;
/** 32 bit words of a unit. */
const UNIT_WORDS = 2;

/** An entry may be so large a part of all, so that one entry never ends all others. */
const LARGEST_SHARE = 8;
/** The first word of an entry is 8 bits of kind and 24 of units. */
const KIND_SHIFT = 24;
const UNITS_MASK = 0xffffff;
/** What is left at the end of the memory, where the next entry did not fit. */
const FILLER = 0;

/**
 * Entries one behind the other, in one piece of memory that is taken once. A place names an entry
 * for as long as it is there, and says itself when it is not any more. The first word of each entry
 * is the log's own.
 */
export class EntryLog {
  readonly block: Block;
  /** The same memory as words in the machine's byte order. */
  readonly words: Int32Array<ArrayBuffer>;
  readonly singles: Float32Array<ArrayBuffer>;
  readonly doubles: Float64Array<ArrayBuffer>;
  readonly #units: number;
  readonly #largest: number;
  /** Places count on over several rounds, so that one of an earlier round is recognised. */
  readonly #places: number;
  #head = 0;

  /** @param maxBytes what it may take, at most 1 GiB; rounded down to a whole unit */
  constructor(maxBytes: number) {
    this.#units = Math.floor(Math.min(maxBytes, 2 ** 30) / UNIT);
    this.#largest = Math.min(UNITS_MASK, Math.floor(this.#units / LARGEST_SHARE));
    this.#places = this.#units * Math.floor(2 ** 30 / this.#units);
    this.block = new Block(this.#units * UNIT);
    this.words = this.block.words;
    this.singles = new Float32Array(this.words.buffer);
    this.doubles = new Float64Array(this.words.buffer);
  }

  /**
   * Room for an entry in one piece; what was there is gone.
   * @param kind 1 to 127 @param bytes its first word included
   * @returns its place, which is above 0; 0 when it is too large to be kept
   */
  append(kind: number, bytes: number): number {
    const units = (bytes + UNIT - 1) >>> 3;
    if (units > this.#largest) return 0;
    const offset = this.#head % this.#units;
    const left = this.#units - offset;
    if (units > left) {
      this.words[offset * UNIT_WORDS] = FILLER << KIND_SHIFT | Math.min(left, UNITS_MASK);
      this.#move(left);
    }
    const place = this.#head + 1;
    this.words[this.wordAt(place)] = kind << KIND_SHIFT | units;
    this.#move(units);
    return place;
  }

  /** Whether the entry at `place` has not been overwritten. */
  has(place: number): boolean {
    if (place === 0) return false;
    const age = this.#age(place);
    return age > 0 && age <= this.#units;
  }

  /** Index in {@link words} of the first word of the entry at `place`. */
  wordAt(place: number): number {
    return ((place - 1) % this.#units) * UNIT_WORDS;
  }

  /** The kind of the entry at `place`. */
  kindOf(place: number): number {
    return this.words[this.wordAt(place)]! >>> KIND_SHIFT;
  }

  /**
   * The place behind the newest entry: that of the next one, unless it does not fit before the end.
   */
  get end(): number {
    return this.#head + 1;
  }

  /** Whether `place` was given out before `other`. Both may be overwritten, if not long ago. */
  isBefore(place: number, other: number): boolean {
    return this.#age(place) > this.#age(other);
  }

  /** The place of the entry behind the one at `place`, or {@link end}. */
  after(place: number): number {
    const next = this.#behind(place);
    return next !== this.end && this.kindOf(next) === FILLER ? this.#behind(next) : next;
  }

  #behind(place: number): number {
    return (place - 1 + (this.words[this.wordAt(place)]! & UNITS_MASK)) % this.#places + 1;
  }

  #age(place: number): number {
    return (this.#head - (place - 1) + this.#places) % this.#places;
  }

  #move(units: number): void {
    this.#head = (this.#head + units) % this.#places;
  }
}
