/**
 * One call of the program: a message on its way, and who waits for what becomes of it.
 * @module
 */
import { FLAG, OFFSET, viewOf } from "../wire/header.ts";
import { follow, unfollow } from "./abort_watch.ts";
import type { Message } from "./message.ts";

/** Where a call is at the moment. */
export interface CallOwner {
  /** It has been settled: it is to be dropped. */
  forget(call: Call): void;
}

/** How a call is to be treated. Times in milliseconds. */
export interface CallOptions {
  /**
   * Until it must have ended, waiting included; `requestTimeout` of the client unless given,
   * Infinity for never.
   */
  readonly timeout?: number;
  /**
   * Gives the call up: it is rejected with the signal's reason. What was written already is not
   * taken back.
   */
  readonly signal?: AbortSignal;
}

/** How a request is to be treated. */
export interface RequestOptions extends CallOptions {
  /**
   * When the connection is lost: true sends the request again on another one, with the T flag (RFC
   * 6733 section 5.5.4), until it is answered or its time is up; false (the default) rejects it
   * with `ConnectionClosedError`.
   */
  readonly resend?: boolean;
  /**
   * Sends the hop-by-hop id that the message has, instead of a fresh one. It must not be that of
   * another request that waits.
   */
  readonly keepIds?: boolean;
}

/** A message from the call to its end. */
export class Call {
  /** Who holds it: a group while it waits, a connection when it is sent. */
  owner: CallOwner | undefined;
  /** The hop-by-hop id it has on the connection. */
  sentAs = 0;
  /** It may have been seen before: the T flag is set (RFC 6733 section 3). */
  retransmitted = false;
  settled = false;
  readonly resend: boolean;
  readonly keepIds: boolean;
  readonly isRequest: boolean;
  /** Of the header as the program gave it. */
  readonly command: number;
  readonly hopByHop: number;
  readonly endToEnd: number;
  /**
   * The whole message as the program gave it; it is not looked at again once it is sent, unless it
   * may be sent again.
   */
  message: Uint8Array;
  #copied = false;
  readonly #signal: AbortSignal | undefined;
  readonly #done: (answer: Message | undefined) => void;
  readonly #failed: (error: unknown) => void;

  /**
   * @param awaitsAnswer false: it has ended when it is written
   * @param deadline when its time is up, by the client's clock
   */
  constructor(
    message: Uint8Array,
    readonly awaitsAnswer: boolean,
    readonly deadline: number,
    options: RequestOptions,
    done: (answer: Message | undefined) => void,
    failed: (error: unknown) => void,
  ) {
    this.message = message;
    const view = viewOf(message);
    const word = view.getUint32(OFFSET.command);
    this.isRequest = (word & (FLAG.request << 24)) !== 0;
    this.command = word & 0xffffff;
    this.hopByHop = view.getUint32(OFFSET.hopByHop);
    this.endToEnd = view.getUint32(OFFSET.endToEnd);
    this.resend = options.resend === true;
    this.keepIds = options.keepIds === true;
    this.#done = done;
    this.#failed = failed;
    const { signal } = options;
    if (signal === undefined) return;
    this.#signal = signal;
    follow(signal, this);
  }

  /** From now on the program may write over what it gave. */
  copy(): void {
    if (this.#copied) return;
    this.#copied = true;
    this.message = this.message.slice();
  }

  /** It is written, or answered. */
  succeed(answer?: Message): void {
    if (this.#settle()) this.#done(answer);
  }

  /** It ends with `error`. */
  fail(error: unknown): void {
    if (this.#settle()) this.#failed(error);
  }

  #settle(): boolean {
    if (this.settled) return false;
    this.settled = true;
    if (this.#signal !== undefined) unfollow(this.#signal, this);
    this.owner?.forget(this);
    this.owner = undefined;
    return true;
  }
}
