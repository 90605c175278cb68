/**
 * HTTP/1.1 on one port: WebSocket, calls, and plain requests; with the bounds that keep whoever
 * opens connections and says nothing from holding them.
 * @module
 */
import { createServer, type IncomingMessage, type Server, ServerResponse } from "node:http";
import type { Server as TlsServer } from "node:https";
import type { Socket } from "node:net";
import { type Endpoint, endpointText } from "../../net/connection.ts";
import { readPem } from "../../net/pem.ts";
import type { TlsPair } from "./options.ts";

/** Who handles what comes. */
export interface HttpTaker {
  request(request: IncomingMessage, response: ServerResponse, secure: boolean): void;
  /** A request for an upgrade to WebSocket. @param early what came behind it */
  webSocket(request: IncomingMessage, socket: Socket, early: Uint8Array, secure: boolean): void;
}

/** A listener at work. */
export interface HttpListener {
  /** With the real port where 0 was asked for. */
  readonly address: Endpoint;
  /** Reads the certificate again, for connections to come. @throws Error; the old one stays */
  reloadCertificate(tls: TlsPair): Promise<void>;
  /** Takes no connections any more, and ends those at which nobody waits. */
  close(): void;
  /** Ends all connections; resolves when it is done. */
  cut(): Promise<void>;
}

const HEAD_BYTES = 16 * 1024;
/** How much finer than the timeouts of requests the looks at them are. */
const FINER = 10;

/**
 * Listens.
 * @param timeout ms for the head of a request, for its body, and for an idle connection
 * @throws Error whose message names the address and why it cannot be had
 */
export async function listenHttp(
  endpoint: Endpoint,
  tls: TlsPair | undefined,
  timeout: number,
  taker: HttpTaker,
): Promise<HttpListener> {
  const options = {
    maxHeaderSize: HEAD_BYTES,
    headersTimeout: timeout,
    requestTimeout: timeout,
    keepAliveTimeout: timeout,
    connectionsCheckingInterval: Math.max(10, timeout / FINER),
    noDelay: true,
  };
  const secure = tls !== undefined;
  const server = tls === undefined ? createServer(options) : await createTlsServer(tls, options);
  /** All connections, those that were upgraded and those in their TLS handshake, too. */
  const sockets = new Set<Socket>();
  /** Ends TLS handshakes that take too long, by the other end of their connections. */
  const shaking = new Map<string, ReturnType<typeof setTimeout>>();
  const shaken = (name: string) => {
    clearTimeout(shaking.get(name));
    shaking.delete(name);
  };
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", ignore);
    socket.on("close", () => sockets.delete(socket));
    if (!secure) return;
    const name = endOf(socket);
    shaking.set(name, setTimeout(() => socket.destroy(), timeout));
    socket.on("close", () => shaken(name));
  });
  server.on("secureConnection", (socket: Socket) => {
    socket.on("error", ignore);
    shaken(endOf(socket));
  });
  server.on("request", (request: IncomingMessage, response: ServerResponse) => {
    taker.request(request, response, secure);
  });
  server.on("upgrade", (request: IncomingMessage, socket: Socket, early: Uint8Array) => {
    socket.on("error", ignore);
    if (/^websocket$/i.test(request.headers.upgrade?.trim() ?? "")) {
      return taker.webSocket(request, socket, early, secure);
    }
    // To another protocol nobody has to change over (RFC 9110 section 7.8).
    const response = new ServerResponse(request);
    response.shouldKeepAlive = false;
    response.assignSocket(socket);
    response.on("finish", () => socket.end());
    taker.request(request, response, secure);
  });
  server.on("clientError", (error: Error & { code?: string }, socket: Socket) => {
    if (socket.writable) socket.end(rawError(error.code));
    else socket.destroy();
  });
  await listening(server, endpoint);
  const bound = server.address();
  const closed = new Promise<void>((resolve) => server.once("close", () => resolve()));
  return {
    address: {
      hostname: endpoint.hostname,
      port: typeof bound === "object" && bound !== null ? bound.port : endpoint.port,
    },
    async reloadCertificate(files) {
      if (isTlsServer(server)) server.setSecureContext(await contextOf(files));
    },
    close() {
      server.close();
      server.closeIdleConnections();
    },
    async cut() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

function endOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress}|${remotePort}`;
}

function ignore(): void {
  // What follows is "close".
}

/** Loaded only where it is asked for. */
async function createTlsServer(tls: TlsPair, options: Parameters<typeof createServer>[0]): Promise<TlsServer> {
  const { createServer } = await import("node:https");
  return createServer({ ...options, ...await contextOf(tls) });
}

async function contextOf({ cert, key }: TlsPair) {
  return { cert: await readPem(cert), key: await readPem(key), minVersion: "TLSv1.2" as const };
}

function listening(server: Server | TlsServer, endpoint: Endpoint): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", (error: Error & { code?: string }) => {
    const why = error.code === "EADDRINUSE" ? "the address is in use by another program" : error.message;
    reject(new Error(`cannot listen for devices at ${endpointText(endpoint)}: ${why}`, { cause: error }));
  });
  server.listen({ host: endpoint.hostname, port: endpoint.port, backlog: 4096 }, () => {
    server.removeAllListeners("error");
    server.on("error", () => {}); // A failed accept: the listener itself lives.
    resolve();
  });
  return promise;
}

function isTlsServer(server: Server | TlsServer): server is TlsServer {
  return "setSecureContext" in server;
}

/** The answer to what could not be read as a request. */
function rawError(code: string | undefined): string {
  const [status, message] = code === "HPE_HEADER_OVERFLOW"
    ? ["431 Request Header Fields Too Large", `the head of the request is larger than ${HEAD_BYTES} bytes`]
    : code === "ERR_HTTP_REQUEST_TIMEOUT"
    ? ["408 Request Timeout", "the request did not arrive in time"]
    : ["400 Bad Request", "this is no request of HTTP/1.1"];
  const body = JSON.stringify({ code: "invalid_argument", message });
  return `HTTP/1.1 ${status}\r\ncontent-type: application/json\r\nconnection: close\r\n` +
    `content-length: ${body.length}\r\n\r\n${body}`;
}
