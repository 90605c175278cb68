/**
 * Callbacks of the program, of which none may harm whoever calls them.
 * @module
 */

/** Who is told of events. What comes back is not looked at, unless it is a promise that rejects. */
export type Listener<Event> = (event: Event) => unknown;

/**
 * `called`, wrapped so that it never throws.
 * @param failed told of what `called` threw, or its promise was rejected with, and at which value
 */
export function guarded<Value>(
  called: (value: Value) => unknown,
  failed: (error: unknown, value: Value) => void,
): (value: Value) => void {
  return (value) => {
    try {
      const result = called(value);
      if (result instanceof Promise) result.catch((error) => failed(error, value));
    } catch (error) {
      failed(error, value);
    }
  };
}

interface Entry<Event> {
  readonly call: (event: Event) => void;
  /** Its failure was told: once is enough, the next thousand would be the same. */
  told: boolean;
}

/**
 * Listeners to one kind of events. One that throws does not keep the others from hearing; they
 * learn of it, once for each listener. When there is no other that hears it, the console does.
 */
export class Listeners<Event> {
  readonly #entries = new Set<Entry<Event>>();
  readonly #report: (error: unknown, at: Event | undefined) => Event;

  /**
   * @param report the event that says that a listener failed with `error` at event `at`; at
   * something else: undefined
   */
  constructor(report: (error: unknown, at: Event | undefined) => Event) {
    this.#report = report;
  }

  /** Adds `listener`; returns what takes it away again. */
  add(listener: Listener<Event>): () => void {
    const entry: Entry<Event> = { call: guarded(listener, (error, at) => this.#failed(entry, error, at)), told: false };
    this.#entries.add(entry);
    return () => void this.#entries.delete(entry);
  }

  /** Tells all of them. */
  tell(event: Event): void {
    for (const { call } of this.#entries) call(event);
  }

  /**
   * `observer` of something else, wrapped so that its failure is told to the listeners as one of
   * theirs is.
   */
  guard<Value>(observer: (value: Value) => unknown): (value: Value) => void {
    const entry: Entry<Event> = { call: () => {}, told: false };
    return guarded(observer, (error) => this.#failed(entry, error, undefined));
  }

  #failed(failed: Entry<Event>, error: unknown, at: Event | undefined): void {
    if (failed.told) return;
    failed.told = true;
    // One that fails at the report ends up here too, and hears no further report.
    const others = [...this.#entries].filter((entry) => !entry.told);
    for (const { call } of others) call(this.#report(error, at));
    if (others.every((entry) => entry.told)) console.error("A listener failed:", error);
  }
}
