/**
 * What can go wrong with a client, as classes that a program can tell apart. A call that took too
 * long is rejected with a `DOMException` named `TimeoutError`, one that was given up with the
 * reason of its `AbortSignal`, as `fetch` does.
 * @module
 */

/** Options that cannot work. All problems are told, not only the first. */
export class InvalidConfigError extends TypeError {
  /**
   * All problems at once.
   * @param problems one line each: `port: expected a whole number 1..65535, got 70000`
   */
  constructor(readonly problems: readonly string[]) {
    super(problems.join("\n"));
    this.name = "InvalidConfigError";
  }
}

/**
 * The transport connection could not be established: refused, unreachable, a certificate that does
 * not stand.
 */
export class ConnectionFailedError extends Error {
  /** Made when dialling failed. @param address `host:port` that was dialled */
  constructor(readonly address: string, reason: string, options?: ErrorOptions) {
    super(`Cannot connect to ${address}: ${reason}`, options);
    this.name = "ConnectionFailedError";
  }
}

/**
 * The transport connection was there, but the capabilities exchange failed (RFC 6733 section 5.3).
 */
export class HandshakeFailedError extends Error {
  /**
   * Made when no CEA came, or one that refuses.
   * @param address `host:port` that was dialled
   * @param resultCode Result-Code of the CEA; undefined when none came
   * @param errorMessage Error-Message of the CEA
   */
  constructor(
    readonly address: string,
    reason: string,
    readonly resultCode: number | undefined,
    readonly errorMessage: string | undefined,
  ) {
    super(`Cannot exchange capabilities with ${address}: ${reason}`);
    this.name = "HandshakeFailedError";
  }
}

/**
 * The connection that a call was using was closed, or none is open and the call was not to wait for
 * one. Whether the peer has seen the message is not known.
 */
export class ConnectionClosedError extends Error {
  /**
   * Made when it ended, or was not there.
   * @param address `host:port` @param reason what happened
   */
  constructor(readonly address: string, readonly reason: string) {
    super(`The connection to ${address} is closed: ${reason}`);
    this.name = "ConnectionClosedError";
  }
}

/** `close()` was called. */
export class PoolClosedError extends Error {
  /** Made for every call that is left, and every later one. @param what what was closed */
  constructor(what = "pool") {
    super(`The ${what} is closed`);
    this.name = "PoolClosedError";
  }
}

/** As many calls wait as may; what is given is not taken. */
export class QueueFullError extends Error {
  /** Made for the call that found no room. @param limit `maxWaiting` of the options */
  constructor(readonly address: string, readonly limit: number) {
    super(`Cannot queue another message to ${address}: ${limit} calls are waiting, which is maxWaiting`);
    this.name = "QueueFullError";
  }
}

/**
 * An answer that cannot be used. It ends its own request alone: the connection and the other
 * requests go on.
 */
export class MalformedAnswerError extends RangeError {
  /**
   * Made for the request that was answered so.
   * @param subject what is wrong: `AVP Equipment-Status (1445)`, `the End-to-End Identifier`
   * @param offset the byte of the answer where that begins
   * @param avp code of the AVP; undefined when it is the header's fault
   */
  constructor(address: string, subject: string, readonly offset: number, reason: string, readonly avp?: number) {
    super(`Cannot use the answer of ${address}: ${subject} at byte ${offset}: ${reason}`);
    this.name = "MalformedAnswerError";
  }
}

/** What a call that took too long is rejected with. */
export function timeoutError(message: string): DOMException {
  return new DOMException(message, "TimeoutError");
}
