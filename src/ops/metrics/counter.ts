/**
 * Counters: a number that only rises.
 * @module
 */
import { checkNames, type Family, type Labels, numberText } from "./family.ts";
import { LABEL_SETS, SeriesTable } from "./series.ts";

/** A count. The message path keeps it and adds to {@link value}. */
export class Counter {
  value = 0;
}

/**
 * The counters of one name.
 *
 * @example
 * ```ts
 * import { CounterFamily } from "./counter.ts";
 * const again = new CounterFamily("diamgw_again_total", "Requests sent again.", ["dra", "reason"]);
 * const timeouts = again.of({ dra: "east", reason: "timeout" }); // once
 * timeouts.value++; // each time
 * ```
 */
export class CounterFamily<L extends string = never> implements Family {
  readonly type = "counter";
  readonly #series: SeriesTable<L, Counter>;

  /**
   * @param bound label sets; what comes above it counts together under `other`
   * @throws TypeError when a name is not one of a counter
   */
  constructor(readonly name: string, readonly help: string, labels: readonly L[] = [], bound: number = LABEL_SETS) {
    checkNames(this.type, name, help, labels);
    this.#series = new SeriesTable(labels, bound, () => new Counter());
  }

  /** The counter of these labels, made on first use. A look-up: keep what it gives. */
  of(labels: Labels<L>): Counter {
    return this.#series.of(labels);
  }

  /**
   * Makes the counter of every combination of these values, so that each is there with 0 from the
   * start.
   */
  declare(values: Readonly<Record<L, readonly string[]>>): this {
    this.#series.declare(values);
    return this;
  }

  /** Drops the counters with these values, as those of a DRA that is gone. */
  forget(values: Partial<Labels<L>>): void {
    this.#series.forget(values);
  }

  /** Labels and value of each counter. */
  *[Symbol.iterator](): Generator<readonly [Labels<L>, number]> {
    for (const { labels, cell } of this.#series) yield [labels, cell.value];
  }

  *lines(): Generator<string> {
    for (const { text, cell } of this.#series) yield `${this.name}${text} ${numberText(cell.value)}\n`;
  }
}
