/**
 * TLS 1.2 and 1.3 as a client, and what both sides share; see `tls_listener.ts` for the server.
 * @module
 */
import { connect as connectPlain, isIP, type Socket } from "node:net";
import { connect, type TLSSocket } from "node:tls";
import { dnsNamesOf } from "./certificate_names.ts";
import type { Connection, Endpoint, TlsFacts } from "./connection.ts";
import { nodeConnection } from "./node_connection.ts";
import { readPem } from "./pem.ts";
import type { ConnectOptions } from "./tcp.ts";

/** RC4, 3DES and TLS below 1.2, which RFC 6733 section 13.1 still names, are obsolete. */
export const OLDEST_VERSION = "TLSv1.2";

/** File names of what a TLS client trusts and shows; "" where not given. */
export interface TlsClientFiles {
  /** "" trusts the system's authorities. */
  readonly ca: string;
  /** A client certificate, as PEM; "" shows none. */
  readonly cert: string;
  /** The key of that certificate, as PEM. */
  readonly key: string;
  /** The name that the server's certificate must carry; "" takes the host that was dialled. */
  readonly serverName: string;
  /** The one protocol that the server must agree to speak (ALPN, RFC 7301), such as `h2`. */
  readonly protocol?: string;
}

/**
 * Connects with TLS.
 * @throws Error: unreachable, timed out, a certificate that does not stand, or a server that does
 * not agree on `files.protocol`
 */
export async function connectTls(
  to: Endpoint,
  files: TlsClientFiles,
  options: ConnectOptions,
): Promise<Connection> {
  const { ca, cert, key, serverName, protocol } = files;
  const name = serverName || to.hostname;
  const socket = connect({
    host: to.hostname,
    port: to.port,
    ...(isIP(name) === 0 ? { servername: name } : {}),
    ...(ca === "" ? {} : { ca: await readPem(ca) }),
    ...(cert === "" ? {} : { cert: await readPem(cert), key: await readPem(key || cert) }),
    ...(options.bind ? { localAddress: options.bind } : {}),
    ...(protocol === undefined ? {} : { ALPNProtocols: [protocol] }),
    minVersion: OLDEST_VERSION,
  });
  await established(socket as unknown as Socket, "secureConnect", options);
  if (options.noDelay) socket.setNoDelay(true);
  const facts = factsOf(socket);
  if (protocol !== undefined && facts.protocol !== protocol) {
    socket.destroy();
    throw new Error(`TLS: expected the server to agree on ${protocol} (ALPN), it chose ${facts.protocol ?? "nothing"}`);
  }
  return nodeConnection(socket as unknown as Socket, facts);
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
    // Given up while files were read: nobody tells again.
    if (options.signal?.aborted) aborted();
  });
}

/**
 * What TLS established. DNS names come from the octets of the certificate that the peer showed: the
 * text that the library makes of them is ambiguous.
 */
export function factsOf(socket: TLSSocket): TlsFacts {
  const certificate = socket.getPeerCertificate() as { readonly raw?: Uint8Array } | null;
  const { alpnProtocol } = socket;
  return {
    names: certificate?.raw === undefined ? [] : dnsNamesOf(certificate.raw),
    established: true,
    ...(alpnProtocol ? { protocol: alpnProtocol } : {}),
  };
}
