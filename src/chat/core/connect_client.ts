/**
 * The core over HTTP/1.1: the unary half of the Connect protocol.
 *
 * Neither node:http nor fetch, because a write must go once (F12): node:http sends a request again
 * by itself when a connection that it used before dies of it. Per call with 50 at once this takes
 * 40 us of processor time, node:http 55 us, fetch 75 us.
 * @module
 */
import { type Endpoint, endpointText } from "../../net/connection.ts";
import { dial } from "../../net/dial.ts";
import { reasonOf } from "../../net/reason.ts";
import type { TlsClientFiles } from "../../net/tls.ts";
import { codeOfHttp, parseConnectError } from "../../rpc/connect_error.ts";
import type { RpcError } from "../../rpc/error.ts";
import { Http1Error, http1Message } from "../../rpc/http1_input.ts";
import {
  type Cancel,
  type CoreClient,
  type CoreRequest,
  LONGEST_ANSWER,
  type Outcome,
  unreachable,
} from "./core_client.ts";
import { answerHeaders } from "./core_headers.ts";
import type { CoreAddress } from "./core_uri.ts";
import { CoreLine, type LineAnswer } from "./core_line.ts";
import { SERVICE } from "./methods.ts";

/** Connections that are kept for calls to come. */
const MOST_IDLE = 256;
/** ms to connect. */
const CONNECT_TIMEOUT = 5_000;
/** The system's authorities. */
const TLS: TlsClientFiles = { ca: "", cert: "", key: "", serverName: "" };

/** Keeps connections open between calls, the one that was used last first: so few stay in use. */
export class ConnectClient implements CoreClient {
  readonly #address: CoreAddress;
  readonly #endpoint: Endpoint;
  /** Used last: last. */
  readonly #idle: CoreLine[] = [];
  readonly #lines = new Set<CoreLine>();
  readonly #dialling = new Set<Promise<unknown>>();
  readonly #ending = new AbortController();

  /** Connects when the first call is made. */
  constructor(address: CoreAddress) {
    this.#address = address;
    this.#endpoint = { hostname: address.hostname, port: address.port };
  }

  send(request: CoreRequest, done: (outcome: Outcome) => void): Cancel {
    // Throws on a header that cannot be sent.
    const call = new Call(this.#message(request), request.encoding, done);
    void this.#serve(call);
    return () => call.cancel();
  }

  async close(): Promise<void> {
    this.#ending.abort(new Error("the gateway is stopping"));
    const ended = [...this.#lines].map((line) => line.close());
    await Promise.all([...ended, ...this.#dialling]);
  }

  async #serve(call: Call): Promise<void> {
    try {
      const line = this.#idle.pop() ?? await this.#dial();
      const answer = await call.over(line);
      if (answer.isLast || this.#idle.length >= MOST_IDLE) void line.close();
      if (!line.closed) this.#idle.push(line);
      call.settle(outcomeOf(answer, call.encoding));
    } catch (error) {
      const isTooLong = error instanceof Http1Error && error.status === 413;
      call.settle(isTooLong ? failed(TOO_LONG) : unreachable(reasonOf(error)));
    }
  }

  #dial(): Promise<CoreLine> {
    const dialling = this.#connect().finally(() => this.#dialling.delete(dialling));
    this.#dialling.add(dialling);
    // Whoever calls is told; whoever closes waits for the end alone.
    dialling.catch(() => {});
    return dialling;
  }

  async #connect(): Promise<CoreLine> {
    const options = { timeout: CONNECT_TIMEOUT, noDelay: true, signal: this.#ending.signal };
    const connection = await dial(this.#endpoint, this.#address.tls ? TLS : undefined, options);
    const line = new CoreLine(connection, () => {
      this.#lines.delete(line);
      const at = this.#idle.indexOf(line);
      if (at >= 0) this.#idle.splice(at, 1);
    });
    this.#lines.add(line);
    if (!this.#ending.signal.aborted) return line;
    await line.close();
    throw this.#ending.signal.reason;
  }

  #message({ method, contentType, body, headers, timeoutMs }: CoreRequest): Uint8Array {
    const path = `${this.#address.prefix}/${SERVICE}/${method}`;
    const sent = {
      host: endpointText(this.#endpoint),
      ...headers,
      "content-type": contentType,
      "connect-protocol-version": "1",
      "connect-timeout-ms": String(timeoutMs),
      "accept-encoding": "identity",
      "user-agent": "diam-gw",
    };
    return http1Message(`POST ${path} HTTP/1.1`, sent, body);
  }
}

/** A call: settled once. */
class Call {
  readonly #message: Uint8Array;
  readonly #done: (outcome: Outcome) => void;
  #line: CoreLine | undefined;
  #settled = false;

  constructor(message: Uint8Array, readonly encoding: string, done: (outcome: Outcome) => void) {
    this.#message = message;
    this.#done = done;
  }

  /** Goes over that line, unless nobody waits any more. */
  over(line: CoreLine): Promise<LineAnswer> | LineAnswer {
    // As if it had been answered: the line is kept for others.
    if (this.#settled) return UNUSED;
    this.#line = line;
    return line.exchange(this.#message, LONGEST_ANSWER);
  }

  /** Nobody is told. The line cannot be used again: an answer to nobody would come over it. */
  cancel(): void {
    if (this.#settled) return;
    this.#settled = true;
    void this.#line?.close();
  }

  settle(outcome: Outcome): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#done(outcome);
  }
}

const UNUSED: LineAnswer = { status: 0, headers: {}, body: new Uint8Array(), isLast: false };

function outcomeOf({ status, headers: raw, body }: LineAnswer, encoding: string): Outcome {
  const headers = answerHeaders(Object.entries(raw));
  const type = raw["content-type"]?.split(";", 1)[0]?.trim().toLowerCase() ?? "";
  const isEncoded = (raw["content-encoding"] ?? "identity") !== "identity";
  if (status === 200) {
    if (!isEncoded && type === `application/${encoding}`) return { body, headers };
    const what = isEncoded ? "a compressed one" : JSON.stringify(type);
    const message = `expected an answer of the chat service as application/${encoding}, got ${what}`;
    return failed({ code: "internal", message });
  }
  const said = type === "application/json" && !isEncoded ? parseConnectError(TEXT.decode(body)) : undefined;
  const error = said ?? { code: codeOfHttp(status), message: `the chat service answered with HTTP status ${status}` };
  const seconds = Number(raw["retry-after"]);
  return {
    error: seconds > 0 ? { ...error, retryAfterMs: seconds * 1000 } : error,
    headers,
    failure: status === 502 || status === 503 ? "unavailable" : "none",
  };
}

const TEXT = new TextDecoder();
const TOO_LONG: RpcError = { code: "internal", message: "the answer of the chat service is too long" };

function failed(error: RpcError): Outcome {
  return { error, failure: "none" };
}
