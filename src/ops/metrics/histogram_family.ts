/**
 * The histograms of one name.
 * @module
 */
import { checkNames, type Family, type Labels, numberText, type TextFormat } from "./family.ts";
import { Buckets, DURATION_BOUNDS, Histogram } from "./histogram.ts";
import { LABEL_SETS, type Series, SeriesTable } from "./series.ts";

/** What a family of histograms may say about itself. */
export interface HistogramOptions {
  /** Upper bounds in seconds, rising; {@link DURATION_BOUNDS} unless given. */
  readonly bounds?: readonly number[];
  /**
   * Values that make a second: 1,000,000 unless given, which is microseconds and ends at 36
   * minutes.
   */
  readonly unitsPerSecond?: number;
  /** Label sets; what comes above it counts together under `other`. */
  readonly labelSets?: number;
}

/** Histograms of seconds. */
export class HistogramFamily<L extends string = never> implements Family {
  readonly type = "histogram";
  readonly #labels: readonly L[];
  readonly #series: SeriesTable<L, Histogram>;
  readonly #buckets: Buckets;

  /**
   * @throws TypeError when a name is not one of a histogram @throws RangeError when the bounds do
   * not rise
   */
  constructor(
    readonly name: string,
    readonly help: string,
    labels: readonly L[] = [],
    { bounds = DURATION_BOUNDS, unitsPerSecond = 1_000_000, labelSets = LABEL_SETS }: HistogramOptions = {},
  ) {
    checkNames(this.type, name, help, labels);
    this.#labels = labels;
    const buckets = this.#buckets = new Buckets(bounds, unitsPerSecond);
    this.#series = new SeriesTable(labels, labelSets, () => new Histogram(buckets));
  }

  /** The histogram of these labels, made on first use. A look-up: keep what it gives. */
  of(labels: Labels<L>): Histogram {
    return this.#series.of(labels);
  }

  /**
   * Makes the histogram of every combination of these values, so that each is there from the start.
   */
  declare(values: Readonly<Record<L, readonly string[]>>): this {
    this.#series.declare(values);
    return this;
  }

  /** Drops the histograms with these values. */
  forget(values: Partial<Labels<L>>): void {
    this.#series.forget(values);
  }

  /** {@link Histogram.turn} of all of them. */
  turn(): void {
    for (const { cell } of this.#series) cell.turn();
  }

  /** Labels and histogram of each series. */
  *[Symbol.iterator](): Generator<readonly [Labels<L>, Histogram]> {
    for (const { labels, cell } of this.#series) yield [labels, cell];
  }

  *lines(format: TextFormat): Generator<string> {
    const bounds = [...this.#buckets.bounds, Infinity].map((bound) => boundText(bound, format));
    for (const series of this.#series) yield this.#linesOf(series, bounds);
  }

  #linesOf({ text, cell }: Series<L, Histogram>, bounds: readonly string[]): string {
    const before = this.#labels.length === 0 ? "{" : `${text.slice(0, -1)},`;
    let lines = "";
    let count = 0;
    for (const [i, bound] of bounds.entries()) {
      count += cell.counts[i]!;
      lines += `${this.name}_bucket${before}le="${bound}"} ${numberText(count)}\n`;
    }
    return `${lines}${this.name}_sum${text} ${numberText(cell.sum)}\n${this.name}_count${text} ${numberText(count)}\n`;
  }
}

/** OpenMetrics compares bounds as text and wants one form of each: 1.0, never 1. */
function boundText(bound: number, format: TextFormat): string {
  return format === "openmetrics" && Number.isInteger(bound) ? bound.toFixed(1) : numberText(bound);
}
