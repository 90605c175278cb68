/**
 * How entries of the ring look: offsets in 32 bit words from their beginning. The word at 0 is the
 * log's.
 * @module
 */

/** Kinds of entries. */
export const KIND = { record: 1, attempt: 2, received: 3, sent: 4 } as const;

/**
 * A transaction. Its session id follows. Later entries of it lie behind it, and are there while it
 * is.
 */
export const RECORD = {
  /** Place of the transaction before it. */
  previous: 1,
  /** Two words: milliseconds since 1970. */
  at: 2,
  /** The same moment in microseconds, modulo 2^32. */
  now: 4,
  /** Place of its newest {@link ATTEMPT}. */
  lastAttempt: 5,
  requester: 6,
  /** Connection that it went to last. */
  target: 7,
  application: 8,
  command: 9,
  hopByHop: 10,
  /** Towards {@link RECORD.target}. */
  targetHopByHop: 11,
  endToEnd: 12,
  route: 13,
  pool: 14,
  resultCode: 15,
  /** Microseconds. */
  duration: 16,
  reason: 17,
  /** Whether it has ended. */
  ended: 18,
  /** Counts transactions, modulo 2^32. */
  serial: 19,
  /** As a single precision number: one of so many was recorded. */
  oneIn: 20,
  /** Bytes. */
  sessionLength: 21,
  /** Numbers of remarks. */
  choice: 22,
  explanation: 23,
  size: 24,
} as const;

/** What all later entries have. */
export const ENTRY = {
  /** Place of the transaction. */
  record: 1,
  /** Microseconds, modulo 2^32. */
  now: 2,
  connection: 3,
} as const;

/** A sending of the request. */
export const ATTEMPT = {
  ...ENTRY,
  /** Place of the attempt before it; 0: it is the first. */
  previous: 4,
  outcome: 5,
  size: 6,
} as const;

/** A message; its bytes follow. */
export const MESSAGE = { ...ENTRY, length: 4, size: 6 } as const;
