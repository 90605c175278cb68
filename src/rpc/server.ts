/**
 * A small gRPC server for our own services: unary and server-streaming methods.
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
import { DEFAULT_OPTIONS, type Http2Options } from "../http2/options.ts";
import type { Connection, Endpoint } from "../net/connection.ts";
import { listenTcp } from "../net/listener.ts";
import { STATUS, trailers, trailersOnly } from "./status.ts";
import { encodeStatusDetails } from "./status_details.ts";
import { codeOfGrpc, type ErrorDetail } from "./error.ts";
import { framed, MessageReader } from "./messages.ts";

/** Handles a call of one method. What it throws is INTERNAL, but for {@link CallError}. */
export type Method = (request: Uint8Array, call: ServerCall) => void | Promise<void>;

/** The answer to a call that cannot be served. */
export class CallError extends Error {
  override name = "CallError";

  /**
   * @param status a gRPC status code
   * @param details more about it, in `grpc-status-details-bin`
   */
  constructor(readonly status: number, message: string, readonly details: readonly ErrorDetail[] = []) {
    super(message);
  }
}

/** How a server is set up. */
export interface GrpcServerOptions {
  /** Port 0 for one that the system picks. */
  readonly listen: Endpoint;
  /** By full name, as in `/my_service.MyServiceAPI/Login`; made when the address is known. */
  readonly methods: (address: Endpoint) => Readonly<Record<string, Method>>;
  readonly http2?: Partial<Http2Options>;
}

/** ms that calls get to end when the server ends. */
const GRACE = 5_000;

/** A server at work. */
export class GrpcServer {
  readonly #node = new Http2Node();
  readonly #connections = new Set<Http2Connection>();
  readonly #listener: ReturnType<typeof listenTcp>;
  readonly #methods: Readonly<Record<string, Method>>;
  readonly #http2: Http2Options;
  #emptied: (() => void) | undefined;
  #ending = false;

  /** @throws Deno.errors.AddrInUse and others of `Deno.listen` */
  constructor({ listen, methods, http2 = {} }: GrpcServerOptions) {
    this.#http2 = { ...DEFAULT_OPTIONS, ...http2 };
    this.#listener = listenTcp(listen, { noDelay: true }, (connection) => this.#accept(connection));
    this.#methods = methods(this.address);
  }

  /** With the real port. */
  get address(): Endpoint {
    return this.#listener.address;
  }

  /** Calls under way. */
  get calls(): number {
    let calls = 0;
    for (const connection of this.#connections) calls += connection.streams;
    return calls;
  }

  /** Ends in peace: GOAWAY, the calls under way, then the connections. */
  async stop(grace = GRACE): Promise<void> {
    this.#ending = true;
    this.#listener.close();
    for (const connection of this.#connections) connection.shutdown();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#emptied = resolve;
    if (this.#connections.size === 0) resolve();
    const timer = setTimeout(() => this.abort(), grace);
    await promise;
    clearTimeout(timer);
  }

  /** Ends as a process does that is killed: every connection is cut. */
  abort(): void {
    this.#ending = true;
    this.#listener.close();
    for (const connection of this.#connections) connection.connection.close();
  }

  #accept(carrier: Connection): void {
    if (this.#ending) return carrier.close();
    const connection = Http2Connection.server(carrier, this.#node, this.#http2, {
      request: (stream, list, end) => this.#request(stream, list, end),
      closed: () => {
        this.#connections.delete(connection);
        if (this.#connections.size === 0) this.#emptied?.();
      },
    });
    this.#connections.add(connection);
  }

  #request(stream: Http2Stream, list: HeaderList, end: boolean): StreamListener {
    const path = list.get(":path") ?? "";
    const method = Object.hasOwn(this.#methods, path) ? this.#methods[path] : undefined;
    const call = new ServerCall(stream, list, method);
    if (method === undefined) call.end(STATUS.UNIMPLEMENTED, `unknown method ${path}`);
    else if (end) call.run();
    return call;
  }
}

/** A call that is served: a stream in one piece. */
export class ServerCall implements StreamListener {
  readonly #stream: Http2Stream;
  /** Undefined for a call that is refused. */
  readonly #method: Method | undefined;
  readonly #reader = new MessageReader();
  readonly #cancelled = new AbortController();
  #begun = false;
  #ran = false;
  #drained: (() => void) | undefined;

  constructor(stream: Http2Stream, readonly metadata: HeaderList, method: Method | undefined) {
    this.#stream = stream;
    this.#method = method;
  }

  /** Fires when nobody waits for the answer any more. */
  get signal(): AbortSignal {
    return this.#cancelled.signal;
  }

  /** Sends one message; resolves when there is room for more. */
  async send(message: Uint8Array): Promise<void> {
    if (!this.#begun) this.#stream.sendHeaders(RESPONSE_HEADERS, false);
    this.#begun = true;
    this.#stream.sendData(framed(message), false);
    if (this.#stream.pendingBytes === 0 || this.#stream.closed) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#drained = resolve;
    await promise;
  }

  /** Ends the call. @param status OK unless given */
  end(status: number = STATUS.OK, message = "", details: readonly ErrorDetail[] = []): void {
    const list = this.#begun ? trailers(status, message) : trailersOnly(status, message);
    if (details.length > 0) {
      list.append("grpc-status-details-bin", encodeStatusDetails({ code: codeOfGrpc(status), message, details }));
    }
    if (this.#begun) this.#stream.sendTrailers(list);
    else this.#stream.sendHeaders(list, true);
    if (!this.#stream.remoteEnded) this.#stream.reset(ERROR_CODE.NO_ERROR);
  }

  headers(): void {}

  data(bytes: Uint8Array, end: boolean): void {
    this.#reader.add(bytes);
    this.#stream.consumed(bytes.length);
    if (end) this.run();
  }

  trailers(): void {
    this.run();
  }

  reset(): void {
    this.#cancelled.abort();
    this.drained();
  }

  drained(): void {
    this.#drained?.();
    this.#drained = undefined;
  }

  /** The request is complete. */
  run(): void {
    if (this.#ran || this.#method === undefined) return;
    this.#ran = true;
    void this.#serve(this.#method);
  }

  async #serve(method: Method): Promise<void> {
    try {
      await method(this.#reader.only(), this);
    } catch (error) {
      if (error instanceof CallError) this.end(error.status, error.message, error.details);
      else this.end(STATUS.INTERNAL, error instanceof Error ? error.message : String(error));
    }
  }
}

const RESPONSE_HEADERS = new HeaderList().append(":status", "200").append("content-type", "application/grpc");
