/**
 * Session-Ids as RFC 6733 section 8.8 recommends them: `HOST;HIGH;LOW`, HIGH the time in seconds at which this object was made, LOW counted up from 0. Never the
 * same twice, if one process makes no two of these in one second for the same host.
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
  #low = 0;

  /** The next Session-Id of `originHost`. */
  next(originHost: string): string {
    const id = `${originHost};${this.#high};${this.#low}`;
    this.#low = (this.#low + 1) >>> 0;
    if (this.#low === 0) this.#high++;
    return id;
  }
}
