/**
 * Texts by number, for what comes from configuration and code.
 * @module
 */

/** Texts that are told apart; those above are all called `other`. */
const CAPACITY = 4096;

/** Numbers for texts, given once and for ever. 0 stands for no text. */
export class Words {
  readonly #texts: string[] = [""];
  readonly #numbers = new Map<string, number>();

  /** The number of `text`. A look-up: keep what it gives. */
  of(text: string): number {
    const known = this.#numbers.get(text);
    if (known !== undefined) return known;
    if (this.#texts.length >= CAPACITY && text !== "other") return this.of("other");
    this.#numbers.set(text, this.#texts.length);
    return this.#texts.push(text) - 1;
  }

  /** The text of a number. */
  text(number: number): string | null {
    return number === 0 ? null : this.#texts[number] ?? null;
  }
}
