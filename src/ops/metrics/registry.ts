/**
 * All families of a program, in the order in which they were declared.
 * @module
 */
import { type Family, headerOf, type TextFormat } from "./family.ts";

/** Told when a family could not be read; the others are shown all the same. */
export type ReadFailure = (family: string, error: unknown) => void;

/** Where every family is declared from the start. */
export class Registry {
  readonly #families = new Map<string, Family>();
  readonly #refreshers: (() => void | Promise<void>)[] = [];
  readonly #failed: ReadFailure;

  constructor(failed: ReadFailure = () => {}) {
    this.#failed = failed;
  }

  /**
   * Declares a family, and gives it back.
   * @throws TypeError when there is one of that name
   */
  add<F extends Family>(family: F): F {
    if (this.#families.has(family.name)) {
      throw new TypeError(`Cannot declare the metric ${family.name}: it is declared already`);
    }
    this.#families.set(family.name, family);
    return family;
  }

  /** Calls `refresh` before each scrape: for what cannot be read at once. */
  before(refresh: () => void | Promise<void>): void {
    this.#refreshers.push(refresh);
  }

  /** Brings up to date what {@link before} was told of. */
  async refresh(): Promise<void> {
    await Promise.all(this.#refreshers.map(async (refresh) => {
      try {
        await refresh();
      } catch (error) {
        this.#failed("process", error);
      }
    }));
  }

  /** The text piece by piece: the head of a family, then each of its series. */
  *pieces(format: TextFormat): Generator<string> {
    for (const family of this.#families.values()) {
      yield headerOf(family, format);
      try {
        yield* family.lines(format);
      } catch (error) {
        this.#failed(family.name, error);
      }
    }
    if (format === "openmetrics") yield "# EOF\n";
  }

  /** Everything at once, for a few families; see `scrape` for many. */
  text(format: TextFormat = "prometheus"): string {
    return [...this.pieces(format)].join("");
  }
}
