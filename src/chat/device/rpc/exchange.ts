/**
 * One request and its answer over HTTP, whichever version carries them.
 * @module
 */
import type { Headers } from "../host.ts";

/** What is told of the request's body, and of the answer. */
export interface ExchangeReceiver {
  /** Bytes of the body, lent for the time of the call. */
  data(bytes: Uint8Array): void;
  /** The body has ended. */
  end(): void;
  /** The other end has left, or reset it; nothing follows. */
  lost(): void;
  /** All that `write` had left has gone. */
  drained(): void;
  /** The answer has gone, to its end. */
  finished(): void;
}

/** See the file. Names of headers are lower case. */
export interface Exchange {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Headers;
  /** Address of the connection's other end. */
  readonly peer: string;
  /** Over TLS. */
  readonly secure: boolean;
  /** Whether the answer may begin before the request has ended, and carry trailers. */
  readonly version: 1 | 2;
  /** Begins to receive. What came before is told now. */
  start(receiver: ExchangeReceiver): void;
  /** The whole answer. */
  answer(status: number, headers: Headers, body: Uint8Array | string): void;
  /** Begins an answer that is written piece by piece. */
  begin(status: number, headers: Headers): void;
  /** @returns how many bytes the system has not taken; `drained` is told when it has */
  write(bytes: Uint8Array): number;
  /** Ends the answer. @param trailers with version 2 only */
  end(trailers?: Headers): void;
  /** Ends both directions, whatever is under way. */
  cut(): void;
}

/** Takes an exchange on. */
export type ExchangeTaker = (exchange: Exchange) => void;
