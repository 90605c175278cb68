/**
 * What a client may do too much of, each a known way to make a server work for nothing. PURE: the
 * clock is an argument.
 * @module
 */
import { TokenBucket } from "../net/token_bucket.ts";
import type { Rate } from "./options.ts";

/** WINDOW_UPDATEs that are free, and more of them for each DATA frame that was sent. */
const FREE_UPDATES = 1000;
const UPDATES_PER_DATA = 10;
/** CONTINUATIONs of one header block (CVE-2024-27316). */
export const MOST_CONTINUATIONS = 64;

/** The counts of one connection. All answers are true when the peer may go on. */
export class PeerLimits {
  /** DATA frames that were sent to the peer. */
  dataSent = 0;
  /** HEADERS frames that were sent to the peer. */
  headersSent = 0;
  #resets: TokenBucket;
  #control: TokenBucket;
  #pings = 0;
  #updates = 0;

  constructor(resets: Rate, control: Rate, now: number) {
    this.#resets = new TokenBucket(resets.perSecond, resets.burst, now);
    this.#control = new TokenBucket(control.perSecond, control.burst, now);
  }

  /** Other rates from now on. */
  configure(resets: Rate, control: Rate, now: number): void {
    this.#resets = new TokenBucket(resets.perSecond, resets.burst, now);
    this.#control = new TokenBucket(control.perSecond, control.burst, now);
  }

  /** A stream ended unfinished, by the peer or for its fault (CVE-2023-44487, CVE-2025-8671). */
  reset(now: number): boolean {
    return this.#resets.take(now);
  }

  /** A frame that moves nothing (CVE-2019-9515, CVE-2019-9518). */
  control(now: number): boolean {
    return this.#control.take(now);
  }

  /** A PING: one for each frame that was sent is what measuring costs (CVE-2019-9512). */
  ping(now: number): boolean {
    if (this.#pings >= this.dataSent + this.headersSent) return this.#control.take(now);
    this.#pings++;
    return true;
  }

  /** A WINDOW_UPDATE. */
  update(): boolean {
    return ++this.#updates <= FREE_UPDATES + UPDATES_PER_DATA * this.dataSent;
  }
}
