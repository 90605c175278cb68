/**
 * Putting the messages of one direction of an SCTP association together (RFC 9260 section 6.9).
 * @module
 */
import { Recency } from "./recency.ts";
import type { SctpData } from "./sctp.ts";

/**
 * Fragments and finished chunks that are remembered, and bytes that wait for the rest of their
 * messages.
 */
const LIMIT = { fragments: 4096, seen: 4096, bytes: 1 << 22 } as const;
/** What remembering costs beside the data, in bytes. */
const COST = { fragment: 128, seen: 32 } as const;

/** A whole message. */
export interface SctpMessage {
  readonly payloadProtocol: number;
  readonly bytes: Uint8Array;
}

interface Fragment extends SctpData {
  readonly frame: number;
}

/** Fragments whose message did not become whole, and the frame of the first. */
export interface Lost {
  count: number;
  frame: number;
}

/** Fragments with consecutive numbers, all of one message. */
interface Run {
  first: number;
  last: number;
  bytes: number;
}

/**
 * Chunks go in, each message comes out once, when its last fragment is there. Every chunk costs the
 * same, whatever came before.
 */
export class SctpStream {
  readonly #fragments = new Map<number, Fragment>();
  /** Oldest first; none begins where another one of the same message ends. */
  readonly #runs = new Recency<Run, Run>();
  readonly #byFirst = new Map<number, Run>();
  readonly #byLast = new Map<number, Run>();
  readonly #seen = new Set<number>();
  /** The same in the order in which they came, the oldest at {@link #seenAt} when it is full. */
  readonly #seenOrder: number[] = [];
  #seenAt = 0;
  #bytes = 0;
  #lost: Lost = { count: 0, frame: 0 };

  /**
   * Fragments that were given up since the last call, because their message did not become whole.
   */
  takeLost(): Lost {
    const lost = this.#lost;
    if (lost.count > 0) this.#lost = { count: 0, frame: 0 };
    return lost;
  }

  /** Bytes of memory that this takes. */
  get held(): number {
    return this.#bytes + this.#fragments.size * COST.fragment + this.#seen.size * COST.seen;
  }

  /** Takes a chunk out of the packet `frame`; gives the message that it completes. */
  add(chunk: SctpData, frame: number): SctpMessage | undefined {
    if (this.#seen.has(chunk.tsn)) return undefined;
    this.#see(chunk.tsn);
    if (chunk.isFirst && chunk.isLast) return { payloadProtocol: chunk.payloadProtocol, bytes: chunk.data };
    // What is kept must not keep the piece of the file that it came in.
    this.#fragments.set(chunk.tsn, { ...chunk, data: chunk.data.slice(), frame });
    this.#bytes += chunk.data.length;
    const run = this.#joined(chunk);
    if (this.#fragments.get(run.first)!.isFirst && this.#fragments.get(run.last)!.isLast) return this.#take(run);
    while (this.#fragments.size > LIMIT.fragments || this.#bytes > LIMIT.bytes) this.#lose();
    return undefined;
  }

  /** Nothing more comes: forgets everything. */
  end(): void {
    while (this.#runs.size > 0) this.#lose();
    this.#seen.clear();
    this.#seenOrder.length = this.#seenAt = 0;
  }

  #see(tsn: number): void {
    if (this.#seenOrder.length === LIMIT.seen) this.#seen.delete(this.#seenOrder[this.#seenAt]!);
    this.#seen.add(tsn);
    this.#seenOrder[this.#seenAt] = tsn;
    this.#seenAt = (this.#seenAt + 1) % LIMIT.seen;
  }

  /** The run that a new fragment makes, or that it lengthens, or two that it joins. */
  #joined({ tsn, isFirst, isLast, data }: SctpData): Run {
    const run: Run = { first: tsn, last: tsn, bytes: data.length };
    const before = isFirst ? undefined : this.#byLast.get((tsn - 1) >>> 0);
    if (before !== undefined && !this.#fragments.get(before.last)!.isLast) {
      this.#remove(before);
      run.first = before.first;
      run.bytes += before.bytes;
    }
    const after = isLast ? undefined : this.#byFirst.get((tsn + 1) >>> 0);
    if (after !== undefined && !this.#fragments.get(after.first)!.isFirst) {
      this.#remove(after);
      run.last = after.last;
      run.bytes += after.bytes;
    }
    this.#runs.set(run, run);
    this.#byFirst.set(run.first, run);
    this.#byLast.set(run.last, run);
    return run;
  }

  #remove(run: Run): void {
    this.#runs.delete(run);
    this.#byFirst.delete(run.first);
    this.#byLast.delete(run.last);
  }

  #take(run: Run): SctpMessage {
    const { payloadProtocol } = this.#fragments.get(run.first)!;
    const bytes = new Uint8Array(run.bytes);
    let at = 0;
    this.#forget(run, ({ data }) => {
      bytes.set(data, at);
      at += data.length;
    });
    return { payloadProtocol, bytes };
  }

  /** Gives up the run that has not grown for longest. */
  #lose(): void {
    this.#forget(this.#runs.oldest!.value, ({ frame }) => {
      if (this.#lost.count++ === 0) this.#lost.frame = frame;
    });
  }

  #forget(run: Run, each: (fragment: Fragment) => void): void {
    this.#remove(run);
    this.#bytes -= run.bytes;
    for (let tsn = run.first;; tsn = (tsn + 1) >>> 0) {
      each(this.#fragments.get(tsn)!);
      this.#fragments.delete(tsn);
      if (tsn === run.last) break;
    }
  }
}
