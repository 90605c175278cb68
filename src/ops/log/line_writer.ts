/**
 * Writes lines behind the caller's back: at most one write in flight, and a bounded queue.
 * @module
 */

/** The destination: takes some of the bytes and resolves with how many, as `Deno.stderr` does. */
export interface LineSink {
  write(bytes: Uint8Array): Promise<number>;
  writeSync(bytes: Uint8Array): number;
}

/** What may wait for a reader that is slow, in characters; what comes on top is dropped and counted. */
const QUEUE_LIMIT = 1_048_576;

const encoder = new TextEncoder();

/** A queue of lines in front of a sink. */
export class LineWriter {
  #queue: string[] = [];
  #queued = 0;
  #dropped = 0;
  #writing: Promise<void> | undefined;
  #inFlight = false;
  #closed = false;

  /** `onDropped` words the line that stands for those that were dropped. */
  constructor(
    private readonly sink: LineSink,
    private readonly onDropped: (count: number) => string,
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

  /** Resolves when everything queued so far is written, or `patience` ms later if the reader does not read. */
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

  /** The last resort at an unexpected exit. Leaves a sink alone that is not taking what it was given before. */
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
    try {
      while (this.#queue.length > 0 || this.#dropped > 0) {
        if (this.#dropped > 0) this.#queue.push(this.onDropped(this.#dropped));
        let rest = encoder.encode(this.#queue.join(""));
        [this.#queue, this.#queued, this.#dropped] = [[], 0, 0];
        this.#inFlight = true;
        while (rest.length > 0) rest = rest.subarray(await this.sink.write(rest));
        this.#inFlight = false;
      }
    } catch {
      // The reader has gone. A gateway does not stop because nobody reads its log.
      this.#closed = true;
      this.#queue = [];
      this.#inFlight = false;
    }
    this.#writing = undefined;
  }
}
