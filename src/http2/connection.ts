/**
 * One HTTP/2 connection of either role (RFC 9113).
 * @module
 */
import type { Connection } from "../net/connection.ts";
import type { HeaderList } from "./hpack/header_list.ts";
import type { ConnectionListener, StreamListener } from "./listeners.ts";
import type { Http2Node } from "./node.ts";
import type { Http2Options } from "./options.ts";
import { PeerSettings } from "./settings.ts";
import type { Http2Stream } from "./stream.ts";

/** What handles a connection. */
export type Http2Listener = ConnectionListener<Http2Stream>;

/**
 * The face first; what is behind it follows. Two things differ from what one might expect: a stream
 * does not name its connection (whoever listens knows both), and the memory, clock and timer that
 * connections share are one object, the node.
 */
export abstract class Http2Connection {
  /** Serves an accepted connection. */
  static server(_connection: Connection, _node: Http2Node, _options: Http2Options, _listener: Http2Listener) {
    throw new Error("not yet") as unknown as Http2Connection;
  }

  /** Speaks as a client over a connection that was dialled; requests may be opened at once. */
  static client(_connection: Connection, _node: Http2Node, _options: Http2Options, _listener: Http2Listener) {
    throw new Error("not yet") as unknown as Http2Connection;
  }

  /** What carries it: addresses, TLS. */
  abstract readonly connection: Connection;
  /** What the peer's SETTINGS said. */
  readonly peerSettings: PeerSettings = new PeerSettings();
  /** The peer's SETTINGS have come. */
  abstract readonly settled: boolean;
  /** No stream can be opened any more: a GOAWAY came or went, or the connection has ended. */
  abstract readonly goingAway: boolean;
  abstract readonly closed: boolean;
  /** Streams that are open. */
  abstract readonly streams: number;
  /** Streams that can be opened now; 0 when going away. Client role. */
  abstract readonly freeStreams: number;
  abstract readonly bytesIn: number;
  abstract readonly bytesOut: number;

  /**
   * Opens a stream with a request.
   * @returns undefined when no stream is free (`room` will tell) or the connection is going away
   */
  abstract open(list: HeaderList, end: boolean, listener: StreamListener): Http2Stream | undefined;
  /** Says that nothing above `lastId` will be looked at; by default above what was. */
  abstract goaway(code: number, lastId?: number): void;
  /**
   * Takes leave in peace: GOAWAY with 2^31-1, a PING, and at its ACK or after a second GOAWAY with
   * the true last id; closes with the last stream (RFC 9113 section 6.8). Client role: opens no
   * stream any more, and closes with the last one.
   */
  abstract shutdown(): void;
  /** Sends a PING; `done` gets the milliseconds until its ACK, if one comes. */
  abstract ping(done: (milliseconds: number) => void): void;
  /** GOAWAY with `code`, then the end; open streams are told `lost`. */
  abstract close(code?: number): void;
  /** Takes other options for what is to come; windows of what is open stay. */
  abstract configure(options: Http2Options): void;
}
