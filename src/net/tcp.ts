/**
 * Plain TCP.
 * @module
 */
import { type Connection, type Endpoint, plainAddress } from "./connection.ts";

/** Wraps a TCP connection. */
export function tcpConnection(conn: Deno.TcpConn): Connection {
  return new TcpConnection(conn);
}

/** One object for each connection, no closures: thousands may be idle. */
class TcpConnection implements Connection {
  readonly tls = undefined;
  leftSilently = false;
  readonly #conn: Deno.TcpConn;
  #heard = false;
  #closed = false;

  constructor(conn: Deno.TcpConn) {
    this.#conn = conn;
  }

  get local(): Endpoint {
    return endpoint(this.#conn.localAddr);
  }
  get remote(): Endpoint {
    return endpoint(this.#conn.remoteAddr);
  }

  read(into: Uint8Array): Promise<number | null> {
    return this.#heard ? this.#conn.read(into) : this.#firstRead(into);
  }

  async #firstRead(into: Uint8Array): Promise<number | null> {
    let count: number | null = null;
    try {
      return count = await this.#conn.read(into);
    } finally {
      if (count !== null) this.#heard = true;
      else if (!this.#closed) this.leftSilently = true;
    }
  }

  write(bytes: Uint8Array): Promise<number> {
    return this.#conn.write(bytes);
  }

  closeWrite(): void {
    // It fails when the other end is gone, and then there is nothing left to end.
    this.#conn.closeWrite().catch(() => {});
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    try {
      this.#conn.close();
    } catch {
      // Closed already: the end was reached by another way.
    }
  }
}

function endpoint(address: Deno.NetAddr): Endpoint {
  return { hostname: plainAddress(address.hostname), port: address.port };
}

/** Options of {@link connectTcp}. */
export interface ConnectOptions {
  /** Milliseconds. */
  readonly timeout: number;
  /** TCP_NODELAY. */
  readonly noDelay: boolean;
  /** Local address to connect from; absent or "" leaves it to the system. */
  readonly bind?: string;
  /** Gives up when it fires. */
  readonly signal?: AbortSignal;
}

/**
 * Connects to `to`.
 * @throws Error whose message names the address and the cause: refused, timed out, unreachable
 */
export async function connectTcp(to: Endpoint, options: ConnectOptions): Promise<Connection> {
  const timeout = AbortSignal.timeout(options.timeout);
  const signal = options.signal === undefined ? timeout : AbortSignal.any([timeout, options.signal]);
  let conn: Deno.TcpConn;
  try {
    conn = await Deno.connect({ hostname: to.hostname, port: to.port, signal });
  } catch (error) {
    if (timeout.aborted) throw new Error(`no connection within ${options.timeout} ms`, { cause: error });
    throw error;
  }
  if (options.noDelay) conn.setNoDelay(true);
  return tcpConnection(conn);
}
