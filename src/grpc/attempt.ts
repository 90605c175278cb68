/**
 * What becomes of a call whose attempt has failed: again, elsewhere, or not at all. PURE.
 * @module
 */
import type { Transfer } from "./config/options.ts";

/**
 * How an attempt failed. `unsent`: nothing was written. `refused`: RST_STREAM REFUSED_STREAM, or
 * GOAWAY with a lower last-stream-id: the backend has not looked at it. `lost`: anything else
 * before a response with trailers has ended.
 */
export type Failure = "unsent" | "refused" | "lost";

/** How far a call has come. */
export interface Progress {
  readonly transfer: Transfer;
  /** Further attempts that it still may have. */
  readonly retriesLeft: number;
  /** ms that are left of the time for all attempts. */
  readonly timeLeft: number;
  /** Instances that it has not tried. */
  readonly untried: number;
  /** Everything that the client has sent for it is still there. */
  readonly replayable: boolean;
  /** A byte of a response message has gone to the client. */
  readonly responseBegun: boolean;
  /** The client has ended its half. */
  readonly requestEnded: boolean;
  /** The last response message has gone completely. */
  readonly atBoundary: boolean;
  /** A refused attempt was made once more on the same instance. */
  readonly sameTried: boolean;
  /** Its session is bound to the instance that refused it. */
  readonly bound: boolean;
}

/**
 * What to do. `elsewhere`: on an instance not tried yet. `transfer`: likewise, in the middle of a
 * response: the new one's headers are dropped. `same`: on a new connection to the same instance,
 * which does not count as a further attempt. `give_up`: UNAVAILABLE.
 */
export type Decision = "elsewhere" | "transfer" | "same" | "give_up";

/** Decides after each failed attempt. */
export function afterFailure(failure: Failure, call: Progress): Decision {
  if (!call.replayable || call.timeLeft <= 0) return "give_up";
  const further = call.retriesLeft > 0 && call.untried > 0;
  // A response that has begun proves that the backend did look at it, whatever it says.
  if (failure === "lost" || call.responseBegun) return further ? afterLoss(call) : "give_up";
  if (failure === "refused" && !call.sameTried && (call.bound || !further)) return "same";
  return further ? "elsewhere" : "give_up";
}

/** It may have been executed: whether it may be once more is for the route to say. */
function afterLoss({ transfer, responseBegun, requestEnded, atBoundary }: Progress): Decision {
  if (transfer === "off") return "give_up";
  if (!responseBegun) return "elsewhere";
  return transfer === "mid_stream" && requestEnded && atBoundary ? "transfer" : "give_up";
}

/** What times attempts have, in ms. */
export interface AttemptTimes {
  readonly attemptTimeout: number;
  readonly connectTimeout: number;
}

/** ms that one attempt may take to get a stream. */
export function attemptTime({ attemptTimeout, connectTimeout }: AttemptTimes, timeLeft: number): number {
  return Math.max(0, Math.min(attemptTimeout, connectTimeout, timeLeft));
}

/** ms that all attempts of a call may spend without one. */
export function timeForAll(count: number, attemptTimeout: number): number {
  return (count + 1) * attemptTimeout;
}
