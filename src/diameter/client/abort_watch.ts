/**
 * Many calls that one AbortSignal gives up.
 * @module
 */

/** Whoever is given up with a reason. */
export interface Abortable {
  fail(reason: unknown): void;
}

/**
 * One listener per signal, whatever number of calls hang on it: a signal for a whole program is
 * usual, and its list of listeners is searched from the front.
 */
const followers = new WeakMap<AbortSignal, Set<Abortable>>();

/** Gives `call` up when `signal` fires, which it has not yet. */
export function follow(signal: AbortSignal, call: Abortable): void {
  let calls = followers.get(signal);
  if (calls === undefined) {
    const all = calls = new Set<Abortable>();
    followers.set(signal, all);
    signal.addEventListener("abort", () => {
      for (const one of [...all]) one.fail(signal.reason);
    }, { once: true });
  }
  calls.add(call);
}

/** `call` has ended. */
export function unfollow(signal: AbortSignal, call: Abortable): void {
  followers.get(signal)?.delete(call);
}
