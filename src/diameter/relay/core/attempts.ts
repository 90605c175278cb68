/**
 * The attempts of one transaction.
 * @module
 */
import type { Budget } from "../../../net/budget.ts";
import type { TransactionTable } from "./transactions.ts";

/** Where attempts wait: a table, and what is known of transactions with several of them. */
export interface AttemptPlace {
  readonly table: TransactionTable;
  /** Transactions with several attempts, one of them in this table, by slot. */
  readonly retried: Map<number, Attempts>;
  /** At whose expense error answers are kept. */
  readonly errors: Budget;
}

/** One place where a transaction waits. */
export interface Attempt<P extends AttemptPlace = AttemptPlace> {
  readonly place: P;
  readonly slot: number;
}

/** A transaction with more than one attempt; all of its open attempts point here. */
export class Attempts {
  /** Names of the DRAs that were asked, the current one included. */
  readonly tried: string[] = [];
  /** Those that may still be answered, the current one last. */
  open: Attempt[] = [];
  /** How often it was sent, and how many of those were answered with an error. */
  sent = 1;
  answered = 0;
  #lastError: Uint8Array | undefined;
  #keptIn: Budget | undefined;

  /** @param wasRetransmitted T was set when the request came */
  constructor(readonly wasRetransmitted: boolean) {}

  /** Whether the attempt in `slot` of `place` is the latest. */
  isCurrent(place: AttemptPlace, slot: number): boolean {
    const current = this.open.at(-1);
    return current?.place === place && current.slot === slot;
  }

  /** One attempt will not be answered any more. */
  drop(place: AttemptPlace, slot: number): void {
    this.open = this.open.filter((attempt) => attempt.place !== place || attempt.slot !== slot);
  }

  /** The last error answer, as it came. */
  get lastError(): Uint8Array | undefined {
    return this.#lastError;
  }

  /** Keeps an error answer, instead of an earlier one, at the expense of `budget`. */
  keep(error: Uint8Array, budget: Budget): void {
    this.forgetError();
    this.#lastError = error;
    this.#keptIn = budget;
    budget.add(error.length);
  }

  /** Nobody needs the error answer any more. */
  forgetError(): void {
    if (this.#lastError !== undefined) this.#keptIn!.add(-this.#lastError.length);
    this.#lastError = undefined;
  }
}
