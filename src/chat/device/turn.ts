/**
 * What leaves in one turn of the event loop: one write per connection, whose bytes are put together
 * once for all connections that were sent the same.
 * @module
 */
import { Buffer } from "node:buffer";

/** Bytes behind bytes. Connections that were sent the same events share the same links. */
export class Run {
  /** Bytes of all of them. */
  readonly length: number;
  /** What was appended last, in case the next connection appends it too. */
  next: Run | undefined;
  readonly #before: Run | undefined;
  #whole: Uint8Array | undefined;

  constructor(before: Run | undefined, readonly last: Uint8Array) {
    this.#before = before;
    this.length = (before?.length ?? 0) + last.length;
  }

  /** All of it in one piece. */
  bytes(): Uint8Array {
    if (this.#before === undefined) return this.last;
    if (this.#whole !== undefined) return this.#whole;
    const whole = Buffer.allocUnsafeSlow(this.length);
    let end = this.length - this.last.length;
    whole.set(this.last, end);
    for (let run: Run | undefined = this.#before; run !== undefined; run = run.#before) {
      end -= run.last.length;
      whole.set(run.last, end);
    }
    return this.#whole = whole;
  }
}

/** What has something to write at the end of the turn. */
export interface Flushing {
  flush(): void;
}

/** The turn of the event loop, of all connections of one gateway. */
export class Turn {
  #due: Flushing[] = [];
  /** The beginning that the last connection to begin had, in case others begin alike. */
  #first: Run | undefined;

  /** `bytes` behind `before`, or alone. */
  append(before: Run | undefined, bytes: Uint8Array): Run {
    const known = before === undefined ? this.#first : before.next;
    if (known !== undefined && known.last === bytes) return known;
    const run = new Run(before, bytes);
    if (before === undefined) this.#first = run;
    else before.next = run;
    return run;
  }

  /**
   * Flushes `one` at the end of this turn, behind everything that was ready to be read. To be
   * called once until then.
   */
  flushLater(one: Flushing): void {
    if (this.#due.push(one) === 1) setImmediate(this.#flush);
  }

  readonly #flush = (): void => {
    const due = this.#due;
    this.#due = [];
    this.#first = undefined; // What was shared is not kept longer than its receivers need it.
    for (const one of due) one.flush();
  };
}
