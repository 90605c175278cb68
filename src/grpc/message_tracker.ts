/**
 * Where messages end in the bytes of a call: its 5-byte prefixes are followed, and nothing else is
 * looked at (PROTOCOL-HTTP2, "Length-Prefixed-Message"). PURE.
 * @module
 */

/** A flag of compression, and the length in 4 bytes. */
const PREFIX = 5;

/** Follows one direction of one call. */
export class MessageTracker {
  /** Bytes of the prefix at hand. */
  #prefix = 0;
  /** Its length as far as it was read, and then bytes of the message that are to come. */
  #left = 0;
  #messages = 0;
  #begun = false;

  /** Messages that have gone completely. */
  get messages(): number {
    return this.#messages;
  }

  /** Whether any byte of a message has gone. */
  get begun(): boolean {
    return this.#begun;
  }

  /** Whether no message is cut: the last one has gone completely, or there was none. */
  get atBoundary(): boolean {
    return this.#prefix === 0;
  }

  /** Takes the next bytes, cut anywhere. */
  take(bytes: Uint8Array): void {
    const end = bytes.length;
    if (end > 0) this.#begun = true;
    for (let at = 0; at < end;) {
      if (this.#prefix < PREFIX) {
        const byte = bytes[at++]!;
        // The first one is the flag. Unsigned: a length has 32 bits.
        if (this.#prefix > 0) this.#left = (this.#left * 256) + byte;
        this.#prefix++;
      } else {
        const step = Math.min(this.#left, end - at);
        this.#left -= step;
        at += step;
      }
      if (this.#prefix === PREFIX && this.#left === 0) {
        this.#messages++;
        this.#prefix = 0;
      }
    }
  }

  /** Begins anew, for another call. */
  reset(): void {
    this.#prefix = this.#left = this.#messages = 0;
    this.#begun = false;
  }
}
