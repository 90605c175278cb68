/**
 * The limits of one Logic App, over all its connections.
 * @module
 */
import { TokenBucket } from "../../../net/token_bucket.ts";
import { RESULT } from "../../wire/result_codes.ts";
import type { AppDirectory } from "./directory.ts";
import type { RelayPeer } from "../core/relay_peer.ts";
import type { RelayRuntime } from "../core/runtime.ts";
import type { Refusal } from "../core/refusal.ts";

/**
 * How many buckets of Logic Apps that are gone are kept, so that a reconnect is no way around the
 * limit.
 */
const REMEMBERED = 10_000;

/** Checks requests against rate_limit and max_in_flight. */
export class AppLimits {
  readonly #runtime: RelayRuntime;
  readonly #apps: AppDirectory;
  readonly #buckets = new Map<string, TokenBucket>();

  constructor(runtime: RelayRuntime, apps: AppDirectory) {
    this.#runtime = runtime;
    this.#apps = apps;
  }

  /** Whether there is anything to check. */
  get active(): boolean {
    const { rateLimit, maxInFlight } = this.#runtime.options.server;
    return rateLimit.requestsPerSecond > 0 || maxInFlight > 0;
  }

  /**
   * Why one more request of `app` is too much; undefined when it is not.
   * @param waiting how many of it wait for their turn
   */
  check(app: RelayPeer, now: number, waiting = 0): Refusal | undefined {
    const { rateLimit, maxInFlight } = this.#runtime.options.server;
    if (maxInFlight > 0) {
      let inFlight = waiting;
      for (const connection of this.#apps.withHost(app.originHost)) inFlight += connection.inFlight;
      if (inFlight >= maxInFlight) {
        return {
          resultCode: RESULT.tooBusy,
          message: `${maxInFlight} requests of ${app.originHost} are unanswered, which is its limit`,
          reason: "app_in_flight",
        };
      }
    }
    const { requestsPerSecond } = rateLimit;
    if (requestsPerSecond > 0 && !this.#bucketOf(app, now).take(now)) {
      return {
        resultCode: RESULT.tooBusy,
        message: `${app.originHost} sends more than ${requestsPerSecond} requests a second`,
        reason: "app_rate",
      };
    }
    return undefined;
  }

  #bucketOf(app: RelayPeer, now: number): TokenBucket {
    const { requestsPerSecond, burst } = this.#runtime.options.server.rateLimit;
    const name = app.originHost.toLowerCase();
    const size = burst > 0 ? burst : Math.max(1, requestsPerSecond);
    let bucket = this.#buckets.get(name);
    if (bucket === undefined || bucket.perSecond !== requestsPerSecond || bucket.burst !== size) {
      this.#forgetOne();
      bucket = new TokenBucket(requestsPerSecond, size, now);
      this.#buckets.set(name, bucket);
    }
    return bucket;
  }

  /**
   * Makes room for a bucket, at the expense of the Logic App that was new longest ago among those
   * that are gone.
   */
  #forgetOne(): void {
    if (this.#buckets.size < REMEMBERED + this.#apps.size) return;
    for (const [name, bucket] of this.#buckets) {
      this.#buckets.delete(name);
      if (this.#apps.withHost(name).length === 0) return;
      // Connected: it goes to the end, so that the next one need not look at it again.
      this.#buckets.set(name, bucket);
    }
  }
}
