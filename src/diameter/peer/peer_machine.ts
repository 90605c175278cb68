/**
 * The peer state machine of RFC 6733 section 5.6 for one live connection.
 *
 * What the RFC's table has beyond this: Wait-Conn-Ack is the transport's connect, before there is a
 * connection to drive; the election (Wait-Conn-Ack/Elect, Wait-Returns) is about two connections,
 * and whoever owns both holds it: an accepted one stays in `wait-cer` meanwhile.
 *
 * @module
 */

/**
 * States; `leaving` is the part of the RFC's Closing in which the peer's DPR was answered and the
 * peer is to close.
 */
export type PeerState = "wait-i-cea" | "wait-cer" | "open" | "closing" | "leaving" | "closed";

/** What can happen to a connection. */
export type PeerEvent =
  | "cer-accepted"
  | "cer-refused"
  | "cea-accepted"
  | "cea-refused"
  | "dwr"
  | "dwa"
  | "dpr"
  | "dpa"
  /** Any other message. */
  | "message"
  /** The timer of the state ran out: no CER, no CEA, no DPA, or no close after DPA. */
  | "timeout"
  /** The local side wants to take its leave. */
  | "stop"
  | "disconnected";

/** What the driver does about it, in this order. */
export type PeerAction =
  | "send-cea"
  | "refuse"
  | "opened"
  | "send-dwa"
  | "watchdog-answered"
  | "send-dpa"
  | "send-dpr"
  | "pass"
  | "discard"
  | "close-when-written"
  | "close";

/** One row of the table. */
export interface PeerStep {
  readonly state: PeerState;
  readonly actions: readonly PeerAction[];
}

const CLOSE: PeerStep = { state: "closed", actions: ["close"] };

/** One step. Every pair of state and event has a row; what the RFC calls Error is a close. */
export function stepPeer(state: PeerState, event: PeerEvent): PeerStep {
  if (state === "closed") return { state, actions: ["discard"] };
  if (event === "disconnected") return CLOSE;
  switch (state) {
    // Wait-I-CEA   I-Rcv-CEA       Process-CEA                 I-Open
    // Wait-I-CEA   I-Rcv-Non-CEA   Error                       Closed
    // Wait-I-CEA   Timeout         Error                       Closed
    case "wait-i-cea":
      return event === "cea-accepted" ? { state: "open", actions: ["opened"] } : CLOSE;

    // Closed       R-Conn-CER      R-Accept, Process-CER, R-Snd-CEA   R-Open
    case "wait-cer":
      if (event === "cer-accepted") return { state: "open", actions: ["send-cea", "opened"] };
      if (event === "cer-refused") return { state: "closed", actions: ["refuse", "close-when-written"] };
      return CLOSE;

    case "open":
      switch (event) {
        // R-Open   Rcv-Message     Process                     R-Open
        case "message":
          return { state, actions: ["pass"] };
        // R-Open   Rcv-DWR         Process-DWR, Snd-DWA        R-Open
        case "dwr":
          return { state, actions: ["send-dwa"] };
        // R-Open   Rcv-DWA         Process-DWA                 R-Open
        case "dwa":
          return { state, actions: ["watchdog-answered"] };
        // R-Open   Stop            Snd-DPR                     Closing
        case "stop":
          return { state: "closing", actions: ["send-dpr"] };
        // R-Open   Rcv-DPR         Snd-DPA                     Closing
        case "dpr":
          return { state: "leaving", actions: ["send-dpa"] };
        // Not in the table: a second CER of the same identity is answered again.
        case "cer-accepted":
          return { state, actions: ["send-cea"] };
        case "cea-accepted":
        case "cea-refused":
        case "dpa":
          return { state, actions: ["discard"] };
        case "cer-refused":
        case "timeout":
          return CLOSE;
      }
    // falls through: every event returned
    case "closing":
    case "leaving":
      switch (event) {
        // Closing  Rcv-DPA         Disc                        Closed
        // The answers to what came before it may still wait in the queue.
        case "dpa":
          return state === "closing"
            ? { state: "closed", actions: ["close-when-written"] }
            : { state, actions: ["discard"] };
        // Closing  Timeout         Error                       Closed
        case "timeout":
        case "cer-refused":
          return CLOSE;
        // Both took their leave at once: answer, and whoever's DPA comes first closes.
        case "dpr":
          return { state, actions: ["send-dpa"] };
        // Answers that are still awaited arrive; watchdogs are answered to the end.
        case "message":
          return { state, actions: ["pass"] };
        case "dwr":
          return { state, actions: ["send-dwa"] };
        case "dwa":
          return { state, actions: ["watchdog-answered"] };
        case "cer-accepted":
        case "cea-accepted":
        case "cea-refused":
        case "stop":
          return { state, actions: ["discard"] };
      }
  }
}
