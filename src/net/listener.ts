/**
 * Accepting connections.
 * @module
 */
import { type Connection, type Endpoint, plainAddress } from "./connection.ts";
import { tcpConnection } from "./tcp.ts";

/** One listening address. */
export interface Listener {
  /** With the real port where 0 was asked for. */
  readonly address: Endpoint;
  /** Accepts nothing more; what was accepted stays. */
  close(): void;
}

/** Where to listen. */
export interface ListenAddress extends Endpoint {
  /** Whether others may listen there too, if they want the same (SO_REUSEPORT). */
  readonly reusePort?: boolean;
}

/** How connections are accepted; asked for each of them, because it may change while it listens. */
export interface AcceptOptions {
  /** TCP_NODELAY. */
  readonly noDelay: boolean;
}

/**
 * Connections that the kernel keeps until they are accepted: a storm of a few thousand must fit.
 */
const BACKLOG = 4096;

/** Milliseconds between two attempts while nothing can be accepted. */
const PAUSE = 50;

/**
 * Listens on an address and hands every connection to `accepted`, which must not throw. No failure
 * to accept ends it: when descriptors or memory run out, `failed` is told, and it is tried again.
 * @throws Deno.errors.AddrInUse and others of `Deno.listen`
 */
export function listenTcp(
  { hostname, port, reusePort = false }: ListenAddress,
  options: AcceptOptions,
  accepted: (connection: Connection) => void,
  failed: (error: Error) => void = () => {},
): Listener {
  const listener = Deno.listen({ hostname, port, reusePort, tcpBacklog: BACKLOG });
  const address = { hostname: plainAddress(listener.addr.hostname), port: listener.addr.port };
  let closed = false;
  const accept = async () => {
    while (!closed) {
      let conn: Deno.TcpConn;
      try {
        conn = await listener.accept();
      } catch (error) {
        if (closed || error instanceof Deno.errors.BadResource) return;
        if (error instanceof Deno.errors.ConnectionAborted || error instanceof Deno.errors.ConnectionReset) continue;
        failed(error instanceof Error ? error : new Error(String(error)));
        // A lasting shortage must not become a busy loop.
        await new Promise((resolve) => setTimeout(resolve, PAUSE));
        continue;
      }
      try {
        if (options.noDelay) conn.setNoDelay(true);
        accepted(tcpConnection(conn));
      } catch {
        conn.close();
      }
    }
  };
  void accept();
  return {
    address,
    close() {
      if (closed) return;
      closed = true;
      listener.close();
    },
  };
}
