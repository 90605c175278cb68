/**
 * How often a device, a profile and a room may be heard. PURE: the clock is an argument.
 * @module
 */
import { TokenBucket } from "../net/token_bucket.ts";

/** Requests per second; 0 is none. */
export interface Rates {
  readonly perConnection: number;
  /** Of a connection; 0 is as many as it may send in a second. */
  readonly burst: number;
  readonly perProfile: number;
  readonly perRoom: number;
  /** Refusals within {@link REFUSAL_WINDOW} above which a connection is closed. */
  readonly maxRefused: number;
}

/** Who has used up a limit. */
export type LimitScope = "connection" | "profile" | "room";

/** A limit was used up. */
export interface Limited {
  readonly scope: LimitScope;
  /** ms until there is room again, from 1. */
  readonly retryAfter: number;
}

/** Milliseconds in which refusals are counted (L2). */
export const REFUSAL_WINDOW = 10_000;

/** What one connection may send, and how often it was refused. */
export class ConnectionLimit {
  #bucket: TokenBucket | undefined;
  #rate = -1;
  #burst = -1;
  #refused = 0;
  #since = 0;

  /** Takes one request. @returns ms until there is room again; 0: it was taken */
  take(rates: Rates, now: number): number {
    const { perConnection: rate, burst } = rates;
    if (rate === 0) return 0;
    if (rate !== this.#rate || burst !== this.#burst) {
      this.#bucket = new TokenBucket(rate, burst === 0 ? rate : burst, now);
      this.#rate = rate;
      this.#burst = burst;
    }
    return this.#bucket!.take(now) ? 0 : Math.max(1, this.#bucket!.wait);
  }

  /** Counts a refusal. @returns whether there were too many in a short time */
  refused(rates: Rates, now: number): boolean {
    if (now - this.#since >= REFUSAL_WINDOW) {
      this.#since = now;
      this.#refused = 0;
    }
    return ++this.#refused > rates.maxRefused;
  }
}

/** A limit for each of many names: profiles, rooms. */
export class NamedLimits {
  readonly #buckets = new Map<string, TokenBucket>();

  /** Names that are kept. */
  get size(): number {
    return this.#buckets.size;
  }

  /**
   * Takes `count`, as far as there is room.
   * @returns ms until there is room for more; 0: all taken
   */
  take(name: string, rate: number, burst: number, now: number, count = 1): number {
    if (rate === 0) return 0;
    let bucket = this.#buckets.get(name);
    if (bucket === undefined || bucket.perSecond !== rate || bucket.burst !== burst) {
      this.#buckets.set(name, bucket = new TokenBucket(rate, burst, now));
    }
    for (let taken = 0; taken < count; taken++) if (!bucket.take(now)) return Math.max(1, bucket.wait);
    return 0;
  }

  /** Forgets those who were silent for so long that nobody sees a difference. */
  sweep(now: number): void {
    for (const [name, bucket] of this.#buckets) if (bucket.isFull(now)) this.#buckets.delete(name);
  }
}
