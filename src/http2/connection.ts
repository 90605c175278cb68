/**
 * The face of one HTTP/2 connection of either role (RFC 9113); `connection_core.ts` drives it.
 * @module
 */
import type { Connection } from "../net/connection.ts";
import { ConnectionCore } from "./connection_core.ts";
import { ERROR_CODE } from "./error_code.ts";
import type { HeaderList } from "./hpack/header_list.ts";
import type { StreamListener } from "./listeners.ts";
import type { Http2Node } from "./node.ts";
import type { Http2Options } from "./options.ts";
import type { PeerSettings } from "./settings.ts";
import type { Http2Stream } from "./stream.ts";
import type { Http2Listener } from "./streams.ts";

export type { Http2Listener };

/**
 * A connection, served or dialled.
 *
 * A stream does not name its connection (whoever listens knows both), and the memory, the clock and
 * the one timer that connections share are the node.
 */
export class Http2Connection {
  /** Serves an accepted connection; nothing is sent before the client's preface. */
  static server(
    connection: Connection,
    node: Http2Node,
    options: Http2Options,
    listener: Http2Listener,
  ): Http2Connection {
    return new Http2Connection(connection, new ConnectionCore(connection, node, options, listener, false));
  }

  /** Speaks as a client over a connection that was dialled; requests may be opened at once. */
  static client(
    connection: Connection,
    node: Http2Node,
    options: Http2Options,
    listener: Http2Listener,
  ): Http2Connection {
    return new Http2Connection(connection, new ConnectionCore(connection, node, options, listener, true));
  }

  readonly #core: ConnectionCore;

  private constructor(
    /** What carries it: addresses, TLS. */
    readonly connection: Connection,
    core: ConnectionCore,
  ) {
    this.#core = core;
  }

  /** What the peer's SETTINGS said. */
  get peerSettings(): PeerSettings {
    return this.#core.peerSettings;
  }

  /** The peer's SETTINGS have come. */
  get settled(): boolean {
    return this.#core.settled;
  }

  /** No stream can be opened any more: a GOAWAY came or went, or the connection has ended. */
  get goingAway(): boolean {
    return this.#core.goingAway;
  }

  /** It has ended, and its listener was told. */
  get closed(): boolean {
    return this.#core.over;
  }

  /** Streams that are open. */
  get streams(): number {
    return this.#core.streams.size;
  }

  /** Streams that can be opened now; 0 when going away. Client role. */
  get freeStreams(): number {
    return this.#core.freeStreams;
  }

  /** Octets that were read. */
  get bytesIn(): number {
    return this.#core.bytesIn;
  }

  /** Octets that were written. */
  get bytesOut(): number {
    return this.#core.bytesOut;
  }

  /**
   * Opens a stream with a request. Client role.
   * @returns undefined when no stream is free (`room` will tell), or the connection is going away
   */
  open(list: HeaderList, end: boolean, listener: StreamListener): Http2Stream | undefined {
    return this.#core.open(list, end, listener);
  }

  /** Says that nothing above `lastId` will be looked at; by default nothing above what was. */
  goaway(code: number, lastId?: number): void {
    this.#core.goaway(code, lastId);
  }

  /**
   * Takes leave in peace: GOAWAY with 2^31-1, a PING, and at its ACK or after a second GOAWAY with
   * the true last id; closes with the last stream (RFC 9113 section 6.8). In client role no stream
   * is opened any more, and the connection closes with the last one.
   */
  shutdown(): void {
    this.#core.shutdown();
  }

  /** Sends a PING; `done` gets the milliseconds until its ACK, if one comes. */
  ping(done: (milliseconds: number) => void): void {
    this.#core.ping(done);
  }

  /** GOAWAY with `code`, then the end; open streams are told `lost`. */
  close(code: number = ERROR_CODE.NO_ERROR): void {
    this.#core.end("closed", code, "it was closed");
  }

  /** Takes other options for what is to come; windows and the limit of header lists stay. */
  configure(options: Http2Options): void {
    this.#core.configure(options);
  }
}
