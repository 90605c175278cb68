/**
 * One way through the relay: towards DRAs, or towards Logic Apps.
 * @module
 */
import type { Incoming } from "../core/incoming.ts";
import type { Refusal } from "../core/refusal.ts";

/** The ways of requests have the same shape; `P` is who answers at their end. */
export interface Direction<P> {
  /** Route, send and book a request that stands; or why not. */
  forward(request: Incoming): Refusal | undefined;
  /** What is due by that tick: silence, and the end of lives. */
  advance(tick: number): void;
  /** The connection is gone: the answers that it owes will not come over it. */
  lost(peer: P): void;
  /** Answers all that is pending, at the end of a drain. */
  refuseAll(refusal: Refusal): void;
  /** Gives back what pending transactions hold: nothing comes any more. */
  dispose(): void;
}
