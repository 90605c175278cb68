/**
 * Octets of one stream that wait for windows. PURE.
 * @module
 */

/** The most that a piece is made larger than what is put into it. */
const MOST_ROOM = 16 * 1024;

/**
 * Octets, first in, first out. Pieces grow with what waits, so that whatever sizes it comes in (a
 * peer may send it octet by octet) it takes no more than twice its memory.
 */
export class SendBuffer {
  /** Octets that wait. */
  length = 0;
  readonly #pieces: Uint8Array[] = [];
  /** Octets of the first piece that have been taken. */
  #taken = 0;
  /** Octets of the last piece that are free. */
  #room = 0;

  /** Adds a copy of the octets of `bytes` from `from` on. */
  add(bytes: Uint8Array, from: number): void {
    const fitting = Math.min(this.#room, bytes.length - from);
    if (fitting > 0) {
      const last = this.#pieces[this.#pieces.length - 1]!;
      last.set(bytes.subarray(from, from + fitting), last.length - this.#room);
      this.#room -= fitting;
      this.length += fitting;
    }
    const rest = bytes.length - from - fitting;
    if (rest === 0) return;
    const piece = new Uint8Array(Math.max(rest, Math.min(this.length, MOST_ROOM)));
    piece.set(bytes.subarray(from + fitting));
    this.#pieces.push(piece);
    this.#room = piece.length - rest;
    this.length += rest;
  }

  /** The first piece; what waits of it are {@link ready} octets from {@link at} on. */
  get piece(): Uint8Array {
    return this.#pieces[0]!;
  }

  /** Where in {@link piece} begins what waits. */
  get at(): number {
    return this.#taken;
  }

  /** Octets of {@link piece} that wait. */
  get ready(): number {
    const room = this.#pieces.length === 1 ? this.#room : 0;
    return this.#pieces.length === 0 ? 0 : this.piece.length - this.#taken - room;
  }

  /** So many octets, at most {@link ready}, wait no longer. */
  take(octets: number): void {
    this.length -= octets;
    this.#taken += octets;
    if (this.ready > 0) return;
    if (this.#pieces.length === 1) this.#room = 0;
    this.#pieces.shift();
    this.#taken = 0;
  }
}
