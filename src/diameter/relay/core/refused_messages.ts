/**
 * The last messages that were malformed or refused, for whoever asks what was wrong with them.
 * @module
 */
import { type Header, HEADER_LENGTH, readHeader } from "../../wire/header.ts";

/** One of them. */
export interface RefusedMessage {
  /** Grows with each. */
  readonly serial: number;
  /** Unix time in milliseconds. */
  readonly at: number;
  /** Origin-Host of the peer, or its address before that is known. */
  readonly peer: string;
  /** With what it was answered; 0 when it was not. */
  readonly resultCode: number;
  /** One of a small fixed set. */
  readonly reason: string;
  /** For a person. */
  readonly message: string;
  /** Undefined when less of it came than a header. */
  readonly header: Header | undefined;
  /** The first bytes of it. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** How many are kept, and how much of each. */
const KEPT = 100;
const KEPT_BYTES = 256;
/**
 * More than these in one tick are not looked at: under overload a million may be refused a second.
 */
const PER_TICK = 10;

/** A ring of them. */
export class RefusedMessages {
  #kept: RefusedMessage[] = [];
  #serial = 0;
  #tick = -1;
  #inTick = 0;

  /** Notes the message from `at` to `end`. @param tick any number that changes now and then */
  note(
    why: { readonly peer: string; readonly resultCode: number; readonly reason: string; readonly message: string },
    bytes: Uint8Array,
    at: number,
    end: number,
    tick: number,
  ): void {
    if (tick !== this.#tick) {
      this.#tick = tick;
      this.#inTick = 0;
    }
    if (this.#inTick++ >= PER_TICK) return;
    const copy = bytes.slice(at, Math.min(end, at + KEPT_BYTES));
    const { peer, resultCode, reason, message } = why;
    const serial = ++this.#serial;
    this.#kept.push({
      serial,
      at: Date.now(),
      peer,
      resultCode,
      reason,
      message,
      header: copy.length < HEADER_LENGTH ? undefined : readHeader(copy, 0),
      bytes: copy,
    });
    if (this.#kept.length > KEPT) this.#kept.shift();
  }

  /** Newest first. */
  list(): RefusedMessage[] {
    return this.#kept.toReversed();
  }
}
