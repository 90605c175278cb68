/**
 * All that devices can connect to: the listeners, their streams and calls.
 * @module
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Endpoint } from "../../net/connection.ts";
import { HEALTH } from "../../rpc/health_message.ts";
import { errorJson } from "./handshake.ts";
import type { DeviceHost } from "./host.ts";
import { Http2Listeners } from "./http2_listener.ts";
import { type HttpListener, listenHttp } from "./http_listener.ts";
import { targetOf } from "./http_message.ts";
import type { DeviceOptions, ListenOptions, TlsPair } from "./options.ts";
import { Patience } from "./patience.ts";
import type { Shared } from "./queued_transport.ts";
import { RpcDoor } from "./rpc/door.ts";
import type { Exchange } from "./rpc/exchange.ts";
import { HealthService } from "./rpc/health.ts";
import { Http1Exchange } from "./rpc/http1_exchange.ts";
import type { RpcError } from "./rpc_error.ts";
import { SERVICE_PATH, WEB_SOCKET_PATH } from "./service.ts";
import { Streams } from "./streams.ts";
import { Turn } from "./turn.ts";
import { WebSocketDoor } from "./web_socket/door.ts";

/** ms, unless said otherwise. */
const CLOSE_PATIENCE = 2_000;

/** Listens to devices on behalf of a host. */
export class Devices<Who> {
  readonly #host: DeviceHost<Who>;
  readonly #streams = new Streams();
  readonly #patience: number;
  readonly #closing: Patience;
  /** Cuts calls whose body does not come, or whose answer is not read. */
  readonly #calling: Patience;
  readonly #shared: Shared & { options: DeviceOptions };
  readonly #webSockets: WebSocketDoor<Who>;
  readonly #calls: RpcDoor<Who>;
  readonly #health: HealthService;
  readonly #http1: HttpListener[] = [];
  readonly #http2: Http2Listeners;

  /** @param closePatience ms that a peer gets to answer a close, or to read why it is closed */
  constructor(host: DeviceHost<Who>, options: DeviceOptions, closePatience: number = CLOSE_PATIENCE) {
    this.#host = host;
    this.#patience = closePatience;
    this.#closing = new Patience(closePatience);
    this.#calling = new Patience(options.helloTimeout);
    this.#shared = {
      options,
      turn: new Turn(),
      closing: this.#closing,
      gone: (transport) => this.#streams.gone(transport),
      failed: (error) => host.failed?.(error),
    };
    this.#webSockets = new WebSocketDoor(host, this.#shared, this.#streams);
    this.#calls = new RpcDoor(host, this.#shared, this.#streams, this.#calling);
    this.#health = new HealthService(() => host.serving(), this.#calling);
    this.#http2 = new Http2Listeners((exchange) => this.#enter(exchange), () => this.#shared.options, this.#calling);
  }

  /** Streams that are open or in their handshake. */
  get streams(): number {
    return this.#streams.size;
  }

  /** Where it listens for HTTP/1.1, with the real ports. */
  get httpAddresses(): Endpoint[] {
    return this.#http1.map(({ address }) => address);
  }

  /** Where it listens for HTTP/2, with the real ports. */
  get grpcAddresses(): Endpoint[] {
    return this.#http2.addresses;
  }

  /** Takes other options, for streams that are open, too. */
  configure(options: DeviceOptions): void {
    this.#shared.options = options;
  }

  /** Tells those who watch the health service: what the host answers to `serving` has changed. */
  servingChanged(): void {
    this.#health.changed();
  }

  /**
   * Listens for WebSocket, Connect and gRPC-web over HTTP/1.1.
   * @throws Error whose message names the address, or the file, and what is wrong with it
   */
  async listenHttp({ listen, tls }: ListenOptions): Promise<void> {
    const taker = {
      request: (request: IncomingMessage, response: ServerResponse, secure: boolean) =>
        this.#enter(new Http1Exchange(request, response, secure, this.#calling)),
      webSocket: (...[request, socket, early, secure]: Parameters<WebSocketDoor<Who>["enter"]>) => {
        const { path } = targetOf(request);
        if (path === WEB_SOCKET_PATH) void this.#webSockets.enter(request, socket, early, secure);
        else this.#webSockets.refuse(socket, 404, notFound(path));
      },
    };
    for (const endpoint of listen) {
      this.#http1.push(await listenHttp(endpoint, tls, this.#shared.options.helloTimeout, taker));
    }
  }

  /**
   * Listens for gRPC, gRPC-web and Connect over HTTP/2.
   * @throws Error whose message names the address, or the file, and what is wrong with it
   */
  async listenGrpc({ listen, tls }: ListenOptions): Promise<void> {
    for (const endpoint of listen) await this.#http2.listen(endpoint, tls);
  }

  /**
   * Reads certificates again, for connections to come.
   * @throws Error when one cannot be used; the old ones stay
   */
  async reloadCertificates(http: TlsPair | undefined, grpc: TlsPair | undefined): Promise<void> {
    if (http !== undefined) { for (const listener of this.#http1) await listener.reloadCertificate(http); }
    if (grpc !== undefined) await this.#http2.reloadCertificate(grpc);
  }

  /** Ends everything: streams that are open get 1012 and a moment to answer it. */
  async stop(): Promise<void> {
    for (const listener of this.#http1) listener.close();
    this.#health.end();
    this.#http2.close();
    await this.#streams.end(this.#patience);
    await Promise.all([...this.#http1.map((listener) => listener.cut()), this.#http2.cut()]);
    this.#closing[Symbol.dispose]();
    this.#calling[Symbol.dispose]();
  }

  #enter(exchange: Exchange): void {
    const { path } = exchange;
    if (path.startsWith(SERVICE_PATH)) this.#calls.enter(exchange);
    else if (path.startsWith(HEALTH.service)) this.#health.enter(exchange);
    else void this.#page(exchange);
  }

  async #page(exchange: Exchange): Promise<void> {
    const { method, path, query, headers } = exchange;
    if (path === WEB_SOCKET_PATH) {
      const error = { code: "invalid_argument", message: "expected a WebSocket handshake" } as const;
      return answerError(exchange, 426, error, { upgrade: "websocket", connection: "Upgrade" });
    }
    try {
      const answer = await this.#host.page?.({ method, path, query, headers });
      if (answer === undefined) answerError(exchange, 404, notFound(path));
      else exchange.answer(answer.status, answer.headers, answer.body);
    } catch (error) {
      this.#host.failed?.(error);
      answerError(exchange, 500, { code: "internal", message: "internal error" });
    }
  }
}

function notFound(path: string): RpcError {
  return { code: "not_found", message: `there is nothing at ${path}` };
}

function answerError(exchange: Exchange, status: number, error: RpcError, headers: Record<string, string> = {}): void {
  const body = JSON.stringify(errorJson(error));
  exchange.answer(status, { "content-type": "application/json", ...headers }, body);
}
