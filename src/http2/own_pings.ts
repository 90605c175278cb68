/**
 * The PINGs of this side: what each was for, and when it went. PURE.
 * @module
 */

/** What a PING is for; the first octet of its payload. */
export const PING_FOR = { life: 1, leave: 2, caller: 3 } as const;

/** Unanswered PINGs of callers that are remembered. */
const MOST_CALLERS = 64;

interface Asked {
  readonly at: number;
  readonly done: (milliseconds: number) => void;
}

/** PINGs that wait for their ACK. */
export class OwnPings {
  #out = 0;
  #last = 0;
  #callers: Map<number, Asked> | undefined;

  /** The payload of a PING for ourselves. */
  payload(purpose: number): Uint8Array {
    this.#out++;
    return Uint8Array.of(purpose, 0, 0, 0, 0, 0, 0, 0);
  }

  /** The payload of a caller's. */
  ask(now: number, done: (milliseconds: number) => void): Uint8Array {
    const number = this.#last = (this.#last + 1) & 0xffffff;
    const callers = this.#callers ??= new Map<number, Asked>();
    callers.set(number, { at: now, done });
    for (const oldest of callers.keys()) {
      if (callers.size <= MOST_CALLERS) break;
      callers.delete(oldest);
    }
    const payload = this.payload(PING_FOR.caller);
    payload.set([number >>> 16, number >>> 8, number], 5);
    return payload;
  }

  /**
   * An ACK with the payload at `at`; a caller's is told.
   * @returns what it was for; 0 when nobody asked
   */
  answered(bytes: Uint8Array, at: number, now: number): number {
    if (this.#out === 0) return 0;
    this.#out--;
    const purpose = bytes[at]!;
    if (purpose !== PING_FOR.caller) return purpose;
    const number = (bytes[at + 5]! << 16) | (bytes[at + 6]! << 8) | bytes[at + 7]!;
    const asked = this.#callers?.get(number);
    this.#callers?.delete(number);
    asked?.done(now - asked.at);
    return purpose;
  }
}
