/**
 * A header block that comes in more than one frame (RFC 9113 section 4.3). PURE.
 * @module
 */
import { MOST_CONTINUATIONS } from "./limits.ts";

/** Collects the fragments of one block at a time. */
export class HeaderBlock {
  /** The stream whose CONTINUATION must come next; 0 when there is none. */
  id = 0;
  /** END_STREAM of the HEADERS frame. */
  end = false;
  bytes = new Uint8Array(0);
  length = 0;
  #frames = 0;

  /** A HEADERS frame without END_HEADERS. @returns false beyond a limit, see {@link add} */
  begin(id: number, end: boolean, from: Uint8Array, at: number, stop: number, most: number): boolean {
    this.id = id;
    this.end = end;
    this.length = 0;
    this.#frames = -1;
    return this.add(from, at, stop, most);
  }

  /**
   * The octets of `from` between `at` and `stop`.
   * @param most octets that a block may have
   * @returns false when it has more, or came in too many frames (CVE-2024-27316)
   */
  add(from: Uint8Array, at: number, stop: number, most: number): boolean {
    const length = this.length + stop - at;
    if (++this.#frames > MOST_CONTINUATIONS || length > most) return false;
    if (length > this.bytes.length) {
      const larger = new Uint8Array(Math.max(length, 2 * this.bytes.length));
      larger.set(this.bytes.subarray(0, this.length));
      this.bytes = larger;
    }
    this.bytes.set(from.subarray(at, stop), this.length);
    this.length = length;
    return true;
  }

  /** The block is decoded: its memory is let go, because few ever come. */
  done(): void {
    this.id = 0;
    this.bytes = new Uint8Array(0);
    this.length = 0;
  }
}
