/**
 * What the chat plane asks of those who know tokens.
 * @module
 */

/** A token that holds. */
export interface CheckedToken {
  /** `sub`: whose it is. An id, see `ids.ts`. */
  readonly profileId: string;
  /** `device_id`, when the token names one: an id. Wins over what the device says of itself. */
  readonly deviceClaim: string | undefined;
  /** `exp` in ms since 1970. The leeway is not in it. */
  readonly expiresAt: number;
  /** All claims, as they came. */
  readonly claims: Readonly<Record<string, unknown>>;
}

/**
 * Why a token does not hold: a bad token (`unauthenticated`), or nobody can say at the moment
 * because the issuer's keys cannot be read (`unavailable`). The message is for the device: no part
 * of a token is in it.
 */
export class TokenRefusal {
  constructor(
    readonly code: "unauthenticated" | "unavailable",
    readonly message: string,
    /** When to try again, in ms; with `unavailable` only. */
    readonly retryAfterMs?: number,
  ) {}
}

/** What comes of a check. */
export type Verdict = CheckedToken | TokenRefusal;

/** Checks tokens (RFC 7519). */
export interface TokenChecker {
  /**
   * Judges a token. At once, without a promise and without cryptography, when it was found good a
   * short time ago. Never throws nor rejects.
   */
  check(token: string): Verdict | Promise<Verdict>;
  /** `down`: the issuer's keys could not be read when they were last asked for. */
  readonly state: "up" | "down";
  /** Ends its requests and timers; what it is asked afterwards is `unavailable`. */
  close(): void;
}
