/**
 * The messages of a stream of gRPC or Connect, out of the bytes that come. PURE.
 *
 * Nothing is kept between two messages, and what is announced takes no memory before it has come.
 * @module
 */

/** What comes of it. */
export interface EnvelopeSink {
  /** A message; `bytes` is nobody else's. @param flags the octet before its length */
  envelope(flags: number, bytes: Uint8Array): void;
  /** One is announced that has more bytes than it may; nothing is read any more. */
  tooLarge(): void;
}

const PREFIX = 5;
const FIRST_PIECE = 1024;
const NOTHING = new Uint8Array(0);

/** Reads them. */
export class EnvelopeReader {
  readonly #sink: EnvelopeSink;
  readonly #limits: { readonly options: { readonly maxMessageSize: number } };
  /** Octets of the prefix that have come: flags, and the length so far. */
  #prefix = 0;
  #flags = 0;
  #length = 0;
  #bytes: Uint8Array = NOTHING;
  #filled = 0;
  #over = false;

  constructor(sink: EnvelopeSink, limits: { readonly options: { readonly maxMessageSize: number } }) {
    this.#sink = sink;
    this.#limits = limits;
  }

  /** In the middle of a message. */
  get isWithin(): boolean {
    return this.#prefix > 0;
  }

  /** Takes what came; copies what it keeps. */
  take(chunk: Uint8Array): void {
    let at = 0;
    while (!this.#over && (at < chunk.length || (this.#prefix === PREFIX && this.#filled === this.#length))) {
      if (this.#prefix < PREFIX) {
        const octet = chunk[at++]!;
        if (this.#prefix === 0) this.#flags = octet;
        else this.#length = this.#length * 256 + octet;
        if (++this.#prefix === PREFIX && this.#length > this.#limits.options.maxMessageSize) {
          this.end();
          this.#sink.tooLarge();
        }
        continue;
      }
      const count = Math.min(this.#length - this.#filled, chunk.length - at);
      this.#reserve(count);
      this.#bytes.set(chunk.subarray(at, at + count), this.#filled);
      this.#filled += count;
      at += count;
      if (this.#filled === this.#length) this.#whole();
    }
  }

  /** Reads nothing any more. */
  end(): void {
    this.#over = true;
    this.#bytes = NOTHING;
  }

  #reserve(count: number): void {
    const needed = this.#filled + count;
    if (needed <= this.#bytes.length) return;
    const isAll = needed === this.#length;
    const size = isAll ? needed : Math.min(this.#length, Math.max(FIRST_PIECE, needed, this.#bytes.length * 2));
    const larger = new Uint8Array(size);
    larger.set(this.#bytes.subarray(0, this.#filled));
    this.#bytes = larger;
  }

  #whole(): void {
    const bytes = this.#bytes;
    this.#bytes = NOTHING;
    this.#prefix = this.#filled = this.#length = 0;
    this.#sink.envelope(this.#flags, bytes);
  }
}
