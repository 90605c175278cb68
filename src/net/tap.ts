/**
 * The one read of a connection that is under way, whoever waits for it.
 * @module
 */
import type { Block } from "./block.ts";

/** What is read from: `Deno.Conn`, or a TLS connection behind the same call. */
export interface ByteReader {
  /** Reads at least one byte into `into`; resolves with how many, or null at the end. */
  read(into: Uint8Array): Promise<number | null>;
}

/** Who waits for a read. */
export interface TapListener {
  /** The read has ended: {@link Tap.take} says how. Called once for each {@link Tap.wait}. */
  arrived(): void;
}

/** A read cannot be called back; this lets it change hands while it goes on. */
export class Tap {
  /** What is read into, from {@link read} to {@link take}. */
  block: Block | undefined = undefined;
  readonly #reader: ByteReader;
  #count: number | null | undefined = undefined;
  #failure: { readonly error: unknown } | undefined = undefined;
  #listener: TapListener | undefined = undefined;

  constructor(reader: ByteReader) {
    this.#reader = reader;
  }

  /** Begins to read into `block` from byte `at` on; the read before it must have been taken. */
  read(block: Block, at: number): void {
    this.block = block;
    this.#reader.read(at === 0 ? block.bytes : block.bytes.subarray(at)).then(this.#arrived, this.#failed);
  }

  /** Tells `listener`, and nobody who waited before, when the read ends; at once when it has. */
  wait(listener: TapListener): void {
    this.#listener = listener;
    if (this.#count !== undefined || this.#failure !== undefined) this.#tell();
  }

  /** Nobody waits any more; what the read brings is kept for who comes next. */
  forget(): void {
    this.#listener = undefined;
  }

  /** Bytes that the read has brought; 0 at the end, after a failure, and while it goes on. */
  get count(): number {
    return this.#count ?? 0;
  }

  /** Whether the read that ended brought nothing: the end, or a failure. */
  get dry(): boolean {
    return this.#count === null || this.#failure !== undefined;
  }

  /**
   * Bytes that the read brought, or null at the end; the tap is free for the next read then.
   * @throws what the read failed with
   */
  take(): number | null {
    const [count, failure] = [this.#count, this.#failure];
    this.block = undefined;
    this.#count = undefined;
    this.#failure = undefined;
    if (failure !== undefined) throw failure.error;
    return count!;
  }

  readonly #arrived = (count: number | null): void => {
    this.#count = count;
    this.#tell();
  };

  readonly #failed = (error: unknown): void => {
    this.#failure = { error };
    this.#tell();
  };

  #tell(): void {
    const listener = this.#listener;
    this.#listener = undefined;
    listener?.arrived();
  }
}
