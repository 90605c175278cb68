/**
 * The signals that ask a program to end.
 * @module
 */

const SIGNALS: readonly Deno.Signal[] = Deno.build.os === "windows" ? ["SIGINT"] : ["SIGTERM", "SIGINT"];

/** Exit code of a program that was told twice. */
const TOLD_TWICE = 1;

/** SIGTERM and SIGINT as an AbortSignal; whoever sends a second one does not want to wait. */
export class Interruption {
  readonly #controller = new AbortController();
  readonly #handler = () => {
    if (this.#controller.signal.aborted) Deno.exit(TOLD_TWICE);
    this.#controller.abort();
  };

  constructor() {
    for (const signal of SIGNALS) Deno.addSignalListener(signal, this.#handler);
  }

  /** Fires with the first signal. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Resolves with the first signal, or after so many milliseconds. */
  async wait(milliseconds?: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = milliseconds === undefined ? undefined : setTimeout(resolve, milliseconds);
    this.signal.addEventListener("abort", () => resolve(), { once: true });
    if (!this.signal.aborted) await promise;
    if (timer !== undefined) clearTimeout(timer);
  }

  /** Listens no more. */
  [Symbol.dispose](): void {
    for (const signal of SIGNALS) Deno.removeSignalListener(signal, this.#handler);
  }
}

/**
 * SIGHUP, which ends a program that does not ask for it. What came before there was a handler is
 * kept for it.
 */
export class HangUps {
  #handler: (() => void) | undefined;
  #kept = false;
  readonly #listener = () => {
    if (this.#handler === undefined) this.#kept = true;
    else this.#handler();
  };

  constructor() {
    if (Deno.build.os !== "windows") Deno.addSignalListener("SIGHUP", this.#listener);
  }

  /** Calls `handler` for each one from now on, and for those that came already once. */
  handle(handler: () => void): void {
    this.#handler = handler;
    if (this.#kept) handler();
    this.#kept = false;
  }

  /** Listens no more. */
  [Symbol.dispose](): void {
    if (Deno.build.os !== "windows") Deno.removeSignalListener("SIGHUP", this.#listener);
  }
}
