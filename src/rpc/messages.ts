/**
 * Messages of a gRPC stream in memory: five bytes before each say whether it is compressed, and how
 * long it is.
 *
 * PURE.
 * @module
 */

const PREFIX = 5;

/** A stream of messages that cannot be read. */
export class MessageError extends Error {
  override name = "MessageError";
}

/** `message` with its prefix. */
export function framed(message: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(PREFIX + message.length);
  new DataView(bytes.buffer).setUint32(1, message.length);
  bytes.set(message, PREFIX);
  return bytes;
}

/** Cuts bytes, which come in any pieces, into messages. */
export class MessageReader {
  #bytes = new Uint8Array();
  #length = 0;

  /** Copies `piece`. */
  add(piece: Uint8Array): void {
    const needed = this.#length + piece.length;
    if (needed > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(needed, 2 * this.#bytes.length));
      larger.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = larger;
    }
    this.#bytes.set(piece, this.#length);
    this.#length = needed;
  }

  /**
   * The next message, or undefined until it is whole.
   * @throws MessageError when it is compressed
   */
  next(): Uint8Array | undefined {
    if (this.#length < PREFIX) return undefined;
    const size = new DataView(this.#bytes.buffer, this.#bytes.byteOffset).getUint32(1);
    if (this.#length < PREFIX + size) return undefined;
    if (this.#bytes[0] !== 0) throw new MessageError("the message is compressed, which was not offered");
    const message = this.#bytes.slice(PREFIX, PREFIX + size);
    this.#bytes.copyWithin(0, PREFIX + size, this.#length);
    this.#length -= PREFIX + size;
    return message;
  }

  /** The one message that there is. @throws MessageError when there is none, or more than one */
  only(): Uint8Array {
    const message = this.next();
    if (message === undefined || this.#length > 0) throw new MessageError("expected exactly one message");
    return message;
  }
}
