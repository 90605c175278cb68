/**
 * What a connection allows its peer, and how long it waits.
 * @module
 */

/** A limit on how often something may happen: so many at once, and so many per second. */
export interface Rate {
  /** So many at once. */
  readonly burst: number;
  /** So many come back each second. */
  readonly perSecond: number;
}

/** When to ask a silent peer whether it is there. Milliseconds. */
export interface KeepaliveOptions {
  /** Silence before a PING; 0: none is sent. */
  readonly interval: number;
  /** Further silence after which the connection is closed. */
  readonly timeout: number;
}

/** Options of both roles; sizes in bytes, times in milliseconds. */
export interface Http2Options {
  /** Streams that the peer may have open at a time. Server role. */
  readonly maxConcurrentStreams: number;
  /** Names, values and 32 for each field of one header section (RFC 9113 section 6.5.2). */
  readonly maxHeaderList: number;
  /** What the peer may send on one stream before it is consumed. */
  readonly streamWindow: number;
  /** The same for all streams together; 65,535 at least. */
  readonly connectionWindow: number;
  /** Bytes that wait for the peer above which its frames are not read. */
  readonly sendQueueLimit: number;
  /** One write may take so long. */
  readonly writeTimeout: number;
  /** From the beginning to the peer's preface and SETTINGS. */
  readonly handshakeTimeout: number;
  /** RST_STREAMs of the peer for unfinished streams, and those that it made us send. */
  readonly resets: Rate;
  /** Frames that cost work and move nothing. */
  readonly controlFrames: Rate;
  /** When to ask a silent peer whether it is there. */
  readonly keepalive: KeepaliveOptions;
}

/** The options where nothing else is said. */
export const DEFAULT_OPTIONS: Http2Options = {
  maxConcurrentStreams: 256,
  maxHeaderList: 64 * 1024,
  streamWindow: 256 * 1024,
  connectionWindow: 4 * 1024 * 1024,
  sendQueueLimit: 1024 * 1024,
  writeTimeout: 10_000,
  handshakeTimeout: 10_000,
  resets: { burst: 1000, perSecond: 33 },
  controlFrames: { burst: 1000, perSecond: 200 },
  keepalive: { interval: 0, timeout: 20_000 },
};
