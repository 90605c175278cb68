/**
 * Writes lines behind the caller's back: at most one write in flight, and a bounded queue.
 * @module
 */

/** The destination: takes some of the bytes and resolves with how many, as `Deno.stderr` does. */
export interface LineSink {
  write(bytes: Uint8Array): Promise<number>;
  writeSync(bytes: Uint8Array): number;
}

/**
 * What may wait for a reader that is slow, in characters; what comes on top is dropped and counted.
 */
const QUEUE_LIMIT = 1_048_576;

const LINE_FEED = 0x0a;

const encoder = new TextEncoder();

/** A queue of lines in front of a sink. */
export class LineWriter {
  #queue: string[] = [];
  #queued = 0;
  #dropped = 0;
  /** Why the latest lines were dropped; "": the reader did not keep up. */
  #failure = "";
  /** The last write that was taken ended in the middle of a line. */
  #torn = false;
  #writing: Promise<void> | undefined;
  #inFlight = false;
  #closed = false;

  /**
   * `onDropped` words the line that stands for those that were dropped; `failure` is why they could
   * not be written, if that is so.
   */
  constructor(
    private readonly sink: LineSink,
    private readonly onDropped: (count: number, failure: string) => string,
    private readonly limit: number = QUEUE_LIMIT,
  ) {}

  /** Queues a line, its line feed included. Never waits, never throws. */
  push(line: string): void {
    if (this.#closed) return;
    if (this.#queued + line.length > this.limit) {
      this.#dropped++;
      return;
    }
    this.#queue.push(line);
    this.#queued += line.length;
    this.#writing ??= this.#drain();
  }

  /**
   * Resolves when everything queued so far is written, or `patience` ms later if the reader does
   * not read.
   */
  async flush(patience = 1000): Promise<void> {
    if (this.#writing === undefined) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const tooLong = new Promise<void>((resolve) => timer = setTimeout(resolve, patience));
    await Promise.race([this.#writing, tooLong]);
    clearTimeout(timer);
  }

  /** Flushes; what is pushed afterwards is lost. */
  async close(patience?: number): Promise<void> {
    await this.flush(patience);
    this.#closed = true;
  }

  /**
   * The last resort at an unexpected exit. Leaves a sink alone that is not taking what it was given
   * before.
   */
  flushSync(): void {
    if (this.#closed || this.#inFlight) return;
    this.#closed = true;
    try {
      let rest = encoder.encode(this.#queue.splice(0).join(""));
      while (rest.length > 0) rest = rest.subarray(this.sink.writeSync(rest));
    } catch {
      // There is nobody left to tell.
    }
  }

  async #drain(): Promise<void> {
    // All lines of one turn leave in one write.
    await Promise.resolve();
    while (this.#queue.length > 0) {
      const [dropped, failure] = [this.#dropped, this.#failure];
      const lines = this.#queue.length;
      if (dropped > 0) {
        // In the order of events: what the reader was too slow for came last, what could not be
        // written came before.
        if (failure === "") this.#queue.push(this.onDropped(dropped, failure));
        else this.#queue.unshift(this.onDropped(dropped, failure));
      }
      const batch = (this.#torn ? "\n" : "") + this.#queue.join("");
      [this.#queue, this.#queued, this.#dropped, this.#failure] = [[], 0, 0, ""];
      try {
        await this.#write(encoder.encode(batch));
      } catch (error) {
        if (error instanceof Deno.errors.BrokenPipe || error instanceof Deno.errors.BadResource) {
          // The reader has gone for good. A gateway does not stop because nobody reads its log.
          this.#closed = true;
          this.#queue = [];
          break;
        }
        // A full disk may have room again: the next line is the next attempt.
        this.#dropped += dropped + lines;
        this.#failure = error instanceof Error ? error.message : String(error);
        if (this.#queue.length === 0) break;
        this.#dropped += this.#queue.length;
        [this.#queue, this.#queued] = [[], 0];
      }
    }
    this.#writing = undefined;
  }

  async #write(bytes: Uint8Array): Promise<void> {
    this.#inFlight = true;
    try {
      let at = 0;
      while (at < bytes.length) {
        at += await this.sink.write(bytes.subarray(at));
        this.#torn = bytes[at - 1] !== LINE_FEED;
      }
    } finally {
      this.#inFlight = false;
    }
  }
}
