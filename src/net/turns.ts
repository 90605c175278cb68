/**
 * Turns of the event loop, and that no connection makes them long for the others.
 * @module
 */
import { QuickTurns } from "./quick_turns.ts";

/** Milliseconds of work after which what is bulk waits until the others were looked at. */
const LONG = 4;

/**
 * Lets what is bulk go on when everybody else was looked at. Reads and writes that need not wait
 * resolve in the turn in which they began, 128 in a row, and while there is anything to do the
 * runtime asks the system only every 61st time what else has arrived. Whoever always has more to
 * send, or takes all that it is sent, would have the process nearly for itself.
 */
export class Turns {
  #began = 0;
  #waiting: (() => void)[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Opened when there is first need of it. */
  #quick: QuickTurns | undefined;
  /** The opening that is under way or has failed; another one is begun after {@link close}. */
  #opening: object | undefined;

  /**
   * Whether it is time to look at the others: to be asked before more bulk is moved. True once more
   * than is needed after a rest, when nobody knows how long the process has been at work.
   */
  get isLong(): boolean {
    return performance.now() - this.#began >= LONG;
  }

  /** Calls when all that has arrived was looked at: some 20 us later when that is nothing. */
  next(call: () => void): void {
    this.#waiting.push(call);
    if (this.#waiting.length > 1) return;
    if (this.#quick !== undefined) {
      this.#quick.turn().then(this.#run, this.#run);
      return;
    }
    this.#timer = setTimeout(this.#run, 0);
    if (this.#opening === undefined) void this.#open();
  }

  /** Nobody needs turns any more, for now; who waits for one is called at once. */
  close(): void {
    this.#quick?.close();
    this.#quick = this.#opening = undefined;
    clearTimeout(this.#timer);
    this.#run();
  }

  readonly #run = (): void => {
    this.#timer = undefined;
    this.#began = performance.now();
    const calls = this.#waiting;
    this.#waiting = [];
    for (const call of calls) call();
  };

  async #open(): Promise<void> {
    const opening = this.#opening = {};
    try {
      const quick = await QuickTurns.open();
      if (this.#opening === opening) this.#quick = quick;
      else quick.close();
    } catch {
      // No descriptor is free, or no port: timers do as well.
    }
  }
}
