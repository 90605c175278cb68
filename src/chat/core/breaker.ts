/**
 * Keeps calls from a core that does not answer (a circuit breaker). PURE.
 * @module
 */
import type { BreakerState } from "./forwarder.ts";

/** When it opens, and for how long. */
export interface BreakerOptions {
  /** In a row, until it opens. */
  readonly failures: number;
  /** ms until a probe. */
  readonly open: number;
}

/**
 * What a call let the breaker know: the core answered, whatever it said; it did not; or nothing can
 * be said, because nobody waited for it.
 */
export type BreakerNews = "answered" | "failed" | "nothing";

/** Leave to call, to be settled once. */
export interface BreakerPass {
  settle(news: BreakerNews, now: number): void;
}

/** `now` is always ms of one clock that never goes back. */
export class Breaker {
  #options: BreakerOptions;
  readonly #moved: (state: BreakerState) => void;
  /** In a row. */
  #failures = 0;
  /** Undefined while it is closed. */
  #openedAt: number | undefined;
  #probing = false;
  /** Passes of before it moved say nothing any more. */
  #era = 0;
  #told: BreakerState = "closed";

  /** @param moved told of each new state; of `half-open` when somebody looks */
  constructor(options: BreakerOptions, moved: (state: BreakerState) => void = () => {}) {
    this.#options = options;
    this.#moved = moved;
  }

  /** Takes other limits. One that is open closes earlier or later. */
  configure(options: BreakerOptions): void {
    this.#options = options;
  }

  state(now: number): BreakerState {
    if (this.#openedAt === undefined) return "closed";
    return this.#probing || now - this.#openedAt >= this.#options.open ? "half-open" : "open";
  }

  /** ms until a call may be let through; 0 when nothing is known against it. */
  retryAfter(now: number): number {
    return this.#openedAt === undefined ? 0 : Math.max(1, this.#openedAt + this.#options.open - now);
  }

  /** Asks to call. @returns undefined: not now, see {@link retryAfter} */
  admit(now: number): BreakerPass | undefined {
    const state = this.state(now);
    this.#tell(state);
    if (state === "closed") return new Pass(this, this.#era, false);
    if (state === "open" || this.#probing) return undefined;
    this.#probing = true;
    return new Pass(this, this.#era, true);
  }

  /** For passes alone. */
  settle(news: BreakerNews, era: number, isProbe: boolean, now: number): void {
    if (era !== this.#era) return;
    if (isProbe) this.#probing = false;
    if (news === "nothing") return;
    if (news === "answered") {
      this.#failures = 0;
      if (isProbe) this.#move(undefined);
    } else if (isProbe || ++this.#failures >= this.#options.failures) {
      this.#move(now);
    }
    this.#tell(this.state(now));
  }

  #move(openedAt: number | undefined): void {
    this.#openedAt = openedAt;
    this.#failures = 0;
    this.#era++;
  }

  #tell(state: BreakerState): void {
    if (state === this.#told) return;
    this.#told = state;
    this.#moved(state);
  }
}

class Pass implements BreakerPass {
  readonly #breaker: Breaker;
  readonly #era: number;
  readonly #isProbe: boolean;
  #settled = false;

  constructor(breaker: Breaker, era: number, isProbe: boolean) {
    this.#breaker = breaker;
    this.#era = era;
    this.#isProbe = isProbe;
  }

  settle(news: BreakerNews, now: number): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#breaker.settle(news, this.#era, this.#isProbe, now);
  }
}
