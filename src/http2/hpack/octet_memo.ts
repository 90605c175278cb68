/**
 * A memory of what octets were found to mean, so that what repeats is not decoded again.
 * @module
 */

/** One remembered meaning. */
interface Remembered<T> {
  readonly octets: Uint8Array;
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
    this.#mask = sets - 1;
    this.#longest = longest;
    this.#most = most;
  }

  /** What the octets in `bytes` from `start` to `end` mean under that key, if that is remembered. */
  find(bytes: Uint8Array, start: number, end: number, key: number): T | undefined {
    if (end - start > this.#longest) return undefined;
    const hash = this.#hash = hashOf(bytes, start, end, key);
    const at = (hash & this.#mask) * 2;
    return this.#meaning(at, hash, bytes, start, end, key) ?? this.#meaning(at + 1, hash, bytes, start, end, key);
  }

  #meaning(at: number, hash: number, bytes: Uint8Array, start: number, end: number, key: number): T | undefined {
    const place = this.#places[at];
    if (place === undefined || place.hash !== hash || place.key !== key) return undefined;
    if (!isSame(place.octets, bytes, start, end)) return undefined;
    place.used = true;
    return place.meaning;
  }

  /**
   * Says what the octets mean that {@link find} was just asked for in vain.
   * @param cost octets that the meaning takes
   */
  offer(bytes: Uint8Array, start: number, end: number, key: number, meaning: T, cost: number): void {
    if (end - start > this.#longest) return;
    const hash = this.#hash;
    if (!this.#hasCome(hash)) return;
    const at = this.#placeFor((hash & this.#mask) * 2);
    if (at < 0) return;
    this.#held += cost + end - start;
    if (this.#held > this.#most) this.forget();
    this.#places[at] = { octets: bytes.slice(start, end), hash, key, meaning, cost, used: true };
  }

  /** A place of the set that is free or has not been used; -1: not this time. */
  #placeFor(first: number): number {
    for (let at = first; at < first + 2; at++) {
      const place = this.#places[at];
      if (place?.used === true) continue;
      if (place !== undefined) this.#held -= place.cost + place.octets.length;
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

/** Four octets for each step: what repeats is hashed each time. */
function hashOf(bytes: Uint8Array, start: number, end: number, key: number): number {
  let hash = Math.imul(key ^ (end - start) << 20, 0x2c1b3c6d);
  let at = start;
  for (; at + 4 <= end; at += 4) {
    const four = bytes[at]! | bytes[at + 1]! << 8 | bytes[at + 2]! << 16 | bytes[at + 3]! << 24;
    hash = Math.imul(hash ^ four, 0x297a2d39);
    hash ^= hash >>> 15;
  }
  for (; at < end; at++) hash = Math.imul(hash ^ bytes[at]!, 0x297a2d39);
  // Each bit of it now has to depend on each octet: those of the last four reach only the upper ones.
  hash = Math.imul(hash ^ hash >>> 16, 0x21f0aaad);
  hash = Math.imul(hash ^ hash >>> 15, 0x735a2d97);
  return hash ^ hash >>> 15;
}

function isSame(octets: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  const length = end - start;
  if (octets.length !== length) return false;
  for (let at = 0; at < length; at++) if (octets[at] !== bytes[start + at]) return false;
  return true;
}
