/**
 * What is said of transactions and differs too much for {@link Words}: the latest of it, by number.
 * @module
 */
import type { Choice } from "./record.ts";

/** How many are kept. */
const CAPACITY = 512;
/** Characters of a sentence that are kept: some quote a message. */
const LONGEST = 2_000;

interface Remark {
  readonly number: number;
  readonly key: string;
  readonly value: string | Choice;
  /** Somebody said it again since it was last looked at who has to go. */
  wasUsed: boolean;
  isKept: boolean;
}

/**
 * Peers have a say in what stands here, so that it is bounded; what is said again and again
 * outlives what was said once.
 */
export class Remarks {
  /** In the order in which they have to go. */
  readonly #byKey = new Map<string, Remark>();
  readonly #byNumber = new Map<number, Remark>();
  readonly #byChoice = new WeakMap<Choice, Remark>();
  #last = 0;

  /** The number of a remark, above 0. */
  of(value: string | Choice): number {
    if (typeof value === "string") return this.#used(value.slice(0, LONGEST), value.slice(0, LONGEST)).number;
    const known = this.#byChoice.get(value);
    if (known?.isKept) {
      known.wasUsed = true;
      return known.number;
    }
    const remark = this.#used(JSON.stringify(value), value);
    this.#byChoice.set(value, remark);
    return remark.number;
  }

  /** The choice of that number; null when there is none, or not any more. */
  choice(number: number): Choice | null {
    const value = this.#byNumber.get(number)?.value;
    return value === undefined || typeof value === "string" ? null : value;
  }

  /** The sentence of that number; null when there is none, or not any more. */
  sentence(number: number): string | null {
    const value = this.#byNumber.get(number)?.value;
    return typeof value === "string" ? value : null;
  }

  #used(key: string, value: string | Choice): Remark {
    const known = this.#byKey.get(key);
    if (known !== undefined) {
      known.wasUsed = true;
      return known;
    }
    if (this.#byKey.size >= CAPACITY) this.#makeRoom();
    this.#last = this.#last % 0x7fff_ffff + 1;
    const remark = { number: this.#last, key, value, wasUsed: false, isKept: true };
    this.#byKey.set(key, remark);
    this.#byNumber.set(remark.number, remark);
    return remark;
  }

  #makeRoom(): void {
    for (const remark of this.#byKey.values()) {
      this.#byKey.delete(remark.key);
      if (!remark.wasUsed) {
        remark.isKept = false;
        this.#byNumber.delete(remark.number);
        return;
      }
      remark.wasUsed = false;
      this.#byKey.set(remark.key, remark);
    }
  }
}
