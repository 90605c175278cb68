/**
 * One end of a TCP or TLS connection that carries messages: any bytes out, whole messages in, read
 * as fast, as slowly or as little as a test wants.
 * @module
 */

/** What a test does with its end. */
export interface WireHandlers {
  /** A whole message, as a copy. */
  message(bytes: Uint8Array<ArrayBuffer>, end: WireEnd): void;
  /** The connection has ended, whoever ended it. */
  ended?(end: WireEnd): void;
}

/**
 * Reads until the connection ends; forgives everything, because the other end may be cut off in the
 * middle of a message.
 */
export class WireEnd {
  /** Bytes read. */
  received = 0;
  /** Whether the connection has ended. */
  ended = false;
  /** Settles when it has. */
  readonly done: Promise<void>;
  readonly #conn: Deno.Conn;
  readonly #handlers: WireHandlers;
  #reading: PromiseWithResolvers<void> | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(conn: Deno.Conn, handlers: WireHandlers) {
    this.#conn = conn;
    this.#handlers = handlers;
    this.done = this.#read();
  }

  /** Connects to a port of this machine. */
  static async connect(port: number, handlers: WireHandlers): Promise<WireEnd> {
    const conn = await Deno.connect({ hostname: "127.0.0.1", port });
    conn.setNoDelay(true);
    return new WireEnd(conn, handlers);
  }

  /**
   * Sends exactly these bytes, behind all that was sent before; resolves when the system took them,
   * or the connection ended.
   */
  send(...parts: readonly Uint8Array[]): Promise<void> {
    return this.#writing = this.#writing.then(async () => {
      try {
        for (const bytes of parts) {
          for (let sent = 0; sent < bytes.length;) sent += await this.#conn.write(bytes.subarray(sent));
        }
      } catch {
        // The other end is gone: the reader notices too.
      }
    });
  }

  /**
   * Reads nothing more until {@link resume}; a read that waits already may still bring something.
   */
  pause(): void {
    this.#reading ??= Promise.withResolvers();
  }

  resume(): void {
    this.#reading?.resolve();
    this.#reading = undefined;
  }

  /** Ends the connection; resolves when nothing of it is left. */
  async close(): Promise<void> {
    this.#close();
    this.resume();
    await this.#writing;
    await this.done;
  }

  #close(): void {
    try {
      this.#conn.close();
    } catch {
      // Closed already.
    }
  }

  async #read(): Promise<void> {
    let kept = new Uint8Array(0);
    const block = new Uint8Array(65_536);
    try {
      for (;;) {
        if (this.#reading !== undefined) await this.#reading.promise;
        const count = await this.#conn.read(block);
        if (count === null) break;
        this.received += count;
        const bytes = new Uint8Array(kept.length + count);
        bytes.set(kept);
        bytes.set(block.subarray(0, count), kept.length);
        kept = this.#cut(bytes);
      }
    } catch {
      // Closed on this side, or reset by the other.
    }
    this.ended = true;
    this.#close();
    this.#handlers.ended?.(this);
  }

  #cut(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
    let at = 0;
    while (bytes.length - at >= 4) {
      const length = (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
      if (length < 20) throw new Error(`a message of ${length} bytes came`);
      if (length > bytes.length - at) break;
      this.#handlers.message(bytes.slice(at, at + length), this);
      at += length;
    }
    return bytes.slice(at);
  }
}
