/**
 * A small gRPC client: unary and server-streaming calls over one connection.
 * @module
 */
import {
  ERROR_CODE,
  HeaderList,
  Http2Connection,
  Http2Node,
  type Http2Stream,
  type StreamListener,
} from "../http2/mod.ts";
import { DEFAULT_OPTIONS } from "../http2/options.ts";
import type { Endpoint } from "../net/connection.ts";
import { endpointText } from "../net/connection.ts";
import { dial } from "../net/dial.ts";
import { decodeMessage, STATUS } from "./status.ts";
import { framed, MessageReader } from "./messages.ts";

/** How a call ended. */
export interface CallResult {
  /** The gRPC status. */
  readonly status: number;
  /** grpc-message, decoded. */
  readonly message: string;
  /** What came; one of a unary call that went well. */
  readonly messages: readonly Uint8Array[];
}

/** What a call may be given. */
export interface CallParts {
  /** Beside what every call has; names in lower case. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Each message as it comes; these are not kept then. */
  readonly onMessage?: (message: Uint8Array) => void;
  /** Cancels the call. */
  readonly signal?: AbortSignal;
}

/** ms to connect. */
const CONNECT_TIMEOUT = 5_000;

/** One connection. */
export class GrpcClient {
  readonly #connection: Http2Connection;
  readonly #authority: string;
  readonly #closed: Promise<void>;

  private constructor(connection: Http2Connection, authority: string, closed: Promise<void>) {
    this.#connection = connection;
    this.#authority = authority;
    this.#closed = closed;
  }

  /** @throws Error when nobody is there */
  static async connect(to: Endpoint): Promise<GrpcClient> {
    const carrier = await dial(to, undefined, { timeout: CONNECT_TIMEOUT, noDelay: true });
    const { promise, resolve } = Promise.withResolvers<void>();
    const connection = Http2Connection.client(carrier, new Http2Node(), DEFAULT_OPTIONS, { closed: () => resolve() });
    return new GrpcClient(connection, endpointText(to), promise);
  }

  /** Whether calls can still be made. */
  get usable(): boolean {
    return !this.#connection.goingAway;
  }

  /** One call, from the request to its status. Never rejects: a lost connection is UNAVAILABLE. */
  call(method: string, request: Uint8Array, parts: CallParts = {}): Promise<CallResult> {
    const headers = new HeaderList().append(":method", "POST").append(":scheme", "http").append(":path", method)
      .append(":authority", this.#authority).append("te", "trailers").append("content-type", "application/grpc");
    for (const [name, value] of Object.entries(parts.metadata ?? {})) headers.append(name, value);
    const { promise, resolve } = Promise.withResolvers<CallResult>();
    const call = new ClientCall(parts.onMessage, resolve);
    const stream = this.#connection.open(headers, false, call);
    if (stream === undefined) {
      return Promise.resolve({ status: STATUS.UNAVAILABLE, message: "the connection takes no call", messages: [] });
    }
    call.begin(stream, parts.signal);
    stream.sendData(framed(request), true);
    return promise;
  }

  /** Ends it; calls under way are lost. */
  async close(): Promise<void> {
    this.#connection.close();
    await this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

class ClientCall implements StreamListener {
  readonly #reader = new MessageReader();
  readonly #messages: Uint8Array[] = [];
  readonly #onMessage: (message: Uint8Array) => void;
  readonly #settle: (result: CallResult) => void;
  #stream: Http2Stream | undefined;
  #release = () => {};

  constructor(onMessage: CallParts["onMessage"], settle: (result: CallResult) => void) {
    this.#onMessage = onMessage ?? ((message) => this.#messages.push(message));
    this.#settle = settle;
  }

  begin(stream: Http2Stream, signal: AbortSignal | undefined): void {
    this.#stream = stream;
    if (signal === undefined) return;
    const cancel = () => {
      stream.reset(ERROR_CODE.CANCEL);
      this.#end(STATUS.CANCELLED, "cancelled");
    };
    signal.addEventListener("abort", cancel, { once: true });
    this.#release = () => signal.removeEventListener("abort", cancel);
    if (signal.aborted) cancel();
  }

  headers(list: HeaderList, end: boolean): void {
    if (end) this.trailers(list);
  }

  data(bytes: Uint8Array, end: boolean): void {
    this.#reader.add(bytes);
    this.#stream?.consumed(bytes.length);
    try {
      for (let message = this.#reader.next(); message !== undefined; message = this.#reader.next()) {
        this.#onMessage(message);
      }
    } catch (error) {
      this.#stream?.reset(ERROR_CODE.CANCEL);
      return this.#end(STATUS.INTERNAL, error instanceof Error ? error.message : String(error));
    }
    if (end) this.#end(STATUS.UNKNOWN, "the response ended without a status");
  }

  trailers(list: HeaderList): void {
    const status = list.get("grpc-status");
    if (status === undefined) return this.#end(STATUS.UNKNOWN, `HTTP status ${list.get(":status") ?? "unknown"}`);
    this.#end(Number(status), decodeMessage(list.get("grpc-message") ?? ""));
  }

  reset(code: number, cause: string): void {
    this.#end(STATUS.UNAVAILABLE, `the stream was ended by ${cause} (${code})`);
  }

  drained(): void {}

  #end(status: number, message: string): void {
    this.#release();
    this.#settle({ status, message, messages: this.#messages });
  }
}
