/**
 * Session-Ids as RFC 6733 section 8.8 recommends them: `HOST;HIGH;LOW`, HIGH the time in seconds at
 * which this object was made, LOW counted up. Never the same twice, if no two of these are made in
 * one second for the same host, or each begins at a random number.
 *
 * @example
 * ```ts
 * import { SessionIds } from "@diam-gw/diam-gw";
 * const ids = new SessionIds();
 * console.log(ids.next("mme.example.net")); // mme.example.net;1795245285;0
 * ```
 */
export class SessionIds {
  #high = Math.floor(Date.now() / 1000);
  #low: number;

  /** Begins anew. @param first LOW of the first one; 0 unless given */
  constructor(first = 0) {
    this.#low = first >>> 0;
  }

  /** The next Session-Id of `originHost`. */
  next(originHost: string): string {
    const id = `${originHost};${this.#high};${this.#low}`;
    this.#low = (this.#low + 1) >>> 0;
    if (this.#low === 0) this.#high++;
    return id;
  }
}
