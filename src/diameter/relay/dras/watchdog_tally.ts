/**
 * Counting what the watchdog of a DRA's connection does.
 * @module
 */
import type { WatchdogState } from "../../peer/watchdog.ts";
import type { DraMeters } from "../core/meters.ts";

/** What is looked at. */
export interface WatchdogFacts {
  readonly state: WatchdogState;
  /** A DWR is unanswered. */
  readonly pending: boolean;
}

/** Counts the differences between one look and the next. */
export class WatchdogTally {
  #state: WatchdogState = "initial";
  #pending = false;
  readonly #counters: DraMeters["watchdog"];

  constructor(counters: DraMeters["watchdog"]) {
    this.#counters = counters;
  }

  /** A DWR goes out. */
  sent(): void {
    this.#counters.sent.value++;
  }

  /** Something changed. */
  look({ state, pending }: WatchdogFacts): void {
    // A connection's end forgets the DWR, which nobody has answered.
    if (this.#pending && !pending && state !== "down" && state !== "initial") this.#counters.answered.value++;
    if (state !== this.#state && state !== "initial") this.#counters[state].value++;
    this.#state = state;
    this.#pending = pending;
  }
}
