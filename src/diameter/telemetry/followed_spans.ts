/**
 * The spans of a gateway's transactions, from its trace.
 * @module
 */
import { randomIds, type Span } from "../../ops/otlp/span.ts";
import type { SpanSource } from "../../ops/otlp/span_pump.ts";
import { TraceFollower, type TraceRing } from "../../ops/trace/mod.ts";
import { spansOf } from "./transaction_spans.ts";

/** Transactions of one batch: what is made and encoded of them takes less than a millisecond. */
const BATCH = 48;

/** What is wanted of a trace. */
export interface FollowedOptions {
  /** What holds now. */
  mask(): "none" | "subscriber";
  /** What share of the transactions becomes spans, above 0 to 1. */
  readonly share: number;
  /** Numbers from 0 to below 1, for the share. */
  readonly random?: () => number;
}

/** The spans of all transactions that end from now on, as long as the ring has them. */
export function followedSpans(ring: TraceRing, { mask, share, random = Math.random }: FollowedOptions): SpanSource {
  const follower = new TraceFollower(ring);
  return {
    words: { missed: "transactions", cause: "admin.trace.max_bytes holds too few" },
    look: (most) => follower.look(most),
    get missed() {
      return follower.missed;
    },
    take() {
      // Some of a batch may be left out, and of all of it nothing: then the next one is looked at.
      for (;;) {
        const ended = follower.take(BATCH);
        const style = { mask: mask(), ids: randomIds };
        const spans = ended.flatMap((each): Span[] => {
          if (share < 1 && random() >= share) return [];
          return spansOf(share < 1 ? { ...each, oneIn: each.oneIn / share } : each, style);
        });
        if (spans.length > 0 || ended.length === 0) return spans;
      }
    },
  };
}
