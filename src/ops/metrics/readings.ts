/**
 * Metrics that exist already as a field somewhere: read when somebody asks.
 * @module
 */
import { checkNames, type Family, type Labels, labelText, numberText } from "./family.ts";

/** Gives labels and value of each series, as they are now. */
export type Source<L extends string> = () => Iterable<readonly [Labels<L>, number]>;

/**
 * Gauges or counters of one name, each from a function that is called for every scrape. Label sets
 * are the source's to bound.
 *
 * @example
 * ```ts
 * import { Readings } from "./readings.ts";
 * const queues = { app: 0, dra: 4096 };
 * const bytes = new Readings("gauge", "diamgw_queue_bytes", "Bytes that wait.", ["side"])
 *   .from(() => [[{ side: "app" }, queues.app], [{ side: "dra" }, queues.dra]]);
 * console.log([...bytes.lines()].join("")); // diamgw_queue_bytes{side="app"} 0 ...
 * ```
 */
export class Readings<L extends string = never> implements Family {
  readonly #labels: readonly L[];
  readonly #sources = new Set<Source<L>>();

  /** @throws TypeError when a name is not one of this type */
  constructor(
    readonly type: "counter" | "gauge",
    readonly name: string,
    readonly help: string,
    labels: readonly L[] = [],
  ) {
    checkNames(type, name, help, labels);
    this.#labels = labels;
  }

  /** Reads `source` as well, behind those before it. */
  from(source: Source<L>): this {
    this.#sources.add(source);
    return this;
  }

  /** Reads `source` no more. */
  forget(source: Source<L>): void {
    this.#sources.delete(source);
  }

  *[Symbol.iterator](): Generator<readonly [Labels<L>, number]> {
    for (const source of this.#sources) yield* source();
  }

  *lines(): Generator<string> {
    for (const [labels, value] of this) yield `${this.name}${labelText(this.#labels, labels)} ${numberText(value)}\n`;
  }
}
