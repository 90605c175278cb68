/**
 * An exchange as a stream of HTTP/2.
 * @module
 */
import { Buffer } from "node:buffer";
import { ERROR_CODE, HeaderList, type Http2Stream, type StreamListener } from "../../../http2/mod.ts";
import type { Headers } from "../host.ts";
import type { Patience } from "../patience.ts";
import type { Exchange, ExchangeReceiver } from "./exchange.ts";

/** See {@link Exchange}. */
export class Http2Exchange implements Exchange {
  readonly version = 2;
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Headers;
  readonly #stream: Http2Stream;
  #receiver: ExchangeReceiver | undefined;
  /** What came before somebody received; the peer's window bounds it. */
  #early: Uint8Array[] = [];
  #requestEnded: boolean;
  #ending = false;
  #over = false;

  readonly #answers: Patience;

  /** @param answers cuts those whose end is not read */
  constructor(
    stream: Http2Stream,
    list: HeaderList,
    end: boolean,
    readonly peer: string,
    readonly secure: boolean,
    answers: Patience,
  ) {
    this.#stream = stream;
    this.#answers = answers;
    this.#requestEnded = end;
    const headers: Record<string, string> = {};
    for (const [i, name] of list.names.entries()) {
      if (name.startsWith(":")) continue;
      const before = headers[name];
      const separator = name === "cookie" ? "; " : ", ";
      headers[name] = before === undefined ? list.values[i]! : before + separator + list.values[i]!;
    }
    headers["host"] ??= list.get(":authority") ?? "";
    const target = list.get(":path") ?? "";
    const at = target.indexOf("?");
    this.method = list.get(":method") ?? "";
    this.path = at < 0 ? target : target.slice(0, at);
    this.query = new URLSearchParams(at < 0 ? "" : target.slice(at));
    this.headers = headers;
  }

  start(receiver: ExchangeReceiver): void {
    this.#receiver = receiver;
    if (this.#over) return receiver.lost();
    const early = this.#early;
    this.#early = [];
    for (const bytes of early) this.#tell(bytes);
    if (this.#requestEnded) receiver.end();
  }

  answer(status: number, headers: Headers, body: Uint8Array | string): void {
    if (this.#over) return;
    const bytes = typeof body === "string" ? Buffer.from(body) : body;
    this.#stream.sendHeaders(headerList(status, headers), bytes.length === 0);
    if (bytes.length > 0) this.#stream.sendData(bytes, true);
    this.#ended();
  }

  begin(status: number, headers: Headers): void {
    if (!this.#over) this.#stream.sendHeaders(headerList(status, headers), false);
  }

  write(bytes: Uint8Array): number {
    if (this.#over) return 0;
    this.#stream.sendData(bytes, false);
    return this.#stream.pendingBytes;
  }

  end(trailers?: Headers): void {
    if (this.#over) return;
    if (trailers === undefined) this.#stream.sendData(NOTHING, true);
    else this.#stream.sendTrailers(headerList(undefined, trailers));
    this.#ended();
  }

  cut(): void {
    if (this.#over) return;
    this.#over = true;
    this.#answers.forget(this);
    // To gRPC it means: resource exhausted. Whoever is cut did not read, or not answer.
    this.#stream.reset(ERROR_CODE.ENHANCE_YOUR_CALM);
  }

  /** Handles the stream. */
  readonly listener: StreamListener = {
    headers: () => {},
    data: (bytes, end) => {
      if (end) this.#requestEnded = true;
      if (this.#receiver === undefined) return void this.#early.push(bytes.slice());
      this.#tell(bytes);
      if (end) this.#receiver.end();
    },
    trailers: () => {
      this.#requestEnded = true;
      this.#receiver?.end();
    },
    reset: () => {
      if (this.#over) return;
      this.#over = true;
      this.#answers.forget(this);
      this.#receiver?.lost();
    },
    drained: () => {
      if (this.#ending) this.#finished();
      else this.#receiver?.drained();
    },
  };

  #tell(bytes: Uint8Array): void {
    this.#receiver?.data(bytes);
    this.#stream.consumed(bytes.length);
  }

  #ended(): void {
    this.#ending = true;
    if (this.#stream.pendingBytes === 0) this.#finished();
    else this.#answers.await(this);
  }

  #finished(): void {
    if (this.#over) return;
    this.#over = true;
    this.#answers.forget(this);
    if (!this.#stream.remoteEnded) this.#stream.reset(ERROR_CODE.NO_ERROR);
    this.#receiver?.finished();
  }
}

const NOTHING = new Uint8Array(0);
/** What no message of HTTP/2 may have (RFC 9113 section 8.2.2). */
const OF_HTTP1 = new Set(["connection", "upgrade", "keep-alive", "transfer-encoding", "proxy-connection"]);

/** @param status undefined for trailers */
function headerList(status: number | undefined, headers: Headers): HeaderList {
  const list = new HeaderList();
  if (status !== undefined) list.append(":status", String(status));
  for (const [name, value] of Object.entries(headers)) if (!OF_HTTP1.has(name)) list.append(name, value);
  return list;
}
