/**
 * One stream: plain fields, and the calls with which an upper layer answers.
 * @module
 */
import type { HeaderList } from "./hpack/header_list.ts";
import type { StreamListener } from "./listeners.ts";
import type { SendBuffer } from "./send_buffer.ts";
import { STATE } from "./stream_state.ts";

/** What a stream asks of its connection. Knows no more of it, so that files form no circle. */
export interface StreamOwner {
  sendHeaders(stream: Http2Stream, list: HeaderList, end: boolean): void;
  sendData(stream: Http2Stream, bytes: Uint8Array, end: boolean): void;
  resetStream(stream: Http2Stream, code: number): void;
  consumed(stream: Http2Stream, bytes: number): void;
}

/**
 * A stream of either role. Calls on one that has ended do nothing, so that nobody needs to ask. The
 * fields below the methods belong to the connection.
 */
export class Http2Stream {
  /** Who is told; may be changed between two calls. */
  listener: StreamListener;
  /** Bytes of DATA that wait for windows or for room in the connection's queue. */
  pendingBytes = 0;

  readonly #owner: StreamOwner;

  /** Made by its connection alone. */
  constructor(readonly id: number, owner: StreamOwner, listener: StreamListener, sendWindow: number, state: number) {
    this.#owner = owner;
    this.listener = listener;
    this.sendWindow = sendWindow;
    this.state = state;
  }

  /** This side has ended its half, though some of it may still wait (`pendingBytes`). */
  get localEnded(): boolean {
    return this.endQueued || this.state === STATE.halfClosedLocal || this.state === STATE.closed;
  }

  /** The peer has ended its half. */
  get remoteEnded(): boolean {
    return this.state === STATE.halfClosedRemote || this.state === STATE.closed;
  }

  /** Both halves have ended and all is sent, or the stream was reset. */
  get closed(): boolean {
    return this.state === STATE.closed;
  }

  /** Sends a header section: in server role the response, or an informational one. */
  sendHeaders(list: HeaderList, end: boolean): void {
    if (!this.localEnded) this.#owner.sendHeaders(this, list, end);
  }

  /**
   * Sends bytes of the body, which are copied at once: as far as the windows and the connection's
   * queue allow into that queue, the rest into memory of this stream. Whoever has more to send
   * looks at {@link pendingBytes} and waits for `drained`.
   */
  sendData(bytes: Uint8Array, end: boolean): void {
    if (!this.localEnded) this.#owner.sendData(this, bytes, end);
  }

  /** Sends trailers, behind all data, and ends this half. */
  sendTrailers(list: HeaderList): void {
    if (!this.localEnded) this.#owner.sendHeaders(this, list, true);
  }

  /**
   * Ends the stream with RST_STREAM; what waits is dropped. With NO_ERROR, once this half has
   * ended, what waits goes first (RFC 9113 section 8.1). The listener is told nothing more in
   * either case.
   */
  reset(code: number): void {
    if (this.state !== STATE.closed && !this.resetWhenSent) this.#owner.resetStream(this, code);
  }

  /**
   * Gives `bytes` of what `data` brought back to the peer's windows; it is told of it in large
   * steps. What a stream has not given back when it closes is given back to the connection then.
   */
  consumed(bytes: number): void {
    this.#owner.consumed(this, bytes);
  }

  /** See `stream_state.ts`. */
  state: number;
  /** What the peer lets us send; below 0 after it made its window smaller. */
  sendWindow: number;
  /** Bytes received that nobody has consumed. */
  unconsumed = 0;
  /** Bytes consumed that the peer has not been told of. */
  credit = 0;
  /** Of the peer's content-length: what is still to come; -1 without one. */
  expected: number = -1;
  /** The final header section of the peer has come. */
  headed = false;
  /** Client role: the response to this has no body whatever its content-length says. */
  bodiless = false;
  /** Waits in the connection's round for a turn to send. */
  queued = false;
  /** This half ends behind what waits. */
  endQueued = false;
  /** To be reset with NO_ERROR behind what waits; the peer is not listened to any more. */
  resetWhenSent = false;
  /**
   * What waits; undefined when nothing does.
   * @internal
   */
  pending: SendBuffer | undefined = undefined;
  /** Sent behind all data. */
  pendingTrailers: HeaderList | undefined = undefined;
}
