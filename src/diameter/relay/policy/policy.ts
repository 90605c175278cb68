/**
 * All policy of one gateway, as it is in force.
 * @module
 */
import type { Meters } from "../core/meters.ts";
import type { GatewayEvent } from "../core/events.ts";
import type { GatewayOptions } from "../core/options.ts";
import { compilePolicy } from "./compile_policy.ts";
import type { Complaint } from "./compile.ts";
import { HashKeys, hashKeysOf } from "./hash_keys.ts";
import { type Buckets, RateLimits } from "./rate_limits.ts";
import { Reading } from "./reading.ts";
import { RoutingTable } from "./routing_table.ts";
import { Screening } from "./screening.ts";

/** What is configured, made ready for requests. */
export interface Policy {
  readonly reading: Reading;
  readonly screening: Screening | undefined;
  readonly limits: RateLimits | undefined;
  readonly routing: RoutingTable | undefined;
}

/** Keeps it, over all configurations. */
export class PolicyHolder {
  /** Undefined while nothing is configured. */
  current: Policy | undefined;
  /** Undefined while nothing is balanced by keys of requests. */
  keys: HashKeys | undefined;
  readonly #meters: Meters;
  readonly #tell: (event: GatewayEvent) => void;
  readonly #buckets: Buckets = new Map();

  constructor(meters: Meters, tell: (event: GatewayEvent) => void) {
    this.#meters = meters;
    this.#tell = tell;
  }

  /** Takes other options. What they need has to be loaded when the first request comes. */
  configure(options: GatewayOptions): void {
    const keys = hashKeysOf(options);
    this.keys = keys.size === 0 ? undefined : new HashKeys(keys);
    const before = this.current?.reading;
    if (!hasPolicy(options)) {
      this.current = undefined;
      this.#buckets.clear();
      return;
    }
    const reading = new Reading();
    reading.faults = before?.faults ?? 0;
    reading.tooLong = before?.tooLong ?? 0;
    const { routes, limits, rules } = compilePolicy(options, reading, refuse);
    const { routing, screening } = options;
    this.current = {
      reading,
      screening: screening.mode === "off"
        ? undefined
        : new Screening(screening, rules, this.#meters, (event) => this.#tell(event)),
      limits: limits.length === 0
        ? undefined
        : new RateLimits(options.limits, limits, reading, this.#meters, this.#buckets),
      routing: hasRouting(routing) ? new RoutingTable(options, routes, this.#meters) : undefined,
    };
  }
}

/** Tries whether it can be put into force. @throws RangeError that says what is wrong, and where */
export function checkPolicy(options: GatewayOptions): void {
  compilePolicy(options, new Reading(), refuse);
}

/** Whether there is anything that every request pays for. */
export function hasPolicy({ routing, limits, screening }: GatewayOptions): boolean {
  return hasRouting(routing) || limits.length > 0 || screening.mode !== "off";
}

function hasRouting({ routes, default: otherwise }: GatewayOptions["routing"]): boolean {
  return routes.length > 0 || otherwise.pool !== "default";
}

const refuse: Complaint = (path, message) => {
  throw new RangeError(`${path.join(".")}: ${message}`);
};
