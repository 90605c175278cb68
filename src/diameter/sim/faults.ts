/**
 * The faults of a simulated DRA, as a decision: what happens to the nth request. Nothing here acts.
 * @module
 */

/** A Result-Code, or an Experimental-Result when it has a vendor. */
export interface SimResult {
  /** Result-Code, or Experimental-Result-Code. */
  readonly code: number;
  /** 0: a plain Result-Code. */
  readonly vendor: number;
}

/**
 * What goes wrong. Times in milliseconds; `every` counts the requests of all connections, 0 is
 * never.
 */
export interface Faults {
  /** Every answer comes this much later ... */
  readonly delay: number;
  /** ... give or take this much. */
  readonly delayJitter: number;
  /** The result of every answer that no other fault decides. */
  readonly result: SimResult | undefined;
  /** No answer. */
  readonly dropEvery: number;
  /** 3004 DIAMETER_TOO_BUSY with the E bit. */
  readonly busyEvery: number;
  /** {@link errorResult}. */
  readonly errorEvery: number;
  /** What {@link errorEvery} answers. */
  readonly errorResult: SimResult;
  /** Two answers. */
  readonly duplicateEvery: number;
  /** The answer comes {@link lateBy} later than the others. */
  readonly lateEvery: number;
  /** See {@link lateEvery}. */
  readonly lateBy: number;
  /** An answer with a hop-by-hop id that nobody waits for. */
  readonly wrongHopByHopEvery: number;
  /** Answers are collected by so many and leave in reverse order; 0 or 1 leaves them in order. */
  readonly reorder: number;
  /** A connection is dropped at its nth request, which is not answered. */
  readonly closeAfter: number;
  /**
   * From its nth request on a connection is dead: it stays open and nothing is answered, DWR
   * included.
   */
  readonly silenceAfter: number;
  /** DWRs are not answered; requests are. */
  readonly noWatchdog: boolean;
  /** Bytes a second that an open connection reads; 0 reads nothing, Infinity knows no limit. */
  readonly readRate: number;
  /** An open connection is left with a DPR after this long. */
  readonly dprAfter: number;
  /** Disconnect-Cause of that DPR, and of the one at the end. */
  readonly dprCause: number;
  /** An open connection gets a request of the DRA's own this often. */
  readonly requestEvery: number;
  /** Command code of these requests: 258, Re-Auth, unless said otherwise. */
  readonly requestCommand: number;
  /** Application id of these requests. */
  readonly requestApplication: number;
  /** Destination-Host of these requests; "" goes round the Origin-Hosts seen on the connection. */
  readonly requestDestinationHost: string;
}

/** A DRA that does everything right. */
export const NO_FAULTS: Faults = {
  delay: 0,
  delayJitter: 0,
  result: undefined,
  dropEvery: 0,
  busyEvery: 0,
  errorEvery: 0,
  errorResult: { code: 5012, vendor: 0 },
  duplicateEvery: 0,
  lateEvery: 0,
  lateBy: 0,
  wrongHopByHopEvery: 0,
  reorder: 0,
  closeAfter: 0,
  silenceAfter: 0,
  noWatchdog: false,
  readRate: Infinity,
  dprAfter: 0,
  dprCause: 0,
  requestEvery: 0,
  requestCommand: 258,
  requestApplication: 4,
  requestDestinationHost: "",
};

/** What is decided for one request; bits of the result of {@link decide}. */
export const DECISION = {
  drop: 1,
  busy: 2,
  error: 4,
  duplicate: 8,
  late: 16,
  wrongHopByHop: 32,
  close: 64,
  silence: 128,
} as const;

/**
 * What happens to a request.
 * @param count how many requests there were on all connections, this one included @param
 * onConnection the same of its own connection
 * @returns the sum of {@link DECISION} bits. Of drop, busy and error at most one is set: the first
 * that applies
 */
export function decide(faults: Faults, count: number, onConnection: number): number {
  if (isTurn(faults.closeAfter, onConnection)) return DECISION.close;
  if (faults.silenceAfter > 0 && onConnection >= faults.silenceAfter) return DECISION.silence;
  if (isTurn(faults.dropEvery, count)) return DECISION.drop;
  let decision = 0;
  if (isTurn(faults.busyEvery, count)) decision = DECISION.busy;
  else if (isTurn(faults.errorEvery, count)) decision = DECISION.error;
  if (isTurn(faults.duplicateEvery, count)) decision |= DECISION.duplicate;
  if (isTurn(faults.lateEvery, count)) decision |= DECISION.late;
  if (isTurn(faults.wrongHopByHopEvery, count)) decision |= DECISION.wrongHopByHop;
  return decision;
}

/** Milliseconds until the answer leaves, for a `dice` from 0 to below 1. */
export function delayOf(faults: Faults, decision: number, dice: number): number {
  const late = (decision & DECISION.late) !== 0 ? faults.lateBy : 0;
  return Math.max(0, faults.delay + faults.delayJitter * (2 * dice - 1)) + late;
}

/** Whether any fault touches single answers: without, they take the quick way. */
export function touchesAnswers(faults: Faults): boolean {
  return faults.delay > 0 || faults.delayJitter > 0 || faults.result !== undefined || faults.dropEvery > 0 ||
    faults.busyEvery > 0 || faults.errorEvery > 0 || faults.duplicateEvery > 0 || faults.lateEvery > 0 ||
    faults.wrongHopByHopEvery > 0 || faults.reorder > 1 || faults.closeAfter > 0 || faults.silenceAfter > 0;
}

/** Throws a number from 0 to below 1; the same seed gives the same throws. */
export function seededDice(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}

function isTurn(every: number, count: number): boolean {
  return every > 0 && count % every === 0;
}
