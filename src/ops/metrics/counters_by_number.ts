/**
 * Counters that the message path finds by a number, such as a result code.
 * @module
 */
import type { Counter } from "./counter.ts";
import { OTHER } from "./series.ts";

/**
 * Handles by number. Numbers that nobody knows share one, so that a peer cannot fill memory with
 * numbers of its own.
 */
export class CountersByNumber {
  readonly #isKnown: (number: number) => boolean;
  readonly #counterOf: (label: string) => Counter;
  readonly #counters = new Map<number, Counter>();
  /** A small integer from the beginning: a field that was NaN once is compared as a double. */
  #lastNumber = -1;
  #last: Counter | undefined;
  #other: Counter | undefined;

  /**
   * @param isKnown asked once for each number that is known, and each time for the others
   * @param counterOf the counter whose label has this value: the number's digits, or `other`
   */
  constructor(isKnown: (number: number) => boolean, counterOf: (label: string) => Counter) {
    this.#isKnown = isKnown;
    this.#counterOf = counterOf;
  }

  /** The counter for `number`. */
  of(number: number): Counter {
    if (number === this.#lastNumber) return this.#last!;
    let counter = this.#counters.get(number);
    if (counter === undefined) {
      if (!this.#isKnown(number)) return this.#other ??= this.#counterOf(OTHER);
      this.#counters.set(number, counter = this.#counterOf(String(number)));
    }
    this.#lastNumber = number;
    return this.#last = counter;
  }
}
