/**
 * What becomes of an accepted connection whose CER names a DRA.
 * @module
 */
import type { CapabilitiesFault } from "../../peer/capabilities.ts";
import type { Peer } from "../../peer/peer.ts";
import type { Served } from "./relay_peer.ts";

/** An accepted connection whose CER is being judged. */
export interface Claimant {
  readonly peer: Peer;
  /** It is a DRA's from here on: `served` speaks for it. */
  movedTo(served: Served): void;
}

/** Whoever knows the DRAs. */
export interface Adoption {
  /**
   * Judges the CER of `claimant` when it has the identity of a DRA, which is no Logic App.
   * @returns undefined when it has not; else the verdict: undefined for a connection that is the
   * DRA's now, or gone, a fault for its CEA
   */
  judge(claimant: Claimant): Promise<CapabilitiesFault | undefined> | undefined;
}
