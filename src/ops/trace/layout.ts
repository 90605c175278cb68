/**
 * How entries of the ring look: offsets in 32 bit words from their beginning.
 * @module
 */

/**
 * Of a transaction. Its session id follows. Later entries of it lie behind it, and are there while
 * it is.
 */
export const RECORD = {
  /** Place of the transaction before it. */
  previous: 0,
  /** Place of its newest {@link ATTEMPT} or {@link MESSAGE}. */
  last: 1,
  /** Two words: milliseconds since 1970. */
  at: 2,
  /** The same moment in microseconds, modulo 2^32. */
  now: 4,
  requester: 5,
  /** Connection that it went to last. */
  target: 6,
  application: 7,
  command: 8,
  hopByHop: 9,
  /** Towards {@link RECORD.target}. */
  targetHopByHop: 10,
  endToEnd: 11,
  route: 12,
  pool: 13,
  resultCode: 14,
  /** Microseconds. */
  duration: 15,
  reason: 16,
  /** Whether it has ended. */
  ended: 17,
  /** Counts transactions, modulo 2^32. */
  serial: 18,
  /** As a single precision number: one of so many was recorded. */
  oneIn: 19,
  /** Place of the newest {@link ATTEMPT}. */
  lastAttempt: 20,
  /** Bytes. */
  sessionLength: 21,
  size: 22,
} as const;

/** What {@link ENTRY.kind} says. */
export const KIND = { attempt: 1, received: 2, sent: 3 } as const;

/** Of what both kinds of later entries have. */
export const ENTRY = {
  kind: 0,
  /** Place of the transaction's entry before it; 0: it is the first. */
  previous: 1,
  /** Microseconds, modulo 2^32. */
  now: 2,
  connection: 3,
} as const;

/** Of a sending. */
export const ATTEMPT = { ...ENTRY, outcome: 4, size: 6 } as const;

/** Of a message; its bytes follow. */
export const MESSAGE = { ...ENTRY, length: 4, size: 6 } as const;
