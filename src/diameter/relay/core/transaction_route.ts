/**
 * The route that a transaction took, as far as its further life goes by it.
 * @module
 */
import type { PoolOptions } from "./policy_options.ts";

/** How long a transaction lives, and how often it is tried. Times in milliseconds. */
export interface TransactionOptions {
  readonly requestTimeout: number;
  readonly answerTimeout: number;
  readonly maxAttempts: number;
  readonly timeoutResultCode: number;
  readonly retryResultCodes: readonly number[];
  /** Commands that are sent once. */
  readonly neverRetry: readonly number[];
}

/** A route. It stays what it is while a transaction has it, whatever is configured meanwhile. */
export interface TransactionRoute extends TransactionOptions {
  readonly name: string;
  /** The pools that are asked, the first one first. The same array for the same pools. */
  readonly pools: readonly PoolOptions[];
  readonly ignoreDestinationHost: boolean;
  /** Whatever the command. */
  readonly isSentOnce: boolean;
}
