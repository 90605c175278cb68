/**
 * End-to-end ids for the requests that one node originates (RFC 6733 section 3): the low 12 bits of
 * the time, then 20 bits that start at random. Requests of one Origin-Host take theirs from one of
 * these.
 */
export class EndToEndIds {
  readonly #high: number;
  #low: number;

  /**
   * The ids of a node that starts now.
   * @param now Unix time in milliseconds
   * @param dice a number from 0 to below 1
   */
  constructor(now: number, dice: number) {
    this.#high = (Math.floor(now / 1000) & 0xfff) * 0x100000;
    this.#low = Math.floor(dice * 0x100000);
  }

  /** The next id, unique for 1,048,576 requests. */
  next(): number {
    this.#low = (this.#low + 1) & 0xfffff;
    return this.#high + this.#low;
  }
}
