/**
 * Turning the event loop over at once.
 * @module
 */

/**
 * A connection to oneself. Sending a byte through it ends a turn of the event loop and begins the
 * next one a few microseconds later, with everything that has arrived looked at in between. Timers
 * are a hundred times too coarse for that, and `setImmediate` keeps the loop from looking at the
 * network.
 */
export class QuickTurns {
  readonly #near: Deno.TcpConn;
  readonly #far: Deno.TcpConn;
  readonly #byte = new Uint8Array(1);
  readonly #into = new Uint8Array(16);

  private constructor(near: Deno.TcpConn, far: Deno.TcpConn) {
    this.#near = near;
    this.#far = far;
  }

  /** Connects this process to itself over loopback. */
  static async open(): Promise<QuickTurns> {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    try {
      const [near, far] = await Promise.all([
        Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port }),
        listener.accept(),
      ]);
      near.setNoDelay(true);
      return new QuickTurns(near, far);
    } finally {
      listener.close();
    }
  }

  /** Resolves in the next turn. */
  async turn(): Promise<void> {
    await this.#near.write(this.#byte);
    await this.#far.read(this.#into);
  }

  close(): void {
    this.#near.close();
    this.#far.close();
  }
}
