/**
 * Driver of one place for a connection: dial, wait, dial again (RFC 6733 section 2.1). What
 * dialling is, and what is told to whom, is its owner's.
 * @module
 */
import type { Alarm, Clock } from "../../net/clock.ts";
import { afterConnection, type Backoff, type BackoffOptions, FRESH_BACKOFF, nextAttempt } from "./backoff.ts";
import type { PeerEnd } from "./peer_end.ts";

/** What an owner makes of its attempts; `End` is how one of them ended, in its words. */
export interface RedialHandlers<End extends Pick<PeerEnd, "kind">> {
  /**
   * One attempt, and the connection's whole life when it succeeds. Never rejects.
   * @param givenUp fires when this attempt is given up, see {@link Redialer.giveUp}; an open
   * connection is its owner's to end
   */
  attempt(givenUp: AbortSignal): Promise<End>;
  /** What follows: a wait by these options, another attempt at once, or no more of them. */
  next(end: End): BackoffOptions | "at_once" | "never";
  /** A wait of so many milliseconds begins. */
  waits(end: End, milliseconds: number): void;
  /**
   * It dials no more, because it was stopped or {@link next} said so.
   * @param end of the last attempt; undefined when there was none
   */
  over(end: End | undefined): void;
}

/** Dials for one owner. */
export class Redialer<End extends Pick<PeerEnd, "kind"> = PeerEnd> {
  #backoff: Backoff = FRESH_BACKOFF;
  /** Stops the run that goes on; undefined when none does. */
  #current: AbortController | undefined;
  /** Runs that have not ended: that one, and those before it that were stopped. */
  #runs = 0;
  /** Resolves when they all have ended. */
  #ended: Promise<void> = Promise.resolve();
  #attempt = new AbortController();
  #nextAttemptAt = 0;
  #wake: (() => void) | undefined;
  readonly #handlers: RedialHandlers<End>;
  readonly #clock: Clock;
  readonly #random: () => number;

  /** @param random numbers from 0 to below 1: where in its range a wait falls */
  constructor(handlers: RedialHandlers<End>, clock: Clock, random: () => number) {
    this.#handlers = handlers;
    this.#clock = clock;
    this.#random = random;
  }

  /** Unix time in milliseconds of the next attempt; 0 while none is planned. */
  get nextAttemptAt(): number {
    return this.#nextAttemptAt;
  }

  /** It dials, has a connection, or waits; also while what was stopped has not ended. */
  get running(): boolean {
    return this.#runs > 0;
  }

  /** Begins with the first attempt: at once, or when the run that was stopped has ended. */
  start(): void {
    if (this.#current !== undefined) return;
    const { signal } = this.#current = new AbortController();
    this.#ended = this.#runs++ === 0 ? this.#run(signal) : this.#ended.then(() => this.#run(signal));
  }

  /**
   * Gives up what is being dialled and dials no more; resolves when the last attempt has ended, its
   * connection included, which is not ended here.
   */
  async stop(): Promise<void> {
    const ended = this.#ended;
    this.#current?.abort();
    this.#current = undefined;
    this.giveUp();
    await ended;
  }

  /** Ends the wait for the next attempt, if there is one. */
  wake(): void {
    this.#wake?.();
  }

  /** Gives up what is being dialled, and a wait: what follows is {@link RedialHandlers.next}'s. */
  giveUp(): void {
    this.#attempt.abort();
    this.#wake?.();
  }

  /** Forgets how long the last waits were, and ends the one at hand. */
  startOver(): void {
    this.#backoff = FRESH_BACKOFF;
    this.#wake?.();
  }

  /** A connection that was usable for so many milliseconds is gone: good ones make waits short. */
  held(milliseconds: number): void {
    this.#backoff = afterConnection(this.#backoff, milliseconds);
  }

  async #run(stopped: AbortSignal): Promise<void> {
    let end: End | undefined;
    while (!stopped.aborted) {
      this.#attempt = new AbortController();
      end = await this.#handlers.attempt(this.#attempt.signal);
      if (stopped.aborted) break;
      const next = this.#handlers.next(end);
      if (next === "never") break;
      if (next !== "at_once") await this.#pause(end, next);
    }
    this.#runs--;
    if (!stopped.aborted) this.#current = undefined;
    this.#handlers.over(end);
  }

  async #pause(end: End, options: BackoffOptions): Promise<void> {
    const { wait, backoff } = nextAttempt(this.#backoff, options, end.kind === "refused", this.#random());
    this.#backoff = backoff;
    this.#nextAttemptAt = Date.now() + wait;
    const over = Promise.withResolvers<void>();
    const alarm: Alarm = this.#clock.setTimeout(() => this.#wake?.(), wait);
    this.#wake = () => {
      this.#clock.clearTimeout(alarm);
      this.#wake = undefined;
      this.#nextAttemptAt = 0;
      over.resolve();
    };
    // Whoever is told may stop it, or wake it, at once.
    this.#handlers.waits(end, wait);
    await over.promise;
  }
}
