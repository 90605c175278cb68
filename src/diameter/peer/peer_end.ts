/**
 * Why a connection to a peer ended, and how that is put together while it does.
 * @module
 */
import type { AnswerFault } from "./capabilities.ts";
import type { PeerState } from "./peer_machine.ts";

/** Why a connection ended. */
export interface PeerEnd {
  /** For a person: what happened. */
  readonly reason: string;
  /**
   * `refused`: the peer does not want us (DPR with BUSY or DO_NOT_WANT_TO_TALK, CEA that refuses).
   * `left`: one side took its leave with DPR. `lost`: everything else.
   */
  readonly kind: "refused" | "left" | "lost";
  /**
   * Result-Code and Error-Message of the CEA that did not open the connection; absent when none
   * came, or it had neither.
   */
  readonly resultCode?: number;
  readonly errorMessage?: string;
}

/** What is known of the end of one connection so far. */
export class PeerEnding {
  /** One side took its leave with DPR. */
  left = false;
  /** The peer does not want us. */
  refused = false;
  /** What came instead of a DPA; "" when nothing did. */
  disregardedDpa = "";
  #reason = "";

  /** A reason; that of before stays. */
  because(reason: string): void {
    this.#reason ||= reason;
  }

  /** The reason of a leave that this side takes, whatever was before. */
  leave(reason: string): void {
    this.#reason = reason;
    this.left = true;
  }

  /** More of the story, behind the reason of before. */
  further(reason: string): void {
    this.#reason = this.#reason === "" ? reason : `${this.#reason}; ${reason}`;
  }

  /** A leave has its own reason already; that nobody answered it is the rest of the story. */
  timedOut(state: PeerState): void {
    this.further(state === "closing" && this.disregardedDpa !== "" ? this.disregardedDpa : TIMEOUT_REASONS[state]);
  }

  /** All of it. @param fault of the CEA that did not open the connection */
  end(fault: Partial<AnswerFault> = {}): PeerEnd {
    const { refused = false, resultCode, errorMessage } = fault;
    return {
      reason: this.#reason || "the connection was closed",
      kind: this.refused || refused ? "refused" : this.left ? "left" : "lost",
      ...(resultCode === undefined ? {} : { resultCode }),
      ...(errorMessage === undefined ? {} : { errorMessage }),
    };
  }
}

const TIMEOUT_REASONS: Record<PeerState, string> = {
  "wait-i-cea": "no CEA in time",
  "wait-cer": "no CER in time",
  open: "timeout",
  closing: "no DPA in time",
  leaving: "it did not close after its DPR",
  closed: "timeout",
};

/** The name of a Disconnect-Cause (RFC 6733 section 5.4.3). */
export function causeName(cause: number): string {
  return ["REBOOTING", "BUSY", "DO_NOT_WANT_TO_TALK_TO_YOU"][cause] ?? `cause ${cause}`;
}
