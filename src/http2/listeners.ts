/**
 * Who is told what happens on a connection and its streams. No promise and no object per frame: the
 * driver calls these in the turn in which the frame was read.
 * @module
 */
import type { HeaderList } from "./hpack/header_list.ts";

/**
 * Why a stream ended before both halves did.
 *
 * `peer`: its RST_STREAM. `refused`: its RST_STREAM with REFUSED_STREAM, so nothing was done there.
 * `protocol`: it broke a rule of this stream, and was sent RST_STREAM. `goaway`: the peer takes its
 * leave and has not looked at this stream, nor will it. `lost`: the connection has ended.
 */
export type StreamEnd = "peer" | "refused" | "protocol" | "goaway" | "lost";

/** Handles one stream. What throws here ends the stream with INTERNAL_ERROR; see `failed`. */
export interface StreamListener {
  /**
   * Client role: the response; 1xx responses are dropped. Server role: never called, see
   * {@link ConnectionListener.request}.
   */
  headers(list: HeaderList, end: boolean): void;
  /**
   * Bytes of the body, lent for the time of the call. The windows stay used until
   * `stream.consumed(bytes.length)` is called, then or later. May be empty with `end`.
   */
  data(bytes: Uint8Array, end: boolean): void;
  /** The trailers, which end the peer's half. */
  trailers(list: HeaderList): void;
  /**
   * The stream has ended before its time; exactly once, and nothing comes after it. Not called for
   * the `reset` of our own side.
   * @param code see `ERROR_CODE`
   */
  reset(code: number, cause: StreamEnd): void;
  /** All that `sendData` had left waiting (`pendingBytes`) has gone to the connection's queue. */
  drained(): void;
}

/**
 * What a peer did too much of; see {@link ConnectionListener.violation}. `window` is
 * WINDOW_UPDATEs,
 * `queue` what it does not read.
 */
export type ViolationKind = "resets" | "control" | "headers" | "window" | "queue" | "handshake";

/** How a connection ended. */
export interface ConnectionEnd {
  /**
   * `closed`: by this side, by `close` or at the end of `shutdown`. `left`: the peer closed it
   * after a GOAWAY with NO_ERROR, or without one while no stream was open. `goaway`: the peer
   * closed it after a GOAWAY with an error. `lost`: it ended otherwise, or could not be read or
   * written.
   * `protocol`: the peer broke a rule. `violation`: the peer went beyond a limit. `keepalive`: it
   * gave no sign of life.
   */
  readonly kind: "closed" | "left" | "goaway" | "lost" | "protocol" | "violation" | "keepalive";
  /** The code of the last GOAWAY, whichever side sent it; NO_ERROR without one. */
  readonly code: number;
  /** What happened, as a clause for people. */
  readonly reason: string;
}

/** Handles one connection. */
export interface ConnectionListener<Stream> {
  /**
   * Server role: a request, whose header section stands up to RFC 9113 section 8. With
   * `list.tooLarge` it was not looked at beyond the limit, nor judged: it is to be answered as
   * such. Client role: never called.
   * @returns who handles the stream
   */
  request?(stream: Stream, list: HeaderList, end: boolean): StreamListener;
  /** The peer's SETTINGS have come: the connection is usable, with the peer's limits known. */
  settled?(): void;
  /** The peer takes its leave: streams above `lastId` are told so after this. */
  goaway?(lastId: number, code: number, debug: string): void;
  /** Client role: streams can be opened again after `open` gave none. */
  room?(): void;
  /** Once: the last that is told. All streams have been told before. */
  closed(end: ConnectionEnd): void;
  /** The peer went beyond a limit; the connection is about to end with ENHANCE_YOUR_CALM. */
  violation?(kind: ViolationKind): void;
  /** The peer broke the protocol: of a stream, or of the connection. */
  protocolError?(reason: string): void;
  /**
   * A listener threw `error`; if it was one of a stream, that was reset. The connection goes on.
   * This one must not throw.
   */
  failed?(error: unknown): void;
}
