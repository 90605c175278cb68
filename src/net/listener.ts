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
  close(): void;
}

/** Connections that the kernel keeps until they are accepted: a storm of a few thousand must fit. */
const BACKLOG = 4096;

/**
 * Listens on `endpoint` and hands every connection to `accepted`, which must not throw.
 * @throws Deno.errors.AddrInUse and others of `Deno.listen`
 */
export function listenTcp(endpoint: Endpoint, noDelay: boolean, accepted: (connection: Connection) => void): Listener {
  const listener = Deno.listen({ hostname: endpoint.hostname, port: endpoint.port, tcpBacklog: BACKLOG });
  const address = { hostname: plainAddress(listener.addr.hostname), port: listener.addr.port };
  let closed = false;
  const accept = async () => {
    while (!closed) {
      let conn: Deno.TcpConn;
      try {
        conn = await listener.accept();
      } catch (error) {
        if (closed) return;
        // The connection was gone before it was accepted, or file descriptors ran out: the listener itself lives. A pause keeps a
        // lasting shortage from becoming a busy loop.
        if (error instanceof Deno.errors.BadResource) return;
        await new Promise((resolve) => setTimeout(resolve, 50));
        continue;
      }
      try {
        if (noDelay) conn.setNoDelay(true);
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
