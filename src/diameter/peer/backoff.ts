/**
 * When to try a connection again (RFC 6733 section 2.1, with an exponential wait and jitter so that
 * a restarted DRA is not stormed).
 * @module
 */

/** How the waits grow; milliseconds. */
export interface BackoffOptions {
  /** The first wait. */
  readonly initial: number;
  /** What each wait is multiplied by for the next one. */
  readonly multiplier: number;
  /** The longest wait. */
  readonly max: number;
  /** Share of the wait by which it varies either way, 0 to 1. */
  readonly jitter: number;
  /**
   * Wait after the peer refused us: DPR with cause 1 or 2, or a CEA that refuses (section 5.4.3).
   */
  readonly afterRefusal: number;
}

/** How often it failed since it last held. */
export interface Backoff {
  readonly failures: number;
}

/** Nothing failed yet. */
export const FRESH_BACKOFF: Backoff = { failures: 0 };

/**
 * A connection counts as good again after it was usable for this long, in milliseconds; until then
 * the waits go on growing.
 */
export const STABLE_AFTER = 60_000;

/**
 * The wait before the next attempt.
 * @param refused the peer said that it does not want us
 * @param dice a number from 0 to below 1
 * @returns milliseconds, and the state to remember
 */
export function nextAttempt(
  backoff: Backoff,
  options: BackoffOptions,
  refused: boolean,
  dice: number,
): { readonly wait: number; readonly backoff: Backoff } {
  // Bounded: no wait at all stays none, however large the factor has become.
  const factor = Math.min(options.multiplier ** backoff.failures, Number.MAX_VALUE);
  const grown = Math.min(options.max, options.initial * factor);
  const wait = refused ? Math.max(options.afterRefusal, grown) : grown;
  return {
    wait: Math.max(0, Math.round(wait * (1 + options.jitter * (2 * dice - 1)))),
    backoff: { failures: backoff.failures + 1 },
  };
}

/** What to remember after a connection that was usable for `usableFor` milliseconds is gone. */
export function afterConnection(backoff: Backoff, usableFor: number): Backoff {
  return usableFor >= STABLE_AFTER ? FRESH_BACKOFF : backoff;
}
