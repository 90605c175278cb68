/**
 * When a DRA that is connected and sick gets no requests, and when it is tried again. PURE: the
 * clock and the dice are arguments.
 * @module
 */
import type { CircuitBreakerOptions } from "../core/options.ts";

/** Where a breaker stands. */
export type BreakerState = "closed" | "open" | "half_open";

/** What a breaker asks of whoever has it. */
export interface BreakerHandlers {
  /** It wants to open: whether it may, beside the other DRAs. */
  mayOpen(): boolean;
  /** It has changed, or was not allowed to. */
  changed(to: BreakerState | "held", reason: string): void;
}

/** Parts of the window. What is older than the window is forgotten a part at a time. */
const PARTS = 10;
/** Milliseconds closed after which it opens for open_for again. */
const WELL_AFTER = 60_000;
/** Times are spread by this share either way, so that not all gateways probe at once. */
const SPREAD = 0.1;

/**
 * Counts how the requests to one DRA end. Times are milliseconds of a clock that never goes back.
 */
export class BreakerMachine {
  #state: BreakerState = "closed";
  #options: CircuitBreakerOptions;
  readonly #handlers: BreakerHandlers;
  readonly #random: () => number;
  readonly #ended = new Uint32Array(PARTS);
  readonly #bad = new Uint32Array(PARTS);
  #part = 0;
  /** When the part at hand ends. */
  #partUntil: number;
  #partLength: number;
  #consecutive = 0;
  /** Successes in a row, of those that were let through to try it. */
  #recovered = 0;
  #reopened = 0;
  /** When it closed last. */
  #closedAt = -Infinity;
  #probeAt = 0;

  constructor(options: CircuitBreakerOptions, handlers: BreakerHandlers, random: () => number, now: number) {
    this.#options = options;
    this.#handlers = handlers;
    this.#random = random;
    this.#partLength = Math.max(1, options.window / PARTS);
    this.#partUntil = now + this.#partLength;
  }

  get state(): BreakerState {
    return this.#state;
  }
  /** When it is tried again; 0 unless it is open. */
  get probeAt(): number {
    return this.#state === "open" ? this.#probeAt : 0;
  }
  /** Failures since the last success. */
  get consecutiveFailures(): number {
    return this.#consecutive;
  }

  /** Takes other options; what was counted stays, but for a window of another length. */
  configure(options: CircuitBreakerOptions, now: number): void {
    if (options.window !== this.#options.window) this.#forget(now, options.window);
    this.#options = options;
  }

  /** Share of failures among those that ended within the window; 0 when none did. */
  errorRatio(now: number): number {
    this.#turn(now);
    const ended = sum(this.#ended);
    return ended === 0 ? 0 : sum(this.#bad) / ended;
  }

  /** A request was answered well. @param slow too late to count as well for the ratio */
  succeeded(now: number, slow: boolean): void {
    if (now >= this.#partUntil) this.#turn(now);
    this.#ended[this.#part]!++;
    this.#consecutive = 0;
    if (!slow) return;
    this.#bad[this.#part]!++;
    if (this.#state === "closed") this.#judge(now);
  }

  /** A request failed. */
  failed(now: number): void {
    if (now >= this.#partUntil) this.#turn(now);
    this.#ended[this.#part]!++;
    this.#bad[this.#part]!++;
    this.#consecutive++;
    if (this.#state === "closed") this.#judge(now);
  }

  /** A request that was to try it has ended; it is counted by this alone while half-open. */
  probed(now: number, well: boolean): void {
    if (this.#state !== "half_open") return;
    if (!well) {
      this.#reopened++;
      return this.#open(now, "a request to try it failed");
    }
    this.#recovered++;
    const { halfOpenProbes } = this.#options;
    if (this.#recovered >= halfOpenProbes) this.close(now, `${halfOpenProbes} in a row were answered well`);
  }

  /** The time to try it has come. */
  tryAgain(now: number): void {
    if (this.#state !== "open" || now < this.#probeAt) return;
    this.#recovered = 0;
    this.#change("half_open", `${this.#options.halfOpenProbes} requests at a time try it`);
  }

  /** Closes it, whatever it has seen. */
  close(now: number, reason: string): void {
    if (this.#state === "closed") return;
    this.#forget(now, this.#options.window);
    this.#closedAt = now;
    this.#change("closed", reason);
  }

  #judge(now: number): void {
    const { consecutiveFailures, minRequests, errorRatio } = this.#options;
    let reason: string | undefined;
    if (consecutiveFailures > 0 && this.#consecutive >= consecutiveFailures) {
      reason = `${this.#consecutive} failures in a row`;
    } else {
      const ended = sum(this.#ended);
      const bad = sum(this.#bad);
      if (ended >= minRequests && bad >= errorRatio * ended) reason = `${bad} of the last ${ended} requests failed`;
    }
    if (reason === undefined) return;
    if (!this.#handlers.mayOpen()) return this.#handlers.changed("held", reason);
    if (now - this.#closedAt >= WELL_AFTER) this.#reopened = 0;
    else this.#reopened++;
    this.#open(now, reason);
  }

  #open(now: number, reason: string): void {
    const { openFor, openMax } = this.#options;
    const wait = Math.min(openMax, openFor * 2 ** Math.min(this.#reopened, 30));
    this.#probeAt = now + wait * (1 + SPREAD * (2 * this.#random() - 1));
    this.#change("open", reason);
  }

  #change(to: BreakerState, reason: string): void {
    this.#state = to;
    this.#handlers.changed(to, reason);
  }

  #forget(now: number, window: number): void {
    this.#ended.fill(0);
    this.#bad.fill(0);
    this.#consecutive = 0;
    this.#partLength = Math.max(1, window / PARTS);
    this.#partUntil = now + this.#partLength;
  }

  /** Forgets what is older than the window. */
  #turn(now: number): void {
    for (let parts = 0; now >= this.#partUntil; parts++) {
      if (parts >= PARTS) {
        // Whatever the rest of the time was, nothing of it is left.
        this.#partUntil = now + this.#partLength;
        return;
      }
      this.#part = (this.#part + 1) % PARTS;
      this.#ended[this.#part] = 0;
      this.#bad[this.#part] = 0;
      this.#partUntil += this.#partLength;
    }
  }
}

function sum(numbers: Uint32Array): number {
  let total = 0;
  for (let i = 0; i < numbers.length; i++) total += numbers[i]!;
  return total;
}

/**
 * Whether one more breaker may open: at most so many percent of the usable DRAs, rounded down and
 * at least one; never that of the only usable DRA, because some service is better than none.
 * @param open breakers of usable DRAs that are not closed
 */
export function mayOpen(usable: number, open: number, maxOpenPercent: number): boolean {
  return open + 1 <= mostOpen(usable, maxOpenPercent);
}

/** How many breakers may be open beside each other. */
export function mostOpen(usable: number, maxOpenPercent: number): number {
  return usable <= 1 ? 0 : Math.max(1, Math.floor(usable * maxOpenPercent / 100));
}
