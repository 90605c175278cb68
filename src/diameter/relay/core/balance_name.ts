/**
 * How requests are shared among DRAs of one priority.
 * @module
 */

/**
 * The names of the balances.
 *
 * @example What may be configured
 * ```ts
 * import { BALANCE_NAMES } from "@diam-gw/diam-gw";
 *
 * console.log(BALANCE_NAMES.join(" or ")); // round_robin or least_pending or hash
 * ```
 */
export const BALANCE_NAMES = ["round_robin", "least_pending", "hash"] as const;
/** One of {@link BALANCE_NAMES}. */
export type BalanceName = typeof BALANCE_NAMES[number];

/** What `hash` may go by that is no path of an AVP. */
export const SESSION_ID = "session_id";
