/**
 * The watchdog of RFC 3539 section 3.4.1, as its table has it. One per connection slot, not per
 * connection: REOPEN needs memory across connections.
 * @module
 */

/** States of RFC 3539 section 3.4.1. */
export type WatchdogState = "initial" | "okay" | "suspect" | "down" | "reopen";

/** All that is remembered. */
export interface Watchdog {
  readonly state: WatchdogState;
  /** A DWR is unanswered. */
  readonly pending: boolean;
  /** DWAs received in REOPEN; -1 after one went missing. */
  readonly numDwa: number;
}

/**
 * What can happen. `left` is ours: the peer took its leave with a DPR, or we ours, so that it comes
 * back OKAY.
 */
export type WatchdogEvent = "dwa" | "non-dwa" | "timer" | "up" | "down" | "left";

/**
 * What is to be done, in this order. AttemptOpen is missing: when to connect is the backoff's
 * business.
 */
export type WatchdogAction = "send-watchdog" | "set-watchdog" | "failover" | "failback" | "close" | "throwaway";

/** A step of the machine. */
export interface WatchdogStep {
  readonly watchdog: Watchdog;
  readonly actions: readonly WatchdogAction[];
}

/** Before the first connection. */
export const INITIAL_WATCHDOG: Watchdog = { state: "initial", pending: false, numDwa: 0 };

/**
 * One step.
 * @param reopenWatchdogs DWAs that lead from REOPEN to OKAY, 3 in RFC 3539; 0 leaves REOPEN out
 */
export function stepWatchdog(watchdog: Watchdog, event: WatchdogEvent, reopenWatchdogs = 3): WatchdogStep {
  const { state, pending, numDwa } = watchdog;
  const to = (next: Watchdog, ...actions: WatchdogAction[]): WatchdogStep => ({ watchdog: next, actions });
  const stay = (...actions: WatchdogAction[]): WatchdogStep => ({ watchdog, actions });
  switch (event) {
    case "dwa":
      switch (state) {
        // OKAY     Receive DWA               Pending = FALSE, SetWatchdog()                OKAY
        case "okay":
          return to({ ...watchdog, pending: false }, "set-watchdog");
        // SUSPECT  Receive DWA               Pending = FALSE, Failback(), SetWatchdog()    OKAY
        case "suspect":
          return to({ ...watchdog, state: "okay", pending: false }, "failback", "set-watchdog");
        // REOPEN   Receive DWA, NumDWA == 2  Pending = FALSE, NumDWA++, Failback()         OKAY
        // REOPEN   Receive DWA, NumDWA < 2   Pending = FALSE, NumDWA++                     REOPEN
        case "reopen":
          return numDwa >= reopenWatchdogs - 1
            ? to({ state: "okay", pending: false, numDwa: numDwa + 1 }, "failback")
            : to({ ...watchdog, pending: false, numDwa: numDwa + 1 });
        // INITIAL  Receive DWA               Throwaway()                                   INITIAL
        // DOWN     Receive DWA               Throwaway()                                   DOWN
        case "initial":
        case "down":
          return stay("throwaway");
      }
    // falls through: every state returned
    case "non-dwa":
      switch (state) {
        // OKAY     Receive non-DWA           SetWatchdog()                                 OKAY
        case "okay":
          return stay("set-watchdog");
        // SUSPECT  Receive non-DWA           Failback(), SetWatchdog()                     OKAY
        case "suspect":
          return to({ ...watchdog, state: "okay" }, "failback", "set-watchdog");
        // REOPEN   Receive non-DWA           Throwaway()                                   REOPEN
        // INITIAL  Receive non-DWA           Throwaway()                                   INITIAL
        // DOWN     Receive non-DWA           Throwaway()                                   DOWN
        case "reopen":
        case "initial":
        case "down":
          return stay("throwaway");
      }
    // falls through: every state returned
    case "timer":
      switch (state) {
        // OKAY     Timer expires, !Pending   SendWatchdog(), SetWatchdog(), Pending = TRUE OKAY
        // OKAY     Timer expires, Pending    Failover(), SetWatchdog()                     SUSPECT
        case "okay":
          return pending
            ? to({ ...watchdog, state: "suspect" }, "failover", "set-watchdog")
            : to({ ...watchdog, pending: true }, "send-watchdog", "set-watchdog");
        // SUSPECT  Timer expires             CloseConnection(), SetWatchdog()              DOWN
        case "suspect":
          return to({ ...watchdog, state: "down" }, "close", "set-watchdog");
        // REOPEN   Timer expires, !Pending   SendWatchdog(), SetWatchdog(), Pending = TRUE REOPEN
        // REOPEN   Timer expires, Pending, NumDWA >= 0   NumDWA = -1, SetWatchdog()        REOPEN
        // REOPEN   Timer expires, Pending, NumDWA < 0    CloseConnection(), SetWatchdog()  DOWN
        case "reopen":
          if (!pending) return to({ ...watchdog, pending: true }, "send-watchdog", "set-watchdog");
          return numDwa >= 0
            ? to({ ...watchdog, numDwa: -1 }, "set-watchdog")
            : to({ ...watchdog, state: "down" }, "close", "set-watchdog");
        // INITIAL  Timer expires             AttemptOpen(), SetWatchdog()                  INITIAL
        // DOWN     Timer expires             AttemptOpen(), SetWatchdog()                  DOWN
        case "initial":
        case "down":
          return stay();
      }
    // falls through: every state returned
    case "up":
      switch (state) {
        // INITIAL  Connection up             SetWatchdog()                                 OKAY
        case "initial":
          return to({ state: "okay", pending: false, numDwa: 0 }, "set-watchdog", "failback");
        // DOWN Connection up NumDWA = 0, SendWatchdog(), SetWatchdog(), Pending = TRUE REOPEN
        case "down":
          return reopenWatchdogs === 0
            ? to({ state: "okay", pending: false, numDwa: 0 }, "set-watchdog", "failback")
            : to({ state: "reopen", pending: true, numDwa: 0 }, "send-watchdog", "set-watchdog");
        case "okay":
        case "suspect":
        case "reopen":
          return stay();
      }
    // falls through: every state returned
    case "down":
      switch (state) {
        // OKAY     Connection down           CloseConnection(), Failover(), SetWatchdog()  DOWN
        case "okay":
          return to({ ...watchdog, state: "down", pending: false }, "close", "failover");
        // SUSPECT  Connection down           CloseConnection(), SetWatchdog()              DOWN
        // REOPEN   Connection down           CloseConnection(), SetWatchdog()              DOWN
        case "suspect":
        case "reopen":
          return to({ ...watchdog, state: "down", pending: false }, "close");
        // INITIAL: a connection that never was up leaves it there. DOWN: nothing more to lose.
        case "initial":
        case "down":
          return stay();
      }
    // falls through: every state returned
    case "left":
      return to(INITIAL_WATCHDOG);
  }
}
