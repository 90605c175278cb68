/**
 * What stands before a gateway of the demo: a port that hands bytes on, and that can be cut off as
 * a host is that loses its power.
 * @module
 */
import type { Endpoint } from "../../../net/connection.ts";

/** A port before another one. */
export class Front {
  readonly #target: Endpoint;
  readonly #conns = new Set<Deno.Conn>();
  #listener: Deno.TcpListener;

  constructor(target: Endpoint) {
    this.#target = target;
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    void this.#accept(this.#listener);
  }

  /** Where to connect. */
  get address(): Endpoint {
    const { hostname, port } = this.#listener.addr;
    return { hostname, port };
  }

  /** Every connection is cut, and nobody gets in any more. */
  cut(): void {
    this.#listener.close();
    for (const conn of this.#conns) closeQuietly(conn);
  }

  async #accept(listener: Deno.TcpListener): Promise<void> {
    try {
      for await (const conn of listener) void this.#join(conn);
    } catch {
      // Cut.
    }
  }

  async #join(near: Deno.TcpConn): Promise<void> {
    this.#conns.add(near);
    let far: Deno.TcpConn | undefined;
    try {
      far = await Deno.connect({ hostname: this.#target.hostname, port: this.#target.port });
      this.#conns.add(far);
      near.setNoDelay(true);
      far.setNoDelay(true);
      await Promise.all([near.readable.pipeTo(far.writable), far.readable.pipeTo(near.writable)]);
    } catch {
      // One of them has gone.
    }
    for (const conn of [near, far]) {
      if (conn === undefined) continue;
      closeQuietly(conn);
      this.#conns.delete(conn);
    }
  }
}

function closeQuietly(conn: Deno.Conn): void {
  try {
    conn.close();
  } catch {
    // Closed already.
  }
}
