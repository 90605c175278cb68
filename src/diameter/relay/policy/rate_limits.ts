/**
 * How often requests of some kind may come.
 * @module
 */
import type { Counter } from "../../../ops/metrics/counter.ts";
import { TokenBucket } from "../../../net/token_bucket.ts";
import { RESULT } from "../../wire/result_codes.ts";
import type { Meters } from "../core/meters.ts";
import type { LimitOptions } from "../core/policy_options.ts";
import { LastingRefusal } from "../core/refusal.ts";
import { type Condition, destination, firstFailed, firstOf, type IdentitySource, peerIdentity } from "./conditions.ts";
import { ORIGIN, type Reading } from "./reading.ts";
import { textAt } from "./values.ts";

/** Buckets of one limit; the one that was asked longest ago goes first. */
const MOST_BUCKETS = 10_000;

/** Buckets by limit: those of a name that stays, stay when the configuration changes. */
export type Buckets = Map<string, Map<string, TokenBucket>>;

/** One limit. */
interface Limit {
  readonly conditions: readonly Condition[];
  /** Undefined: all together. */
  readonly source: IdentitySource | undefined;
  readonly perSecond: number;
  readonly burst: number;
  readonly buckets: Map<string, TokenBucket>;
  readonly refusal: LastingRefusal;
  readonly limited: Counter;
}

/** The limits of one configuration. */
export class RateLimits {
  readonly #limits: readonly Limit[];
  readonly #at = { bytes: new Uint8Array(), start: 0, end: 0 };

  /** @param conditions those of each limit @param buckets of the configuration before */
  constructor(
    options: readonly LimitOptions[],
    conditions: readonly (readonly Condition[])[],
    reading: Reading,
    meters: Meters,
    buckets: Buckets,
  ) {
    for (const name of buckets.keys()) if (!options.some((limit) => limit.name === name)) buckets.delete(name);
    this.#limits = options.map(({ name, per, requestsPerSecond, burst }, i): Limit => {
      const own = buckets.get(name) ?? new Map<string, TokenBucket>();
      buckets.set(name, own);
      const of = per === "all" ? "" : ` of one ${per.replace("_", " ")}`;
      const message = `limit ${name}: more than ${requestsPerSecond} requests a second${of}`;
      return {
        conditions: conditions[i]!,
        source: sourceOf(per, reading),
        perSecond: requestsPerSecond,
        burst: burst > 0 ? burst : Math.max(1, requestsPerSecond),
        buckets: own,
        refusal: new LastingRefusal(RESULT.tooBusy, message, "rate_limit"),
        limited: meters.rateLimited.of({ limit: name }),
      };
    });
  }

  /** Why the request at hand is one too many; all limits that it is for count it. */
  check(reading: Reading, now: number): LastingRefusal | undefined {
    let refusal: LastingRefusal | undefined;
    for (const limit of this.#limits) {
      if (firstFailed(limit.conditions, reading) !== undefined) continue;
      if (bucketOf(limit, this.#keyOf(limit, reading), now).take(now)) continue;
      limit.limited.value++;
      refusal ??= limit.refusal;
    }
    return refusal;
  }

  #keyOf({ source }: Limit, reading: Reading): string {
    const at = this.#at;
    if (source === undefined || !source.find(reading, at)) return "";
    return textAt(at.bytes, at.start, at.end).toLowerCase();
  }
}

function sourceOf(per: LimitOptions["per"], reading: Reading): IdentitySource | undefined {
  switch (per) {
    case "all":
      return undefined;
    case "app":
      return peerIdentity();
    case "origin_realm":
      return firstOf(reading.valuesAt(ORIGIN.realm));
    case "destination_realm":
      return destination("destinationRealm");
  }
}

function bucketOf({ buckets, perSecond, burst }: Limit, key: string, now: number): TokenBucket {
  let bucket = buckets.get(key);
  // Asked again: it goes behind all others.
  if (bucket !== undefined && buckets.size > 1) buckets.delete(key);
  if (bucket === undefined || bucket.perSecond !== perSecond || bucket.burst !== burst) {
    bucket = new TokenBucket(perSecond, burst, now);
  }
  if (buckets.size >= MOST_BUCKETS) {
    for (const oldest of buckets.keys()) {
      buckets.delete(oldest);
      break;
    }
  }
  buckets.set(key, bucket);
  return bucket;
}
