/**
 * HTTP/1.1, with or without TLS: listening, bounds, and what is answered to those who do not speak
 * it.
 * @module
 */
import { createServer, type IncomingMessage, type Server, type ServerOptions, type ServerResponse } from "node:http";
import type { Server as TlsServer } from "node:https";
import type { Socket } from "node:net";
import { type Endpoint, endpointText } from "../../net/connection.ts";
import { readPem } from "../../net/pem.ts";
import type { TlsServerFiles } from "../../net/tls_listener.ts";
import { Connections } from "./connections.ts";
import { answer, type Fetch } from "./http_bridge.ts";
import type { AdminLimits } from "./options.ts";
import { Problem, PROBLEM_TYPE, titleOf } from "./problem.ts";

/** What a page of ours may do: load its own files and ask its own interface. */
const PAGE_POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; " +
  "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** Headers of every answer. There are none that let pages of others read it (CORS). */
const HEADERS: Readonly<Record<string, string>> = {
  "content-security-policy": PAGE_POLICY,
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "x-frame-options": "DENY",
};

/** ms that answers under way get to end, when all of it ends. */
const GRACE = 500;

/** How much finer than the timeouts of requests the looks at them are. */
const FINER = 10;

/** Why it does not listen. */
export class AdminListenError extends Error {
  override name = "AdminListenError";

  /** @param isTaken whether somebody else listens there, and nothing else is wrong */
  constructor(message: string, readonly isTaken: boolean, options: ErrorOptions) {
    super(message, options);
  }
}

/** A listener at work. */
export interface HttpListener {
  /** With the real port where 0 was asked for. */
  readonly address: Endpoint;
  /** Connections at the moment. */
  readonly connections: number;
  /**
   * Reads the certificates again, for connections to come.
   * @throws Error when one cannot be read; the old ones stay
   */
  reloadCertificates(files: TlsServerFiles): Promise<void>;
  /** Ends it: answers under way get a moment, everything else ends at once. */
  close(): Promise<void>;
}

/**
 * Listens.
 * @throws AdminListenError when the address cannot be had
 * @throws Error when a certificate cannot be read
 */
export async function listenHttp(
  endpoint: Endpoint,
  tls: TlsServerFiles | undefined,
  limits: AdminLimits,
  fetch: Fetch,
): Promise<HttpListener> {
  const connections = new Connections(limits);
  const onRequest = (incoming: IncomingMessage, outgoing: ServerResponse) => {
    connections.busy(incoming, outgoing);
    for (const [name, value] of Object.entries(HEADERS)) outgoing.setHeader(name, value);
    void answer(fetch, incoming, outgoing);
  };
  const options = {
    maxHeaderSize: limits.headBytes,
    headersTimeout: limits.headTimeout,
    requestTimeout: limits.requestTimeout,
    keepAliveTimeout: limits.idleTimeout,
    connectionsCheckingInterval: Math.min(limits.headTimeout, limits.requestTimeout) / FINER,
  };
  const server = tls === undefined ? createServer(options, onRequest) : await createTlsServer(tls, options, onRequest);
  server.on("connection", (socket: Socket) => connections.add(socket, tls && "tls"));
  server.on("secureConnection", (socket: Socket) => connections.secured(socket));
  server.on("clientError", (error: Error, socket: Socket) => {
    if (connections.maySay(socket)) socket.end(rawProblem(error, limits));
    else socket.destroy();
  });
  await listening(server, endpoint);
  const bound = server.address();
  const port = typeof bound === "object" && bound !== null ? bound.port : endpoint.port;
  return {
    address: { hostname: endpoint.hostname, port },
    get connections() {
      return connections.size;
    },
    async reloadCertificates(files) {
      if (isTlsServer(server)) server.setSecureContext(await contextOf(files));
    },
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      connections.endIdle();
      const timer = setTimeout(() => connections[Symbol.dispose](), GRACE);
      await closed;
      clearTimeout(timer);
      connections[Symbol.dispose]();
    },
  };
}

/** Loaded only where it is asked for. */
async function createTlsServer(
  tls: TlsServerFiles,
  options: ServerOptions,
  onRequest: (incoming: IncomingMessage, outgoing: ServerResponse) => void,
): Promise<TlsServer> {
  const { createServer } = await import("node:https");
  const asksForCertificate = tls.clientCa !== "";
  return createServer({
    ...options,
    ...await contextOf(tls),
    requestCert: asksForCertificate,
    rejectUnauthorized: asksForCertificate,
  }, onRequest);
}

function listening(server: Server | TlsServer, endpoint: Endpoint): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", (error: Error & { code?: string }) => {
    const isTaken = error.code === "EADDRINUSE";
    const why = isTaken ? "the address is in use by another program" : error.message;
    const at = endpointText(endpoint);
    reject(new AdminListenError(`cannot open the admin interface at ${at}: ${why}`, isTaken, { cause: error }));
  });
  server.listen({ host: endpoint.hostname, port: endpoint.port }, () => {
    server.removeAllListeners("error");
    server.on("error", () => {}); // A failed accept: the listener itself lives.
    resolve();
  });
  return promise;
}

function isTlsServer(server: Server | TlsServer): server is TlsServer {
  return "setSecureContext" in server;
}

async function contextOf({ cert, key, clientCa }: TlsServerFiles) {
  return {
    cert: await readPem(cert),
    key: await readPem(key),
    ...(clientCa === "" ? {} : { ca: await readPem(clientCa) }),
    minVersion: "TLSv1.2" as const,
  };
}

/** The answer to what could not be read as a request. */
function rawProblem(error: Error & { code?: string }, limits: AdminLimits): string {
  const problem = error.code === "HPE_HEADER_OVERFLOW"
    ? new Problem(431, `the head of the request is larger than ${limits.headBytes} bytes`)
    : error.code === "ERR_HTTP_REQUEST_TIMEOUT"
    ? new Problem(408, "the request did not arrive in time")
    : new Problem(400, "this is no request of HTTP/1.1");
  const body = JSON.stringify(problem);
  const headers = { ...HEADERS, "content-type": PROBLEM_TYPE, "cache-control": "no-store", connection: "close" };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`).join("");
  return `HTTP/1.1 ${problem.status} ${
    titleOf(problem.status)
  }\r\n${lines}content-length: ${body.length}\r\n\r\n${body}`;
}
