/**
 * All that devices can connect to: the listeners, their streams and calls.
 * @module
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Endpoint } from "../../net/connection.ts";
import { errorHeaders, errorJson } from "./handshake.ts";
import type { DeviceHost, PageAnswer } from "./host.ts";
import { type HttpListener, listenHttp } from "./http_listener.ts";
import { headersOf, targetOf } from "./http_message.ts";
import type { DeviceOptions, ListenOptions } from "./options.ts";
import { Patience } from "./patience.ts";
import { Streams } from "./streams.ts";
import { Turn } from "./turn.ts";
import { WEB_SOCKET_PATH, WebSocketDoor } from "./web_socket/door.ts";
import type { Shared } from "./queued_transport.ts";

/** ms that a peer gets to answer a close. */
const CLOSE_PATIENCE = 2_000;

/** Listens to devices on behalf of a host. */
export class Devices<Who> {
  readonly #host: DeviceHost<Who>;
  readonly #streams = new Streams();
  readonly #closing = new Patience(CLOSE_PATIENCE);
  readonly #shared: Shared & { options: DeviceOptions };
  readonly #door: WebSocketDoor<Who>;
  readonly #http: HttpListener[] = [];

  constructor(host: DeviceHost<Who>, options: DeviceOptions) {
    this.#host = host;
    this.#shared = {
      options,
      turn: new Turn(),
      closing: this.#closing,
      gone: (transport) => this.#streams.gone(transport),
      failed: (error) => host.failed?.(error),
    };
    this.#door = new WebSocketDoor(host, this.#shared, this.#streams);
  }

  /** Streams that are open or in their handshake. */
  get streams(): number {
    return this.#streams.size;
  }

  /** Where it listens for HTTP/1.1, with the real ports. */
  get httpAddresses(): Endpoint[] {
    return this.#http.map(({ address }) => address);
  }

  /** Takes other options, for streams that are open, too. */
  configure(options: DeviceOptions): void {
    this.#shared.options = options;
  }

  /**
   * Listens for WebSocket, Connect and gRPC-web over HTTP/1.1.
   * @throws Error whose message names the address, or the file, and what is wrong with it
   */
  async listenHttp({ listen, tls }: ListenOptions): Promise<void> {
    for (const endpoint of listen) {
      this.#http.push(
        await listenHttp(endpoint, tls, this.#shared.options.helloTimeout, {
          request: (request, response) => void this.#request(request, response),
          webSocket: (request, socket, early, secure) => {
            const { path } = targetOf(request);
            if (path === WEB_SOCKET_PATH) return void this.#door.enter(request, socket, early, secure);
            this.#door.refuse(socket, 404, notFound(path));
          },
        }),
      );
    }
  }

  /** Ends everything: streams get 1012 and a moment to answer it. */
  async stop(): Promise<void> {
    for (const listener of this.#http) listener.close();
    await this.#streams.end(CLOSE_PATIENCE);
    await Promise.all(this.#http.map((listener) => listener.cut()));
    this.#closing[Symbol.dispose]();
  }

  async #request(request: IncomingMessage, response: ServerResponse): Promise<void> {
    request.on("error", () => {});
    response.on("error", () => {});
    const { path, query } = targetOf(request);
    if (path === WEB_SOCKET_PATH) {
      const error = { code: "invalid_argument", message: "expected a WebSocket handshake" } as const;
      return end(response, jsonAnswer(426, error, { upgrade: "websocket" }));
    }
    let answer: PageAnswer | undefined;
    try {
      answer = await this.#host.page?.({ method: request.method ?? "", path, query, headers: headersOf(request) });
    } catch (error) {
      this.#host.failed?.(error);
      answer = jsonAnswer(500, { code: "internal", message: "internal error" });
    }
    end(response, answer ?? jsonAnswer(404, notFound(path)));
  }
}

function notFound(path: string) {
  return { code: "not_found", message: `there is nothing at ${path}` } as const;
}

function jsonAnswer(
  status: number,
  error: Parameters<typeof errorJson>[0],
  headers: Readonly<Record<string, string>> = {},
): PageAnswer {
  return {
    status,
    headers: { "content-type": "application/json", ...errorHeaders(error), ...headers },
    body: JSON.stringify(errorJson(error)),
  };
}

function end(response: ServerResponse, { status, headers, body }: PageAnswer): void {
  response.writeHead(status, headers);
  response.end(body);
}
