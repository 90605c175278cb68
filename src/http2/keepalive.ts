/**
 * When to ask a silent peer whether it is there, and when to give it up. PURE.
 * @module
 */
import type { KeepaliveOptions } from "./options.ts";

/** Looks at how much was read, now and then. */
export class Keepalive {
  #seen = -1;
  #heardAt = 0;
  #askedAt = -1;

  /**
   * @param total octets read so far @param now milliseconds
   * @returns `ask` when a PING is due, `dead` when there was no sign of life after it
   */
  look(total: number, now: number, { interval, timeout }: KeepaliveOptions): "ask" | "dead" | undefined {
    if (total !== this.#seen) {
      this.#seen = total;
      this.#heardAt = now;
      this.#askedAt = -1;
    } else if (interval === 0) {
      return undefined;
    } else if (this.#askedAt < 0) {
      if (now - this.#heardAt < interval) return undefined;
      this.#askedAt = now;
      return "ask";
    } else if (now - this.#askedAt >= timeout) {
      return "dead";
    }
    return undefined;
  }
}
