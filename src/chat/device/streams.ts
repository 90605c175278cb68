/**
 * The streams of all transports and listeners of one gateway, and how many there may be.
 * @module
 */
import type { Transport } from "./transport.ts";

/** Counts those in their handshake, too, so that no storm gets past the limit. */
export class Streams {
  #handshakes = 0;
  readonly #open = new Set<Transport>();
  #emptied: (() => void) | undefined;

  /** How many there are. */
  get size(): number {
    return this.#handshakes + this.#open.size;
  }

  /**
   * Takes a place for a handshake, which then is either opened or given up.
   * @returns whether there was one, with at most `most` of them
   */
  begin(most: number): boolean {
    if (this.size >= most) return false;
    this.#handshakes++;
    return true;
  }

  /** The handshake came to nothing. */
  giveUp(): void {
    this.#handshakes--;
    this.#look();
  }

  /** The handshake came to `transport`. */
  opened(transport: Transport): void {
    this.#handshakes--;
    this.#open.add(transport);
  }

  /** `transport` is gone, its socket too. */
  gone(transport: Transport): void {
    if (this.#open.delete(transport)) this.#look();
  }

  /** Ends every stream with 1012, and cuts those that are left after so many ms. */
  async end(patience: number): Promise<void> {
    for (const transport of [...this.#open]) transport.close(1012);
    if (this.#open.size === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#emptied = resolve;
    const timer = setTimeout(() => {
      for (const transport of [...this.#open]) transport.cut();
      resolve();
    }, patience);
    await promise;
    clearTimeout(timer);
  }

  #look(): void {
    if (this.#open.size === 0) this.#emptied?.();
  }
}
