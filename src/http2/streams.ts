/**
 * The streams of one connection: which there are, how they end, and the windows that they give
 * back.
 * @module
 */
import { ERROR_CODE } from "./error_code.ts";
import type { HeaderList } from "./hpack/header_list.ts";
import type { ConnectionListener, StreamEnd, StreamListener } from "./listeners.ts";
import type { ReceiveWindow } from "./receive_window.ts";
import type { Sender, SenderOwner } from "./sender.ts";
import { INITIAL_WINDOW } from "./settings.ts";
import { Http2Stream, type StreamOwner } from "./stream.ts";
import { StreamIds } from "./stream_ids.ts";
import { StreamTable } from "./stream_table.ts";
import { afterRemoteEnd, STATE } from "./stream_state.ts";

/** The highest stream id. */
export const MAX_ID = 0x7fffffff;

/** What handles a connection. */
export type Http2Listener = ConnectionListener<Http2Stream>;

/** What the streams tell their connection. */
export interface StreamsOwner {
  /** Nothing is to be sent any more. */
  readonly over: boolean;
  /** A stream has gone. */
  gone(): void;
  /** The peer made this side reset a stream. */
  madeReset(): void;
  /** A write failed. */
  writeFailed(error: unknown): void;
}

/** All open streams, and what is remembered of others. */
export class Streams implements StreamOwner, SenderOwner {
  readonly ids = new StreamIds();
  /** The last id of our GOAWAY: what the peer opens above it is ignored. */
  lastServed = MAX_ID;
  /** The next id of a client. */
  nextId = 1;
  /** Our SETTINGS are acknowledged: the windows in them hold. */
  acknowledged = false;
  sender!: Sender;
  readonly #open = new StreamTable();
  /** The stream whose frame is being handed on; it is removed after that. */
  #current: Http2Stream | undefined;
  readonly #owner: StreamsOwner;
  readonly #listener: Http2Listener;
  readonly #client: boolean;
  readonly #window: ReceiveWindow;
  /** What one stream may hold; as announced, and therefore never changed. */
  readonly #streamWindow: number;

  constructor(
    owner: StreamsOwner,
    listener: Http2Listener,
    client: boolean,
    window: ReceiveWindow,
    streamWindow: number,
  ) {
    this.#owner = owner;
    this.#listener = listener;
    this.#client = client;
    this.#window = window;
    this.#streamWindow = streamWindow;
  }

  /** How many are open. */
  get size(): number {
    return this.#open.size;
  }

  get(id: number): Http2Stream | undefined {
    return this.#open.get(id);
  }

  values(): Http2Stream[] {
    return this.#open.values();
  }

  /** A stream that is open from now on. */
  add(id: number, listener: StreamListener, sendWindow: number, state: number): Http2Stream {
    const stream = new Http2Stream(id, this, listener, sendWindow, state);
    this.#open.add(stream);
    return stream;
  }

  /** Whether nobody has used `id` yet. */
  isIdle(id: number): boolean {
    if (this.#client) return (id & 1) === 0 || id >= this.nextId;
    return (id & 1) === 0 || id > this.ids.last;
  }

  /** Whether frames on `id`, which is not open, are no fault of the peer. */
  isIgnored(id: number): boolean {
    return this.ids.wasReset(id) || (!this.#client && id > this.lastServed);
  }

  // What streams ask for.

  sendHeaders(stream: Http2Stream, list: HeaderList, end: boolean): void {
    if (!this.#owner.over) this.sender.headers(stream, list, end);
  }

  sendData(stream: Http2Stream, bytes: Uint8Array, end: boolean): void {
    if (!this.#owner.over) this.sender.data(stream, bytes, end);
  }

  resetStream(stream: Http2Stream, code: number): void {
    if (code === ERROR_CODE.NO_ERROR && stream.endQueued && stream.pendingBytes > 0) {
      stream.resetWhenSent = true;
      this.giveBack(takeUnconsumed(stream));
      return;
    }
    this.sendReset(stream.id, code, stream.remoteEnded);
    this.#remove(stream);
  }

  consumed(stream: Http2Stream, octets: number): void {
    const count = Math.min(octets, stream.unconsumed);
    if (count <= 0) return;
    stream.unconsumed -= count;
    this.giveBackOf(stream, count);
  }

  // What the sender tells.

  finished(stream: Http2Stream): void {
    if (stream !== this.#current) this.#remove(stream);
  }

  resetDue(stream: Http2Stream): void {
    if (stream.state === STATE.closed) return;
    stream.resetWhenSent = false;
    this.resetStream(stream, ERROR_CODE.NO_ERROR);
  }

  drained(stream: Http2Stream): void {
    try {
      stream.listener.drained();
    } catch (error) {
      this.#threw(error, stream);
    }
  }

  writeFailed(error: unknown): void {
    this.#owner.writeFailed(error);
  }

  // What comes is handed on.

  /** A request; its listener answers who handles the stream. */
  request(stream: Http2Stream, list: HeaderList, end: boolean): void {
    this.#current = stream;
    try {
      stream.listener = this.#listener.request!(stream, list, end);
    } catch (error) {
      this.#threw(error, stream);
    }
    this.#handedOn(stream);
  }

  /** A response. */
  headers(stream: Http2Stream, list: HeaderList, end: boolean): void {
    if (end) stream.state = afterRemoteEnd(stream.state);
    this.#current = stream;
    try {
      stream.listener.headers(list, end);
    } catch (error) {
      this.#threw(error, stream);
    }
    this.#handedOn(stream);
  }

  data(stream: Http2Stream, bytes: Uint8Array, end: boolean): void {
    if (end) stream.state = afterRemoteEnd(stream.state);
    this.#current = stream;
    try {
      stream.listener.data(bytes, end);
    } catch (error) {
      this.#threw(error, stream);
    }
    this.#handedOn(stream);
  }

  trailers(stream: Http2Stream, list: HeaderList): void {
    stream.state = afterRemoteEnd(stream.state);
    this.#current = stream;
    try {
      stream.listener.trailers(list);
    } catch (error) {
      this.#threw(error, stream);
    }
    this.#handedOn(stream);
  }

  #handedOn(stream: Http2Stream): void {
    this.#current = undefined;
    if (stream.state === STATE.closed) this.#remove(stream);
  }

  // Windows that are given back.

  /** Whether the peer may have so many octets more unconsumed on `stream`. */
  allows(stream: Http2Stream, octets: number): boolean {
    // Before our SETTINGS are acknowledged, perhaps by the window that every stream has at first.
    const window = this.acknowledged ? this.#streamWindow : Math.max(this.#streamWindow, INITIAL_WINDOW);
    return stream.unconsumed + stream.credit + octets <= window;
  }

  giveBackOf(stream: Http2Stream, octets: number): void {
    if (stream.state === STATE.open || stream.state === STATE.halfClosedLocal) {
      stream.credit += octets;
      if (stream.credit >= this.#streamWindow / 2 && !this.#owner.over) {
        this.sender.windowUpdate(stream.id, stream.credit);
        stream.credit = 0;
      }
    }
    this.giveBack(octets);
  }

  /** To the connection's window alone. */
  giveBack(octets: number): void {
    const increment = this.#window.consume(octets);
    if (increment > 0 && !this.#owner.over) this.sender.windowUpdate(0, increment);
  }

  // The ends of streams.

  /**
   * The peer broke a rule of `id`, which need not be open.
   * @param ended the peer's half has ended: nothing will come that had to be ignored
   */
  fail(id: number, code: number, reason: string, ended = false): void {
    const stream = this.#open.get(id);
    try {
      this.#listener.protocolError?.(reason);
    } catch (error) {
      this.#listener.failed?.(error);
    }
    this.sendReset(id, code, stream?.remoteEnded ?? ended);
    if (stream !== undefined) this.end(stream, code, "protocol");
    this.#owner.madeReset();
  }

  sendReset(id: number, code: number, ended: boolean): void {
    if (this.#owner.over) return;
    this.sender.resetStream(id, code);
    if (!ended) this.ids.reset(id);
  }

  /** Ends `stream` and tells its listener. */
  end(stream: Http2Stream, code: number, cause: StreamEnd): void {
    const told = stream.resetWhenSent;
    this.#remove(stream);
    if (told) return;
    try {
      stream.listener.reset(code, cause);
    } catch (error) {
      this.#listener.failed?.(error);
    }
  }

  /** Ends all streams above `id`. */
  endAbove(id: number, code: number, cause: StreamEnd): void {
    for (const stream of this.#open.values()) {
      if (stream.id > id) this.end(stream, code, cause);
    }
  }

  #threw(error: unknown, stream: Http2Stream): void {
    this.#listener.failed?.(error);
    if (stream.state !== STATE.closed) this.resetStream(stream, ERROR_CODE.INTERNAL_ERROR);
  }

  #remove(stream: Http2Stream): void {
    stream.state = STATE.closed;
    if (!this.#open.delete(stream.id)) return;
    if (stream.pendingBytes > 0) this.sender.drop(stream);
    if (stream.unconsumed > 0) this.giveBack(takeUnconsumed(stream));
    this.#owner.gone();
  }
}

function takeUnconsumed(stream: Http2Stream): number {
  const octets = stream.unconsumed;
  stream.unconsumed = 0;
  return octets;
}
