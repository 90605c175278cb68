/**
 * Accepting TLS connections, with or without client certificates.
 * @module
 */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { createServer as createPlainServer, type Server as PlainServer, type Socket } from "node:net";
import { createServer, type Server, type TlsOptions, type TLSSocket } from "node:tls";
import { type Connection, type Endpoint, plainAddress, type TlsFacts } from "./connection.ts";
import type { AcceptOptions, ListenAddress, Listener } from "./listener.ts";
import { nodeConnection } from "./node_connection.ts";
import { readPem } from "./pem.ts";
import { factsOf, OLDEST_VERSION } from "./tls.ts";

/** File names of what a TLS server shows and asks for. */
export interface TlsServerFiles {
  /** Its certificate, and what it was signed by, as PEM. */
  readonly cert: string;
  /** The key of that certificate, as PEM. */
  readonly key: string;
  /** Certificates that client certificates must be signed by; "" asks for none. */
  readonly clientCa: string;
  /** What is agreed on with clients that offer it (ALPN, RFC 7301), such as `h2`. */
  readonly protocol?: string;
}

/** A TLS listener; its certificates can be read again while it listens. */
export interface TlsListener extends Listener {
  /**
   * Reads the files again, or others, for connections to come.
   * @throws Error when one cannot be read; the old ones stay in force
   */
  reload(files?: TlsServerFiles): Promise<void>;
}

/** How TLS connections are accepted; asked for each of them, because it may change. */
export interface TlsAcceptOptions extends AcceptOptions {
  /** Milliseconds that the handshake may take. */
  readonly handshakeTimeout: number;
}

/**
 * Connections that the kernel keeps until they are accepted: all of them may be accepted at once.
 */
const BACKLOG = 1024;

/** Milliseconds after which a listener that went deaf hears again. */
const REVIVAL = 250;

/**
 * Listens with TLS. Each connection is handed to `accepted` before its handshake, so that it counts
 * from the beginning: its first read waits for the handshake, or fails with what is wrong with it,
 * or that it took longer than `handshakeTimeout` ms. No failure to accept ends the listener.
 * @throws Error when a file cannot be used, or the address cannot be listened on
 */
export async function listenTls(
  endpoint: ListenAddress,
  files: TlsServerFiles,
  options: TlsAcceptOptions,
  accepted: (connection: Connection) => void,
  failed: (error: Error) => void = () => {},
): Promise<TlsListener> {
  const handshakes = new Handshakes(await serverOptions(files), options);
  // Accepted by the library and not by Deno.listen, whose connections carry TLS only through a
  // stream of our own: that costs a third more processor time for each message. Deno.listenTls
  // would take half of the memory, but closes no socket before its handshake is over, so that
  // silent ones take every descriptor, and cannot turn off Nagle's algorithm.
  const server = createPlainServer((socket) => {
    if (options.noDelay) socket.setNoDelay(true);
    accepted(new AcceptedTls(socket, handshakes));
  });
  const { hostname, port: wanted, reusePort = false } = endpoint;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host: hostname, port: wanted, reusePort, backlog: BACKLOG }, () => {
      server.off("error", reject);
      server.on("error", failed);
      resolve();
    });
  });
  const bound = server.address();
  const port = typeof bound === "object" && bound !== null ? bound.port : wanted;
  const revival = setInterval(() => {
    revive(server);
    const shortage = shortageOfDescriptors();
    if (shortage !== undefined) failed(shortage);
  }, REVIVAL);
  return {
    address: { hostname, port },
    async reload(others = files) {
      handshakes.use(await serverOptions(others));
      files = others;
    },
    close() {
      clearInterval(revival);
      server.close();
    },
  };
}

/**
 * Makes the library look again for connections: after one accept that failed (no descriptors) it
 * waits for ever for news of the listening socket, and tells nobody. To listen on what listens
 * already changes nothing else.
 */
function revive(server: PlainServer): void {
  const { _handle: handle } = server as unknown as { _handle: { listen(backlog: number): number } | null };
  handle?.listen(BACKLOG);
}

/** The error of an accept, which the library keeps to itself. */
function shortageOfDescriptors(): Error | undefined {
  try {
    Deno.openSync("/dev/null").close();
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === "EMFILE" || code === "ENFILE") return error as Error;
  }
  return undefined;
}

/** @throws Error that names the file which cannot be used */
async function serverOptions({ cert, key, clientCa, protocol }: TlsServerFiles) {
  const asksForCertificate = clientCa !== "";
  const options = {
    cert: await readPem(cert),
    key: await readPem(key),
    ...(asksForCertificate ? { ca: await readPem(clientCa) } : {}),
    requestCert: asksForCertificate,
    rejectUnauthorized: asksForCertificate,
    ...(protocol === undefined ? {} : { ALPNProtocols: [protocol] }),
    minVersion: OLDEST_VERSION,
  } as const;
  // The library would not look at them before the first handshake, and then refuse each one.
  const certificate = readBlock(options.cert, cert, CERTIFICATE, (pem) => new X509Certificate(pem));
  const privateKey = readBlock(options.key, key, PRIVATE_KEY, createPrivateKey);
  if (!certificate.checkPrivateKey(privateKey)) throw new Error(`${key} is not the key of the certificate in ${cert}`);
  if (options.ca !== undefined) readBlock(options.ca, clientCa, CERTIFICATE, (pem) => new X509Certificate(pem));
  return options;
}

const CERTIFICATE = "CERTIFICATE";
const PRIVATE_KEY = "PRIVATE KEY";

/** Reads the first block of that kind. */
function readBlock<T>(text: string, file: string, kind: string, read: (pem: string) => T): T {
  const [block] = new RegExp(`-----BEGIN [A-Z ]*${kind}-----.*?-----END [A-Z ]*${kind}-----`, "s").exec(text) ?? [];
  if (block === undefined) throw new Error(`${file} holds no ${kind}: expected -----BEGIN ${kind}-----`);
  try {
    return read(block);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`${file} holds no ${kind} that can be read: ${reason}`, { cause: error });
  }
}

/** Names of a peer before its handshake is done. */
const NOBODY: TlsFacts = { names: [], established: false };

/** Whoever waits for a handshake. */
type Waiting = Pick<PromiseWithResolvers<TLSSocket>, "resolve" | "reject">;

/** The handshakes of one listener. */
class Handshakes {
  /**
   * Never listens: it is given the connections. Another one takes its place when anything changes.
   */
  #server: Server;
  #certificates: TlsOptions;
  /** Of {@link #server}. */
  #timeout: number;
  readonly #options: TlsAcceptOptions;
  readonly #waiting = new WeakMap<Socket, Waiting>();

  /** @throws Error when the certificates are of no use */
  constructor(certificates: TlsOptions, options: TlsAcceptOptions) {
    this.#certificates = certificates;
    this.#options = options;
    this.#timeout = options.handshakeTimeout;
    this.#server = this.#newServer();
  }

  #newServer(): Server {
    const server = createServer({ ...this.#certificates, handshakeTimeout: this.#timeout });
    server.on("secureConnection", (socket) => {
      const waiting = this.#waitingFor(socket);
      if (waiting === undefined) socket.destroy();
      else waiting.resolve(socket);
    });
    server.on("tlsClientError", (error, socket) => {
      socket.on("error", () => {});
      socket.destroy();
      this.#waitingFor(socket)?.reject(new Error(`TLS: ${error.message}`, { cause: error }));
    });
    return server;
  }

  /** For handshakes to come. @throws Error when the certificates are of no use */
  use(certificates: TlsOptions): void {
    this.#certificates = certificates;
    // Whether certificates of clients are asked for cannot be changed of one that is there.
    this.#server = this.#newServer();
  }

  /**
   * Resolves with the socket over `plain`; rejects when the handshake fails, or the connection ends
   * before it is done.
   */
  async over(plain: Socket): Promise<TLSSocket> {
    const { promise, resolve, reject } = Promise.withResolvers<TLSSocket>();
    this.#waiting.set(plain, { resolve, reject });
    const ended = () => reject(new Error("TLS: the connection ended before the handshake was done"));
    plain.once("end", ended);
    plain.once("close", ended);
    const { handshakeTimeout } = this.#options;
    if (handshakeTimeout !== this.#timeout) {
      this.#timeout = handshakeTimeout;
      this.#server = this.#newServer();
    }
    this.#server.emit("connection", plain);
    try {
      return await promise;
    } finally {
      plain.off("end", ended);
      plain.off("close", ended);
    }
  }

  /**
   * The library keeps to itself over which connection a handshake was done; one that cannot be told
   * is given up.
   */
  #waitingFor(socket: TLSSocket): Waiting | undefined {
    const { _parent: plain } = socket as unknown as { _parent?: Socket };
    return plain === undefined ? undefined : this.#waiting.get(plain);
  }
}

/** A connection from its accept on; the handshake is the beginning of its first read. */
class AcceptedTls implements Connection {
  readonly local: Endpoint;
  readonly remote: Endpoint;
  tls: TlsFacts = NOBODY;
  leftSilently = false;
  readonly #plain: Socket;
  readonly #handshake: Promise<Connection>;
  /** What carries the bytes once the handshake is done. */
  #secure: Connection | undefined;
  #closed = false;

  constructor(plain: Socket, handshakes: Handshakes) {
    this.local = { hostname: plainAddress(plain.localAddress ?? "0.0.0.0"), port: plain.localPort ?? 0 };
    this.remote = { hostname: plainAddress(plain.remoteAddress ?? "0.0.0.0"), port: plain.remotePort ?? 0 };
    this.#plain = plain;
    plain.on("error", () => {});
    this.#handshake = handshakes.over(plain).then((socket) => {
      this.tls = factsOf(socket);
      return this.#secure = nodeConnection(socket as unknown as Socket, this.tls);
    });
    // The error itself is for whoever reads.
    this.#handshake.catch(() => {
      this.leftSilently = !this.#closed && plain.bytesRead === 0;
      plain.destroy();
    });
  }

  read(into: Uint8Array): Promise<number | null> {
    return this.#secure?.read(into) ?? this.#handshake.then((secure) => secure.read(into));
  }

  write(bytes: Uint8Array): Promise<number> {
    return this.#secure?.write(bytes) ?? this.#handshake.then((secure) => secure.write(bytes));
  }

  closeWrite(): void {
    this.#secure?.closeWrite?.();
  }

  close(): void {
    this.#closed = true;
    this.#secure?.close();
    this.#plain.destroy();
  }
}
