/**
 * An exchange over HTTP/1.1: the answer begins when the request has ended, because most clients
 * read none before.
 * @module
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Headers } from "../host.ts";
import type { Patience } from "../patience.ts";
import { headersOf, peerOf, targetOf } from "../http_message.ts";
import type { Exchange, ExchangeReceiver } from "./exchange.ts";

/** ms that a peer gets to stop sending a body that nobody wants, and to read why. */
const LINGER = 1_000;

/** See {@link Exchange}. */
export class Http1Exchange implements Exchange {
  readonly version = 1;
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Headers;
  readonly peer: string;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  #receiver: ExchangeReceiver | undefined;
  #requestEnded = false;
  /** What is answered, until the request has ended. */
  #held: (() => void)[] = [];
  #heldBytes = 0;
  #over = false;

  readonly #answers: Patience;

  /** @param answers cuts those whose end is not read */
  constructor(request: IncomingMessage, response: ServerResponse, readonly secure: boolean, answers: Patience) {
    this.#answers = answers;
    this.#request = request;
    this.#response = response;
    this.method = request.method ?? "";
    ({ path: this.path, query: this.query } = targetOf(request));
    this.headers = headersOf(request);
    this.peer = peerOf(request.socket);
    request.on("error", () => {});
    response.on("error", () => {});
    response.on("close", () => this.#closed());
  }

  start(receiver: ExchangeReceiver): void {
    this.#receiver = receiver;
    if (this.#over) return receiver.lost();
    this.#request.on("data", (bytes: Uint8Array) => receiver.data(bytes));
    this.#request.on("end", () => {
      this.#requestEnded = true;
      receiver.end();
      this.#letGo();
    });
  }

  answer(status: number, headers: Headers, body: Uint8Array | string): void {
    if (this.#over) return;
    const response = this.#response;
    if (!this.#request.complete) {
      // It is told at once, whatever is still on its way.
      response.shouldKeepAlive = false;
      const { socket } = this.#request;
      this.#request.resume();
      const timer = setTimeout(() => socket.destroy(), LINGER);
      socket.once("close", () => clearTimeout(timer));
    }
    response.writeHead(status, { ...headers, "content-length": String(byteLength(body)) });
    response.end(body);
    this.#answers.await(this);
  }

  begin(status: number, headers: Headers): void {
    this.#whenEnded(() => {
      this.#response.writeHead(status, headers);
      this.#response.flushHeaders();
    });
  }

  write(bytes: Uint8Array): number {
    if (this.#over) return 0;
    if (!this.#requestEnded) {
      this.#heldBytes += bytes.length;
      this.#held.push(() => this.#response.write(bytes));
      return this.#heldBytes;
    }
    this.#response.write(bytes, this.#taken);
    return this.#pending;
  }

  end(): void {
    this.#whenEnded(() => {
      this.#response.end();
      this.#answers.await(this);
    });
  }

  cut(): void {
    this.#over = true;
    this.#answers.forget(this);
    this.#request.socket.destroy();
  }

  get #pending(): number {
    return this.#response.writableLength;
  }

  readonly #taken = (): void => {
    if (this.#pending === 0) this.#receiver?.drained();
  };

  #whenEnded(act: () => void): void {
    if (this.#over) return;
    if (this.#requestEnded) act();
    else this.#held.push(act);
  }

  #letGo(): void {
    const held = this.#held;
    this.#held = [];
    this.#heldBytes = 0;
    if (this.#over) return;
    for (const act of held) act();
    this.#receiver?.drained();
  }

  #closed(): void {
    this.#answers.forget(this);
    if (this.#over) return;
    this.#over = true;
    this.#held = [];
    if (this.#response.writableFinished) this.#receiver?.finished();
    else this.#receiver?.lost();
  }
}

function byteLength(body: Uint8Array | string): number {
  return typeof body === "string" ? new TextEncoder().encode(body).length : body.length;
}
