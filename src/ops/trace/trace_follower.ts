/**
 * Going after the ring: each transaction once, when it has ended.
 * @module
 */
import { ATTEMPT, ENTRY, KIND, MESSAGE, RECORD } from "./layout.ts";
import type { Transaction } from "./record.ts";
import { attemptsAt, timeOf, transactionAt } from "./trace_reader.ts";
import type { TraceRing } from "./trace_ring.ts";

/** A transaction that has ended. */
export interface EndedTransaction {
  readonly transaction: Transaction;
  /** When the request came: milliseconds since 1970, with fractions. */
  readonly at: number;
  /** When each attempt began. */
  readonly attemptsAt: readonly number[];
  /** The request as it came, a copy; undefined where messages are not recorded. */
  readonly request: Uint8Array<ArrayBuffer> | undefined;
  /** It stands for so many that came. */
  readonly oneIn: number;
}

/** One that was seen, and has not ended. */
interface Open {
  readonly place: number;
  readonly oneIn: number;
}

/**
 * Follows a ring from now on. The ring does not wait: what is overwritten before its turn is
 * missed, and counted. Keeps no copy of anything.
 */
export class TraceFollower {
  /** Transactions that were overwritten before they were taken. */
  missed = 0;
  readonly #ring: TraceRing;
  #seen: number;
  /** Oldest first. */
  #open: Open[] = [];

  constructor(ring: TraceRing) {
    this.#ring = ring;
    const { log, newest } = ring;
    this.#seen = log.has(newest) ? log.words[log.wordAt(newest) + RECORD.serial]! : 0;
  }

  /** How many are waited for. */
  get open(): number {
    return this.#open.length;
  }

  /**
   * Looks for what has come since the last look.
   * @param most that many of it are followed; of more, every second, third and so on
   */
  look(most: number): void {
    const { log, newest } = this.#ring;
    const places: number[] = [];
    let serial = this.#seen;
    for (let place = newest; log.has(place);) {
      const at = log.wordAt(place);
      const own = log.words[at + RECORD.serial]!;
      // Serials are counted modulo 2^32.
      if (((own - this.#seen) | 0) <= 0) break;
      if (places.length === 0) serial = own;
      places.push(place);
      place = log.words[at + RECORD.previous]!;
    }
    this.missed += ((serial - this.#seen) >>> 0) - places.length;
    this.#seen = serial;
    const step = Math.ceil(places.length / most);
    for (let i = places.length - 1; i >= 0; i -= step) this.#open.push({ place: places[i]!, oneIn: step });
  }

  /** Those that have ended by now, oldest first, `limit` at most. */
  take(limit: number): EndedTransaction[] {
    const { log } = this.#ring;
    const ended: EndedTransaction[] = [];
    const still: Open[] = [];
    for (const open of this.#open) {
      const at = log.wordAt(open.place);
      if (!log.has(open.place)) this.missed++;
      else if (ended.length === limit || log.words[at + RECORD.ended] !== 1) still.push(open);
      else ended.push(this.#endedAt(at, open));
    }
    this.#open = still;
    return ended;
  }

  #endedAt(at: number, { place, oneIn }: Open): EndedTransaction {
    const { log } = this.#ring;
    const attempts = [...attemptsAt(this.#ring, at)].reverse();
    return {
      transaction: transactionAt(this.#ring, at),
      at: log.doubles[(at + RECORD.at) >> 1]!,
      attemptsAt: attempts.map((word) => timeOf(this.#ring, at, log.words[word + ATTEMPT.now]!)),
      request: this.#requestOf(place),
      oneIn: oneIn * log.singles[at + RECORD.oneIn]!,
    };
  }

  /** The message right behind the record, where it was copied. */
  #requestOf(record: number): Uint8Array<ArrayBuffer> | undefined {
    const { log } = this.#ring;
    const place = log.after(record);
    if (place === log.end || !log.has(place) || log.kindOf(place) !== KIND.received) return undefined;
    const at = log.wordAt(place);
    if (log.words[at + ENTRY.record] !== record) return undefined;
    const start = (at + MESSAGE.size) * 4;
    return log.block.bytes.slice(start, start + log.words[at + MESSAGE.length]!);
  }
}
