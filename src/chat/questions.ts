/**
 * Questions to all gateways, and what their answers add up to.
 * @module
 */
import type { Alarm, Clock } from "../net/clock.ts";

/** Milliseconds that the others have to answer. */
const PATIENCE = 1_000;

interface Open {
  /** How many are to answer; Infinity until that is known. */
  expected: number;
  answers: number;
  sum: number;
  readonly alarm: Alarm;
  readonly done: (sum: number) => void;
}

/** The open questions of one gateway. */
export class Questions {
  readonly #clock: Clock;
  readonly #open = new Map<string, Open>();
  #last = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Asks, and adds up what is answered in time.
   * @param ask sends the question under that name. @returns gateways that hear it
   */
  async ask(ask: (nonce: string) => Promise<number>): Promise<number> {
    const nonce = String(++this.#last);
    const { promise, resolve } = Promise.withResolvers<number>();
    const alarm = this.#clock.setTimeout(() => this.#end(nonce), PATIENCE);
    const open: Open = { expected: Infinity, answers: 0, sum: 0, alarm, done: resolve };
    this.#open.set(nonce, open);
    open.expected = await ask(nonce);
    if (open.answers >= open.expected) this.#end(nonce);
    return await promise;
  }

  /** Somebody has answered. */
  answered(nonce: string, count: number): void {
    const open = this.#open.get(nonce);
    if (open === undefined) return;
    open.answers++;
    open.sum += count;
    if (open.answers >= open.expected) this.#end(nonce);
  }

  /** Nobody waits any longer. */
  close(): void {
    for (const nonce of [...this.#open.keys()]) this.#end(nonce);
  }

  #end(nonce: string): void {
    const open = this.#open.get(nonce);
    if (open === undefined) return;
    this.#open.delete(nonce);
    this.#clock.clearTimeout(open.alarm);
    open.done(open.sum);
  }
}
