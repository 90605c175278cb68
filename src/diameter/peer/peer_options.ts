/**
 * What a connection to a peer is told by its owner.
 * @module
 */
import type { Budget } from "../../net/budget.ts";
import type { Clock } from "../../net/clock.ts";
import type { SegmentPool } from "../../net/segment.ts";
import type { LocalIdentity } from "./capabilities.ts";
import type { EndToEndIds } from "./end_to_end_ids.ts";

/** What the peers of one node share. */
export interface PeerNode {
  readonly segments: SegmentPool;
  readonly clock: Clock;
  /** Numbers from 0 to below 1. */
  readonly random: () => number;
  /** For DWR, DPR and CER. */
  readonly endToEndIds: EndToEndIds;
}

/** Times in milliseconds, sizes in bytes. */
export interface PeerOptions {
  readonly local: LocalIdentity;
  /** Which side dialled. */
  readonly role: "initiator" | "responder";
  /** Until CER (responder) or CEA (initiator) must be there. */
  readonly capabilitiesTimeout: number;
  /** Until DPA must be there; and after the peer's DPR, until it must have closed. */
  readonly dprTimeout: number;
  /** Of the out-queue; see `OutQueue.full`. */
  readonly sendQueueLimit: number;
  /**
   * Bytes that must not be queued: a peer for which more wait is let go. No end unless said
   * otherwise.
   */
  readonly sendQueueEnd?: number;
  /** Who holds what is queued; the pool of segments itself unless said otherwise. */
  readonly budget?: Budget;
  /** What is closing may take to write what is queued. */
  readonly writeTimeout: number;
  /** Identity that the CEA must carry; "" accepts any. */
  readonly expectedHost?: string;
  /** Error answers and refusing CEAs carry no Error-Message. */
  readonly mute?: boolean;
  /**
   * Whether it is read on while answers wait for it, because its own answers come the same way as
   * its requests; absent: a peer that was dialled is.
   */
  readonly readOn?: boolean;
}
