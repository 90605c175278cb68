/**
 * Driver of the watchdog: gives it time, and does what it says.
 * @module
 */
import { type Alarm, type Clock, SYSTEM_CLOCK } from "../../net/clock.ts";
import { INITIAL_WATCHDOG, stepWatchdog, type Watchdog, type WatchdogEvent } from "./watchdog.ts";

/** Times in milliseconds, asked each time because they may change while connections live. */
export interface WatchdogOptions {
  /** Tw of RFC 3539. */
  readonly interval: number;
  /** Tw is drawn anew within this much either way each time it is set. */
  readonly jitter: number;
  /** DWAs before a lost peer is OKAY again; 3 in RFC 3539. */
  readonly reopenWatchdogs: number;
}

/** What the watchdog's actions mean to its owner. */
export interface WatchdogHandlers {
  sendWatchdog(): void;
  /** The peer became SUSPECT, or was lost while OKAY: use another one. */
  failover(): void;
  /** The peer is OKAY (again). */
  failback(): void;
  close(reason: string): void;
  /** Any change that an observer may want to see. */
  changed?(): void;
}

/** One watchdog with its timer. */
export class WatchdogTimer {
  #watchdog: Watchdog = INITIAL_WATCHDOG;
  #deadline = 0;
  #timer: Alarm | undefined;
  /** What the wait at hand was drawn from. */
  #interval: number;
  #jitter: number;
  /** What came instead of an answer since the last DWR; "" when nothing did. */
  #disregarded = "";
  readonly #options: () => WatchdogOptions;
  readonly #handlers: WatchdogHandlers;
  readonly #clock: Clock;
  readonly #dice: () => number;

  /** @param dice numbers from 0 to below 1: where in its range Tw falls */
  constructor(
    options: () => WatchdogOptions,
    handlers: WatchdogHandlers,
    clock: Clock = SYSTEM_CLOCK,
    dice: () => number = Math.random,
  ) {
    this.#options = options;
    this.#handlers = handlers;
    this.#clock = clock;
    this.#dice = dice;
    ({ interval: this.#interval, jitter: this.#jitter } = options());
  }

  /** Has another Tw in force from now on, and not from the next wait on. */
  configure(): void {
    const { interval, jitter } = this.#options();
    if (interval === this.#interval && jitter === this.#jitter) return;
    this.#interval = interval;
    this.#jitter = jitter;
    if (this.#timer === undefined) return;
    this.#stopTimer();
    this.#set();
  }

  get state(): Watchdog["state"] {
    return this.#watchdog.state;
  }

  /** A DWR is unanswered. */
  get pending(): boolean {
    return this.#watchdog.pending;
  }

  /** DWAs that this connection has answered in REOPEN. */
  get numDwa(): number {
    return this.#watchdog.numDwa;
  }

  /**
   * Messages that are no DWA arrived: the table's row for them, without walking it in the common
   * case.
   * @param now by the watchdog's clock
   * @returns false when they are to be thrown away
   */
  received(now: number): boolean {
    if (this.#watchdog.state === "okay") {
      this.#deadline = now + this.#draw();
      return true;
    }
    return this.#step("non-dwa");
  }

  /** Something came that does not count as the answer to the DWR: why, as part of a sentence. */
  disregarded(reason: string): void {
    this.#disregarded = reason;
  }

  /** Why a DWR is unanswered, for a person: silence is only said where nothing came. */
  get complaint(): string {
    return this.#disregarded || "a watchdog is unanswered";
  }

  /** A DWA arrived. */
  answered(): void {
    this.#disregarded = "";
    this.#step("dwa");
  }

  /** The connection opened. */
  up(): void {
    this.#step("up");
  }

  /** The connection is gone. */
  down(): void {
    this.#step("down");
    this.#stopTimer();
  }

  /** One side took its leave with a DPR. */
  left(): void {
    this.#step("left");
    this.#stopTimer();
  }

  /** Stops the clock for good. */
  stop(): void {
    this.#stopTimer();
  }

  #step(event: WatchdogEvent): boolean {
    const before = this.#watchdog;
    const { watchdog, actions } = stepWatchdog(before, event, this.#options().reopenWatchdogs);
    this.#watchdog = watchdog;
    let kept = true;
    for (const action of actions) {
      switch (action) {
        case "send-watchdog":
          this.#disregarded = "";
          this.#handlers.sendWatchdog();
          break;
        case "set-watchdog":
          this.#set();
          break;
        case "failover":
          this.#handlers.failover();
          break;
        case "failback":
          this.#handlers.failback();
          break;
        case "close":
          this.#stopTimer();
          if (event === "timer") this.#handlers.close(this.#disregarded || "the peer answered no watchdog");
          break;
        case "throwaway":
          kept = false;
          break;
      }
    }
    if (watchdog !== before) this.#handlers.changed?.();
    return kept;
  }

  #draw(): number {
    const { interval, jitter } = this.#options();
    return interval + jitter * (2 * this.#dice() - 1);
  }

  #set(): void {
    if (this.#watchdog.state === "down" || this.#watchdog.state === "initial") return this.#stopTimer();
    this.#deadline = this.#clock.now() + this.#draw();
    // The timer is not moved for each message: when it fires too early it is set for the rest.
    if (this.#timer === undefined) this.#arm();
  }

  #arm(): void {
    this.#timer = this.#clock.setTimeout(() => {
      this.#timer = undefined;
      if (this.#clock.now() < this.#deadline - 1) this.#arm();
      else this.#step("timer");
      if (this.#timer === undefined && this.#watchdog.state !== "down" && this.#watchdog.state !== "initial") {
        this.#arm();
      }
    }, Math.max(1, this.#deadline - this.#clock.now()));
  }

  #stopTimer(): void {
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
