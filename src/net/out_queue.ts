/**
 * What waits to be written to one connection.
 * @module
 */
import type { Budget } from "./budget.ts";
import { type Clock, SYSTEM_CLOCK } from "./clock.ts";
import { type Segment, type SegmentPool, SMALL_SEGMENT } from "./segment.ts";

/** What an out-queue writes to: `Deno.Conn`, or a TLS connection behind the same call. */
export interface ByteWriter {
  /** Writes some of `bytes`, at least one; resolves with how many. */
  write(bytes: Uint8Array): Promise<number>;
}

/** Limits and news of an out-queue. */
export interface OutQueueOptions {
  /** Bytes above which {@link OutQueue.full} is true. */
  readonly limit: number;
  /** Called once when a write fails; nothing is written after it. */
  readonly failed: (error: unknown) => void;
  /** Called when a segment is full and a new one begins: the moment to tidy what is retained. */
  readonly sealed?: (segment: Segment) => void;
  /** Called after each write, when {@link OutQueue.queuedBytes} has gone down. */
  readonly written?: () => void;
  /** Who holds the segments; the pool itself unless said otherwise. */
  readonly budget?: Budget;
  /**
   * Bytes that must not wait, whoever adds them: see {@link overflowed}. No end unless said
   * otherwise.
   */
  readonly end?: number;
  /**
   * Called once, in a turn of its own, when more than {@link end} waits. It is looked at for each
   * new segment, and so up to 64 KiB late.
   */
  readonly overflowed?: () => void;
}

/**
 * Messages are written straight into the current segment ({@link reserve}, then {@link commit});
 * one write is in flight at a time and takes all that is there, so what a turn of the event loop
 * produces leaves in one call. The first write starts in a microtask.
 */
export class OutQueue {
  /** Bytes that wait, those of the write in flight included. */
  queuedBytes = 0;
  /** Bytes written since the beginning. */
  writtenBytes = 0;
  /** When the write in flight began, by the clock of this queue; 0 when none is. */
  writingSince = 0;
  /** Full, and the other end has not read for a while: see {@link noteStuck}. */
  stuck = false;

  readonly #writer: ByteWriter;
  readonly #segments: SegmentPool;
  readonly #clock: Pick<Clock, "now">;
  #options: OutQueueOptions;
  /** The segment that is written from; the ones behind it follow by `next`. */
  #first: Segment | undefined;
  /** The segment that is filled. */
  #last: Segment | undefined;
  /** What waited lately did not fit a small segment. */
  #bulky = false;
  #scheduled = false;
  #closed = false;
  #overflowed = false;
  #waiting: (() => void)[] = [];
  #limit: number;

  /** @param clock tells how long a write takes, see {@link noteStuck} */
  constructor(
    writer: ByteWriter,
    segments: SegmentPool,
    options: OutQueueOptions,
    clock: Pick<Clock, "now"> = SYSTEM_CLOCK,
  ) {
    this.#writer = writer;
    this.#segments = segments;
    this.#clock = clock;
    this.#options = options;
    this.#limit = options.limit;
  }

  /** Takes other limits and listeners: the connection has got another owner. */
  configure(options: OutQueueOptions): void {
    this.#options = options;
    this.#limit = options.limit;
  }

  /** Bytes above which the queue is full; may change while it lives. */
  get limit(): number {
    return this.#limit;
  }
  set limit(bytes: number) {
    this.#limit = bytes;
  }

  /**
   * Whether more waits than the limit. What is added all the same is kept: whoever adds decides.
   */
  get full(): boolean {
    return this.queuedBytes > this.#limit;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /**
   * The segment in which `size` bytes are free at its `head`; write them there, then
   * {@link commit}. Whoever fills it by `copyWords`, or keeps offsets in words, reserves multiples
   * of 4 and nothing else in this queue, {@link push} included: then every head is one.
   */
  reserve(size: number): Segment {
    const last = this.#last;
    if (last !== undefined && last.head + size <= last.size) return last;
    const { budget, end = Infinity, sealed } = this.#options;
    if (last !== undefined) this.#bulky = true;
    // What is retained lies in large ones: there are few who retain, and they retain much.
    const segment = this.#segments.take(size, budget, !this.#bulky && sealed === undefined);
    if (this.queuedBytes + size > end && !this.#overflowed) this.#overflow();
    if (last === undefined) {
      this.#first = segment;
    } else {
      last.next = segment;
      sealed?.(last);
    }
    this.#last = segment;
    return segment;
  }

  /** Whoever adds has a message in hand, which is to be finished first. */
  #overflow(): void {
    this.#overflowed = true;
    queueMicrotask(() => {
      if (!this.#closed) this.#options.overflowed?.();
    });
  }

  /** Puts the `size` bytes at the head of the reserved segment into the queue. */
  commit(size: number): void {
    this.#last!.head += size;
    this.queuedBytes += size;
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(this.#run);
  }

  /** Copies a whole message into the queue; ignored when the queue is closed. */
  push(message: Uint8Array): void {
    if (this.#closed) return;
    const segment = this.reserve(message.length);
    segment.bytes.set(message, segment.head);
    this.commit(message.length);
  }

  /**
   * Tells a burst from an end that does not read: to be called now and then. Whoever waits in
   * {@link drained} goes on when nothing moves: the queue is {@link stuck}, or may be filled until
   * it is.
   * @param now by the clock of this queue @param patience milliseconds that one write may take
   */
  noteStuck(now: number, patience: number): void {
    if (this.writingSince === 0 || now - this.writingSince < patience) return;
    if (this.full) this.stuck = true;
    if (this.#waiting.length > 0) this.#wake();
  }

  /**
   * Resolves when no more than half the limit waits, or there is no point in waiting: the queue is
   * closed, or nothing moves (see {@link noteStuck}).
   */
  drained(): Promise<void> {
    if (this.#closed || this.stuck || this.queuedBytes <= this.#limit / 2) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Resolves when nothing waits, or the queue is closed. */
  async flushed(): Promise<void> {
    while (!this.#closed && this.queuedBytes > 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /**
   * Forgets what waits. A write in flight ends by itself (close the connection to make sure that it
   * does).
   */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.queuedBytes = 0;
    if (!this.#scheduled) this.#letGo();
    this.#wake();
  }

  readonly #run = async (): Promise<void> => {
    try {
      while (!this.#closed) {
        const segment = this.#first;
        if (segment === undefined) break;
        if (segment.sent < segment.head) {
          this.writingSince = this.#clock.now();
          const written = await this.#writer.write(segment.bytes.subarray(segment.sent, segment.head));
          this.writingSince = 0;
          this.stuck = false;
          segment.sent += written;
          this.writtenBytes += written;
          if (this.#closed) break;
          this.queuedBytes -= written;
          if (this.#waiting.length > 0 && this.queuedBytes <= this.#limit / 2) this.#wake();
          this.#options.written?.();
          continue;
        }
        // All of it is written: go to the next one, start it anew, or give it back.
        if (segment.next !== undefined) {
          this.#first = segment.next;
          segment.next = undefined;
          segment.queued = false;
          this.#segments.settle(segment);
          continue;
        }
        if (segment.live === 0) {
          if (segment.head <= SMALL_SEGMENT / 2) this.#bulky = false;
          this.#first = this.#last = undefined;
          segment.queued = false;
          this.#segments.settle(segment);
        }
        break;
      }
    } catch (error) {
      this.writingSince = 0;
      if (!this.#closed) {
        this.close();
        this.#options.failed(error);
      }
    } finally {
      this.#scheduled = false;
      if (this.#closed) this.#letGo();
    }
  };

  #letGo(): void {
    let segment = this.#first;
    this.#first = this.#last = undefined;
    while (segment !== undefined) {
      const next: Segment | undefined = segment.next;
      segment.next = undefined;
      segment.queued = false;
      this.#segments.settle(segment);
      segment = next;
    }
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}
