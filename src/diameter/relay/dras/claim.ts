/**
 * The word on a connection that a DRA opened to us: RFC 6733 section 5.6 knows one connection to a
 * peer.
 * @module
 */
import type { CapabilitiesFault } from "../../peer/capabilities.ts";
import { RESULT } from "../../wire/result_codes.ts";

/** A CER whose Origin-Host is that of a DRA, and how that DRA stands. */
export interface DraClaim {
  /** The DRA's name in the configuration. */
  readonly dra: string;
  /** False while an operator keeps it out of service. */
  readonly enabled: boolean;
  /** Its connection is open; or one that we dialled waits for the CEA; or there is neither. */
  readonly standing: "open" | "exchange" | "none";
  /** Why it cannot be taken for that DRA: its address, its certificate; undefined when it can. */
  readonly doubt: string | undefined;
  /** Whether this side wins the election, see `winsElection`. */
  readonly wins: boolean;
}

/**
 * What becomes of it. `adopt`: it is the DRA's connection, in place of what we are dialling.
 * `wait`: the election is lost, and what we dialled decides: when that opens this one is refused,
 * when it fails this one is all there is. A fault goes into its CEA, and the connection is closed.
 */
export function judgeClaim({ dra, enabled, standing, doubt, wins }: DraClaim): "adopt" | "wait" | CapabilitiesFault {
  // R-Open, I-Open            R-Conn-CER     R-Reject
  if (standing === "open") {
    return { resultCode: RESULT.electionLost, reason: `the connection to DRA ${dra} is open already` };
  }
  // A stranger takes no part in an election: it would end what the DRA itself is about to open.
  if (!enabled) return { resultCode: RESULT.unknownPeer, reason: `DRA ${dra} is disabled` };
  if (doubt !== undefined) return { resultCode: RESULT.unknownPeer, reason: doubt };
  // Wait-Returns              Win-Election   I-Disc, R-Snd-CEA      R-Open
  // Wait-Returns              I-Peer-Disc    I-Disc, R-Snd-CEA      R-Open
  // Wait-Returns              I-Rcv-CEA      R-Disc                 I-Open
  return standing === "exchange" && !wins ? "wait" : "adopt";
}
