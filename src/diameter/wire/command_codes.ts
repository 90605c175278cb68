/** Command codes (RFC 6733 section 3.1 and the applications named beside them). */
export const COMMAND = {
  capabilitiesExchange: 257,
  reAuth: 258,
  aa: 265,
  accounting: 271,
  creditControl: 272,
  abortSession: 274,
  sessionTermination: 275,
  deviceWatchdog: 280,
  disconnectPeer: 282,
  /** 3GPP-ME-Identity-Check, S13 (TS 29.272 section 7.2.19). */
  meIdentityCheck: 324,
} as const;

// Constants of this module: the engine loads what others may import anew each time.
const { deviceWatchdog: WATCHDOG, capabilitiesExchange: CAPABILITIES, disconnectPeer: DISCONNECT } = COMMAND;

/**
 * CER, DWR and DPR concern one connection only and are never relayed (RFC 6733 sections 5.3 to
 * 5.5).
 */
export function isPeerCommand(command: number): boolean {
  return command === WATCHDOG || command === CAPABILITIES || command === DISCONNECT;
}
