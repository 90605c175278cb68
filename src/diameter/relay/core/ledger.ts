/**
 * The book of transactions.
 * @module
 */
import type { RelayPeer } from "./relay_peer.ts";

/** How a transaction ended that had begun: with the other side's answer, by silence, by ours. */
export type Ending = "completed" | "expired" | "rejected";

/**
 * Counts transactions, and what each requester waits for. Only this class writes these numbers, so
 * that created = completed + expired + rejected + abandoned + active holds at every moment.
 */
export class Ledger {
  #created = 0;
  #completed = 0;
  #expired = 0;
  #rejected = 0;
  #abandoned = 0;

  /** A request was sent on. */
  begun(requester: RelayPeer): void {
    requester.inFlight++;
    this.#created++;
  }

  /** A transaction that had begun has ended. */
  ended(requester: RelayPeer, how: Ending): void {
    requester.inFlight--;
    if (how === "completed") this.#completed++;
    else if (how === "expired") this.#expired++;
    else this.#rejected++;
  }

  /** A request that never was sent on was answered. */
  refused(): void {
    this.#created++;
    this.#rejected++;
  }

  /** A request that never was sent on has lost its requester. */
  vanished(): void {
    this.#created++;
    this.#abandoned++;
  }

  /** The requester has left: nobody waits for what it asked. */
  left(requester: RelayPeer): void {
    this.#abandoned += requester.inFlight;
    requester.inFlight = 0;
  }

  get created(): number {
    return this.#created;
  }
  get completed(): number {
    return this.#completed;
  }
  get expired(): number {
    return this.#expired;
  }
  get rejected(): number {
    return this.#rejected;
  }
  get abandoned(): number {
    return this.#abandoned;
  }

  /** Transactions that wait for their answer. */
  get active(): number {
    return this.#created - this.#completed - this.#expired - this.#rejected - this.#abandoned;
  }
}
