/**
 * TLS 1.2 and 1.3, as server with or without client certificates, and as client.
 * @module
 */
import { connect as connectPlain, isIP, type Socket } from "node:net";
import { connect, createServer, type TLSSocket } from "node:tls";
import { dnsNamesOf } from "./certificate_names.ts";
import { type Connection, type Endpoint, plainAddress, type TlsFacts } from "./connection.ts";
import type { Listener } from "./listener.ts";
import { nodeConnection } from "./node_connection.ts";
import { readPem } from "./pem.ts";
import type { ConnectOptions } from "./tcp.ts";

/** RC4, 3DES and TLS below 1.2, which RFC 6733 section 13.1 still names, are obsolete. */
const OLDEST_VERSION = "TLSv1.2";

/** File names of what a TLS server shows and asks for. */
export interface TlsServerFiles {
  readonly cert: string;
  readonly key: string;
  /** Certificates that client certificates must be signed by; "" asks for none. */
  readonly clientCa: string;
}

/** File names of what a TLS client trusts and shows; "" where not given. */
export interface TlsClientFiles {
  /** "" trusts the system's authorities. */
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  /** The name that the server's certificate must carry; "" takes the host that was dialled. */
  readonly serverName: string;
}

/** A TLS listener; its certificates can be read again while it listens. */
export interface TlsListener extends Listener {
  /** Reads the files again, for connections to come. @throws Error when one cannot be read; the old ones stay in force */
  reload(): Promise<void>;
}

/** Listens with TLS. Each connection is handed to `accepted` when its handshake is done; a handshake that takes longer than `handshakeTimeout` ms is given up. */
export async function listenTls(
  endpoint: Endpoint,
  files: TlsServerFiles,
  options: { readonly noDelay: boolean; readonly handshakeTimeout: number },
  accepted: (connection: Connection) => void,
  refused: (remote: string, reason: string) => void,
): Promise<TlsListener> {
  const asksForCertificate = files.clientCa !== "";
  const server = createServer({
    ...await serverContext(files),
    requestCert: asksForCertificate,
    rejectUnauthorized: asksForCertificate,
    handshakeTimeout: options.handshakeTimeout,
    minVersion: OLDEST_VERSION,
  }, (socket) => {
    if (options.noDelay) socket.setNoDelay(true);
    accepted(nodeConnection(socket as unknown as Socket, factsOf(socket)));
  });
  server.on("tlsClientError", (error: Error, socket: TLSSocket) => {
    refused(`${plainAddress(socket.remoteAddress ?? "?")}:${socket.remotePort ?? "?"}`, `TLS: ${error.message}`);
    socket.destroy();
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host: endpoint.hostname, port: endpoint.port, backlog: 1024 }, () => {
      server.off("error", reject);
      resolve();
    });
  });
  const bound = server.address();
  const port = typeof bound === "object" && bound !== null ? bound.port : endpoint.port;
  return {
    address: { hostname: endpoint.hostname, port },
    async reload() {
      server.setSecureContext({ ...await serverContext(files), minVersion: OLDEST_VERSION });
    },
    close() {
      server.close();
    },
  };
}

/**
 * Connects with TLS.
 * @throws Error: unreachable, timed out, or a certificate that does not stand
 */
export async function connectTls(
  to: Endpoint,
  files: TlsClientFiles,
  options: ConnectOptions,
): Promise<Connection> {
  const { ca, cert, key, serverName } = files;
  const name = serverName || to.hostname;
  const socket = connect({
    host: to.hostname,
    port: to.port,
    ...(isIP(name) === 0 ? { servername: name } : {}),
    ...(ca === "" ? {} : { ca: await readPem(ca) }),
    ...(cert === "" ? {} : { cert: await readPem(cert), key: await readPem(key || cert) }),
    ...(options.bind ? { localAddress: options.bind } : {}),
    minVersion: OLDEST_VERSION,
  });
  await established(socket as unknown as Socket, "secureConnect", options);
  if (options.noDelay) socket.setNoDelay(true);
  return nodeConnection(socket as unknown as Socket, factsOf(socket));
}

/** Connects with plain TCP from the local address `options.bind`. */
export async function connectFrom(to: Endpoint, options: ConnectOptions): Promise<Connection> {
  const socket = connectPlain({
    host: to.hostname,
    port: to.port,
    ...(options.bind ? { localAddress: options.bind } : {}),
  });
  await established(socket, "connect", options);
  if (options.noDelay) socket.setNoDelay(true);
  return nodeConnection(socket, undefined);
}

/** Resolves at `event`; destroys the socket when anything else comes first. */
function established(socket: Socket, event: string, options: ConnectOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error) => {
      settle();
      socket.on("error", () => {});
      socket.destroy();
      reject(error);
    };
    const timer = setTimeout(() => fail(new Error(`no connection within ${options.timeout} ms`)), options.timeout);
    const aborted = () => fail(new Error("given up"));
    const closed = () => fail(new Error("the connection was closed"));
    const done = () => {
      settle();
      resolve();
    };
    const settle = () => {
      clearTimeout(timer);
      options.signal?.removeEventListener("abort", aborted);
      socket.off(event, done);
      socket.off("error", fail);
      socket.off("close", closed);
    };
    options.signal?.addEventListener("abort", aborted);
    socket.once(event, done);
    socket.once("error", fail);
    socket.once("close", closed);
  });
}

async function serverContext({ cert, key, clientCa }: TlsServerFiles) {
  return {
    cert: await readPem(cert),
    key: await readPem(key),
    ...(clientCa === "" ? {} : { ca: await readPem(clientCa) }),
  };
}

/**
 * DNS names of the certificate the peer showed, from its octets: the text that the library makes of
 * them is ambiguous.
 */
function factsOf(socket: TLSSocket): TlsFacts {
  const certificate = socket.getPeerCertificate() as { readonly raw?: Uint8Array } | null;
  return { names: certificate?.raw === undefined ? [] : dnsNamesOf(certificate.raw) };
}
