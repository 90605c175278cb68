/**
 * All that comes in over one connection, as whole frames: by a chain of streams while it is busy,
 * by one bare read while it is not.
 * @module
 */
import { Batch, type BatchOwner } from "./batch.ts";
import { type Block, BlockLease, type BlockPool, SMALL_BLOCK } from "./block.ts";
import { framer, type FrameRule } from "./framer.ts";
import { ByteSource } from "./source.ts";
import { type ByteReader, Tap, type TapListener } from "./tap.ts";

/** What an intake needs of its owner. */
export interface IntakeOwner {
  readonly rule: FrameRule;
  /** Takes whole frames, and releases them; a promise asks to wait for it before the next ones. */
  take(batch: Batch): void | Promise<void>;
  /** The end, exactly once: the other side closed, or `error` says what went wrong. */
  ended(error?: unknown): void;
}

/** A connection that is read twice within so many milliseconds is busy. */
const BUSY_WITHIN = 2;

/**
 * What a connection is while it is busy is the composition `source | framer | sink`. Its three
 * streams are 13 KB that an idle connection does without: the read that is under way goes on, and
 * what little it brings is handed on as it lies.
 */
export class Intake implements TapListener, BatchOwner {
  readonly #tap: Tap;
  readonly #blocks: BlockLease;
  readonly #owner: IntakeOwner;
  /** The head of the chain, while there is one. */
  #source: ByteSource | undefined;
  /** Bytes that it had brought when {@link rest} looked last. */
  #seen = 0;
  #kept: Block | undefined;
  #lastRead = 0;

  constructor(reader: ByteReader, pool: BlockPool, owner: IntakeOwner) {
    this.#tap = new Tap(reader);
    this.#blocks = new BlockLease(pool);
    this.#owner = owner;
    this.#wait();
  }

  /** Whether the connection has its chain of streams. */
  get busy(): boolean {
    return this.#source !== undefined;
  }

  /**
   * To be called every few seconds: a chain that brought nothing since the last call, and holds
   * nothing, is let go.
   */
  rest(): void {
    const source = this.#source;
    if (source === undefined) return;
    const quiet = source.total === this.#seen;
    this.#seen = source.total;
    // Whatever else of the blocks is lent is half a frame, or on its way to the sink.
    if (quiet && this.#blocks.lent === source.held) source.leave();
  }

  /** A read at rest has ended. */
  arrived(): void {
    const now = performance.now();
    const busy = now - this.#lastRead < BUSY_WITHIN;
    this.#lastRead = now;
    if (this.#tap.dry) return this.#dryUp();
    if (busy || !this.#isWhole()) return this.#flow();
    const block = this.#tap.block!;
    const count = this.#tap.take()!;
    let taken: void | Promise<void>;
    try {
      taken = this.#owner.take(new Batch(this, block, 0, count));
    } catch (error) {
      return this.#end(error);
    }
    if (taken === undefined) this.#wait();
    else taken.then(() => this.#wait(), (error) => this.#end(error));
  }

  released(block: Block): void {
    if (this.#kept === undefined && block.size === SMALL_BLOCK) this.#kept = block;
    else this.#blocks.give(block);
  }

  /** One bare read, unless one is under way. */
  #wait(): void {
    if (this.#tap.block === undefined) {
      this.#tap.read(this.#kept ?? this.#blocks.take(SMALL_BLOCK), 0);
      this.#kept = undefined;
    }
    this.#tap.wait(this);
  }

  /** Whether what was read is nothing but whole frames. */
  #isWhole(): boolean {
    const { rule } = this.#owner;
    const { view } = this.#tap.block!;
    const end = this.#tap.count;
    const longest = rule.longest();
    for (let at = 0; at < end;) {
      const length = end - at < rule.lengthBytes ? 0 : rule.measure(view, at, end - at, longest);
      if (typeof length === "string" || length === 0 || length > end - at) return false;
      at += length;
    }
    return true;
  }

  /** From here on by streams, beginning with the read that is there. */
  #flow(): void {
    if (this.#kept !== undefined) this.#blocks.give(this.#kept);
    this.#kept = undefined;
    this.#seen = 0;
    const source = this.#source = new ByteSource(this.#tap, this.#blocks, this.#owner.rule.alignment);
    source.stream()
      .pipeThrough(framer(this.#owner.rule, this.#blocks))
      .pipeTo(new WritableStream<Batch>({ write: (batch) => this.#owner.take(batch) }))
      .then(
        () => {
          this.#source = undefined;
          if (source.left) this.#wait();
          else this.#end();
        },
        (error) => this.#end(error),
      );
  }

  #dryUp(): void {
    try {
      this.#tap.take();
      this.#end();
    } catch (error) {
      this.#end(error);
    }
  }

  #end(error?: unknown): void {
    this.#source = undefined;
    this.#blocks.end();
    this.#owner.ended(error);
  }
}
