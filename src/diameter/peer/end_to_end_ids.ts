/** Driver: end-to-end ids for requests that this node originates (RFC 6733 section 3): the low 12 bits of the time, then 20 bits that start at random. */
export class EndToEndIds {
  readonly #high = (Math.floor(Date.now() / 1000) & 0xfff) * 0x100000;
  #low = Math.floor(Math.random() * 0x100000);

  /** The next id, unique for 1,048,576 requests. */
  next(): number {
    this.#low = (this.#low + 1) & 0xfffff;
    return this.#high + this.#low;
  }
}
