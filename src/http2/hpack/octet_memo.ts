/**
 * A memory of what octets were found to mean, so that what repeats is not decoded again.
 * @module
 */

/** One remembered meaning. */
interface Remembered<T> {
  readonly length: number;
  readonly hash: number;
  readonly key: number;
  readonly meaning: T;
  readonly cost: number;
  /** It was found since its place was last wanted by another. */
  used: boolean;
}

/** Bits of the sieve that tells what comes a second time. */
const SIEVE_BITS = 1 << 16;

/**
 * Meanings by octets and a key. Bounded in number and in octets; only what comes a second time is
 * remembered, so that what never repeats drives out little of what does.
 */
export class OctetMemo<T> {
  /** Two places for each set. */
  readonly #places: (Remembered<T> | undefined)[];
  /** The octets, `longest` for each place: memory that is taken only where it is written. */
  readonly #octets: Uint8Array;
  readonly #view: DataView;
  /** What was looked for in vain, a bit for each hash; emptied when it gets full. */
  readonly #sieve = new Uint8Array(SIEVE_BITS / 8);
  #sifted = 0;
  readonly #mask: number;
  readonly #longest: number;
  readonly #most: number;
  #held = 0;
  /** The hash that {@link find} was last asked for. */
  #hash = 0;

  /**
   * An empty memory.
   * @param sets a power of two
   * @param longest octets beyond which nothing is remembered
   * @param most what all may cost together; above it everything is forgotten
   */
  constructor(sets: number, longest: number, most: number) {
    this.#places = new Array(sets * 2).fill(undefined);
    this.#octets = new Uint8Array(sets * 2 * longest);
    this.#view = new DataView(this.#octets.buffer);
    this.#mask = sets - 1;
    this.#longest = longest;
    this.#most = most;
  }

  /**
   * What the octets in `bytes` from `start` to `end` mean under that key, if that is remembered.
   */
  find(bytes: Uint8Array, start: number, end: number, key: number): T | undefined {
    const length = end - start;
    if (length > this.#longest) return undefined;
    const view = viewOf(bytes);
    const from = bytes.byteOffset + start;
    const hash = this.#hash = hashOf(view, from, length, key);
    const first = (hash & this.#mask) * 2;
    for (let at = first; at < first + 2; at++) {
      const place = this.#places[at];
      if (place === undefined || place.hash !== hash || place.key !== key || place.length !== length) continue;
      if (!isSame(this.#view, at * this.#longest, view, from, length)) continue;
      place.used = true;
      return place.meaning;
    }
    return undefined;
  }

  /**
   * Says what the octets mean that {@link find} was just asked for in vain.
   * @param cost octets that the meaning takes
   */
  offer(bytes: Uint8Array, start: number, end: number, key: number, meaning: T, cost: number): void {
    const length = end - start;
    if (length > this.#longest) return;
    const hash = this.#hash;
    if (!this.#hasCome(hash)) return;
    const at = this.#placeFor((hash & this.#mask) * 2);
    if (at < 0) return;
    this.#held += cost;
    if (this.#held > this.#most) this.forget();
    this.#octets.set(bytes.subarray(start, end), at * this.#longest);
    this.#places[at] = { length, hash, key, meaning, cost, used: true };
  }

  /** A place of the set that is free or has not been used; -1: not this time. */
  #placeFor(first: number): number {
    for (let at = first; at < first + 2; at++) {
      const place = this.#places[at];
      if (place?.used === true) continue;
      if (place !== undefined) this.#held -= place.cost;
      return at;
    }
    this.#places[first]!.used = false;
    this.#places[first + 1]!.used = false;
    return -1;
  }

  /** Whether that hash has come before, or one that looks alike. */
  #hasCome(hash: number): boolean {
    const at = hash >>> 16 & (SIEVE_BITS / 8 - 1);
    const bit = 1 << (hash >>> 13 & 7);
    if ((this.#sieve[at]! & bit) !== 0) return true;
    if (++this.#sifted > SIEVE_BITS / 4) {
      this.#sieve.fill(0);
      this.#sifted = 0;
    }
    this.#sieve[at]! |= bit;
    return false;
  }

  /** Forgets everything. */
  forget(): void {
    this.#places.fill(undefined);
    this.#held = 0;
  }
}

/** A view of the memory that was read last: a connection's blocks come out of few buffers. */
let lastBuffer: ArrayBufferLike | undefined;
let lastView: DataView = new DataView(new ArrayBuffer(0));

function viewOf(bytes: Uint8Array): DataView {
  if (bytes.buffer !== lastBuffer) {
    lastBuffer = bytes.buffer;
    lastView = new DataView(lastBuffer);
  }
  return lastView;
}

/** Eight octets for each step, in two halves that do not wait for each other. */
function hashOf(view: DataView, from: number, length: number, key: number): number {
  const end = from + length;
  let hash = Math.imul(key ^ length << 20, 0x2c1b3c6d);
  let other = length;
  let at = from;
  for (; at + 8 <= end; at += 8) {
    hash = Math.imul(hash ^ view.getInt32(at, true), 0x297a2d39);
    hash ^= hash >>> 15;
    other = Math.imul(other ^ view.getInt32(at + 4, true), 0x21f0aaad);
    other ^= other >>> 15;
  }
  for (; at < end; at++) {
    hash = Math.imul(hash ^ view.getUint8(at), 0x297a2d39);
    hash ^= hash >>> 15;
  }
  // Each bit of it now has to depend on each octet: those of the last step reach only the upper
  // ones.
  hash = Math.imul(hash ^ other ^ hash >>> 16, 0x21f0aaad);
  hash = Math.imul(hash ^ hash >>> 15, 0x735a2d97);
  return hash ^ hash >>> 15;
}

function isSame(one: DataView, at: number, other: DataView, from: number, length: number): boolean {
  const end = at + length;
  for (; at + 4 <= end; at += 4, from += 4) {
    if (one.getInt32(at, true) !== other.getInt32(from, true)) return false;
  }
  for (; at < end; at++, from++) if (one.getUint8(at) !== other.getUint8(from)) return false;
  return true;
}
