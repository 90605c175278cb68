/**
 * The series of one family, each made on first use.
 * @module
 */
import { type Labels, labelText } from "./family.ts";

/**
 * Label sets of one family, unless it says otherwise: what a large site needs several times over.
 */
export const LABEL_SETS = 4096;

/** The value of every label of the series that counts for all those that found no place. */
export const OTHER = "other";

/** One series: how its labels are written, and what counts. */
export interface Series<L extends string, T> {
  readonly labels: Labels<L>;
  /** As {@link labelText} writes them. */
  readonly text: string;
  readonly cell: T;
}

/** Series by label set. Above `bound` sets everything new shares one that is called `other`. */
export class SeriesTable<L extends string, T> {
  readonly names: readonly L[];
  readonly #bound: number;
  readonly #make: () => T;
  readonly #series = new Map<string, Series<L, T>>();

  constructor(names: readonly L[], bound: number, make: () => T) {
    this.names = names;
    this.#bound = bound;
    this.#make = make;
    if (names.length === 0) this.of({} as Labels<L>); // without labels there is one series, and it is known
  }

  /** What counts for these labels. */
  of(labels: Labels<L>): T {
    const key = this.#key(labels);
    const known = this.#series.get(key);
    if (known !== undefined) return known.cell;
    const other = Object.fromEntries(this.names.map((name) => [name, OTHER])) as Record<L, string>;
    const otherKey = this.#key(other);
    const taken = this.#series.size - (this.#series.has(otherKey) ? 1 : 0);
    if (key !== otherKey && taken >= this.#bound) return this.of(other);
    const own = Object.fromEntries(this.names.map((name) => [name, labels[name]])) as Record<L, string>;
    const cell = this.#make();
    this.#series.set(key, { labels: own, text: labelText(this.names, own), cell });
    return cell;
  }

  /** Makes the series of every combination of these values. */
  declare(values: Readonly<Record<L, readonly string[]>>): void {
    const combine = (nth: number, labels: Partial<Record<L, string>>): void => {
      const name = this.names[nth];
      if (name === undefined) return void this.of(labels as Labels<L>);
      for (const value of values[name]) combine(nth + 1, { ...labels, [name]: value });
    };
    combine(0, {});
  }

  /** Drops the series with these values. Whoever still has a handle counts for nobody. */
  forget(values: Partial<Labels<L>>): void {
    const wanted = Object.entries(values) as [L, string][];
    for (const [key, { labels }] of this.#series) {
      if (wanted.every(([name, value]) => labels[name] === value)) this.#series.delete(key);
    }
  }

  [Symbol.iterator](): Iterator<Series<L, T>> & Iterable<Series<L, T>> {
    return this.#series.values();
  }

  #key(labels: Labels<L>): string {
    return JSON.stringify(this.names.map((name) => labels[name]));
  }
}
