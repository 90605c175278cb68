/**
 * Plain numbers that the message path adds to; whoever shows them reads them when asked.
 * @module
 */

/** Of one DRA, over all its connections. */
export class DraCounters {
  messagesSent = 0;
  messagesReceived = 0;
  /** Of connections that ended; live ones are added when read. */
  bytesSent = 0;
  bytesReceived = 0;
  reconnects = 0;
  requests = 0;
}

/**
 * Why a connection of a Logic App was not served: max_connections are there, or descriptors ran out
 * before it was accepted; the gateway takes its leave; it closed without a word; its TLS handshake
 * failed; it had to make room before its CER; it sent no CER that could be accepted.
 */
export type RefusalReason =
  | "limit"
  | "not_accepted"
  | "draining"
  | "silent"
  | "tls_handshake"
  | "unidentified"
  | "capabilities";

/** Of the gateway. Transactions obey created = completed + expired + rejected + abandoned + active. */
export class Counters {
  created = 0;
  completed = 0;
  expired = 0;
  rejected = 0;
  abandoned = 0;
  toDra = 0;
  fromDra = 0;
  toApp = 0;
  fromApp = 0;
  /** Microseconds from request to answer, over all completed transactions. */
  latencySum = 0;
  /** Own answers because no peer could take the request. */
  routingErrors = 0;
  failovers = 0;
  failbacks = 0;
  /**
   * Connections of Logic Apps that never were served, by `listener reason`.
   * See {@link RefusalReason}.
   */
  readonly refused = new Map<string, number>();
  /** `code reason` to how often this node answered with it. */
  readonly errorAnswers = new Map<string, number>();
  /** Retransmissions by `dra reason`. */
  readonly retransmissions = new Map<string, number>();
  /** Answers that nobody waits for, by reason: unknown, late, duplicate, gone. */
  readonly unmatched = new Map<string, number>();
  /** Messages thrown away, by reason. */
  readonly discarded = new Map<string, number>();

  /** Transactions that wait for their answer. */
  get active(): number {
    return this.created - this.completed - this.expired - this.rejected - this.abandoned;
  }
}

/** Adds one to `key`. */
export function count(map: Map<string, number>, key: string, by = 1): void {
  map.set(key, (map.get(key) ?? 0) + by);
}
