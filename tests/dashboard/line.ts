/**
 * A line between a browser and a gateway that can be cut, and laid to another gateway.
 * @module
 */
import type { Endpoint } from "../../src/net/connection.ts";

/** Carries bytes both ways while it is whole. */
export class Line implements AsyncDisposable {
  /** Where the browser finds the gateway, whichever it is. */
  readonly url: string;
  /** Undefined while it is cut. */
  #target: Endpoint | undefined;
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #ends = new Set<Deno.Conn>();
  readonly #carrying = new Set<Promise<void>>();

  constructor(target: Endpoint) {
    this.#target = target;
    this.url = `http://127.0.0.1:${this.#listener.addr.port}`;
    this.#note(this.#accept());
  }

  /** Every connection ends, and so do new ones. */
  cut(): void {
    this.#target = undefined;
    for (const end of this.#ends) close(end);
    this.#ends.clear();
  }

  /** It is whole again. */
  mend(target: Endpoint): void {
    this.#target = target;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    this.#listener.close();
    await Promise.all(this.#carrying);
  }

  async #accept(): Promise<void> {
    for await (const near of this.#listener) this.#note(this.#carry(near));
  }

  async #carry(near: Deno.TcpConn): Promise<void> {
    const ends: Deno.Conn[] = [near];
    try {
      if (this.#target === undefined) return;
      const far = await Deno.connect(this.#target);
      ends.push(far);
      for (const end of ends) this.#ends.add(end);
      await Promise.allSettled([near.readable.pipeTo(far.writable), far.readable.pipeTo(near.writable)]);
    } catch {
      // The gateway is gone: so is the connection.
    } finally {
      for (const end of ends) {
        this.#ends.delete(end);
        close(end);
      }
    }
  }

  #note(work: Promise<void>): void {
    const noted = work.catch(() => {}).finally(() => this.#carrying.delete(noted));
    this.#carrying.add(noted);
  }
}

function close(end: Deno.Conn): void {
  try {
    end.close();
  } catch {
    // Closed already.
  }
}
