/**
 * A route in force: its cluster, its balancer and its meters.
 * @module
 */
import type { TokenAuthorization } from "./authorization.ts";
import type { StickyKeys } from "./balance/sticky_table.ts";
import type { CallRoute, Place, Placed } from "./call_core.ts";
import type { Failure } from "./attempt.ts";
import type { Cluster } from "./cluster.ts";
import { type RouteOptions, type Transfer, transferOf } from "./config/options.ts";
import type { RouteMeters } from "./meters.ts";
import type { Balancer, HeaderProcessor } from "./parts.ts";
import { GatewayRefusal, REFUSAL } from "./refusals.ts";

/** Picks among the places of a cluster; the built-in balancers, and those of the library's user. */
export type Picker = Pick<Balancer, "pick">;

/** What every route is made of. */
export interface RouteCommon {
  readonly options: RouteOptions;
  /** Who looks at a call before an instance is picked, in order. */
  readonly processors: readonly HeaderProcessor[];
  /** The built-in one, where no other processor stands beside it. */
  readonly authorization: TokenAuthorization | undefined;
  readonly meters: RouteMeters;
  /** A part of the library's user threw. */
  readonly partFailed: (part: string, error: unknown) => void;
}

/** A route in force, wherever its calls go. */
export abstract class Route implements CallRoute {
  readonly prefix: string;
  readonly options: RouteOptions;
  readonly transfer: Transfer;
  readonly cluster: string;
  readonly processors: readonly HeaderProcessor[];
  readonly authorization: TokenAuthorization | undefined;
  readonly meters: RouteMeters;
  protected readonly partFailed: RouteCommon["partFailed"];

  constructor({ options, processors, authorization, meters, partFailed }: RouteCommon) {
    this.options = options;
    this.prefix = options.prefix;
    this.transfer = transferOf(options);
    this.cluster = options.cluster;
    this.processors = processors;
    this.authorization = authorization;
    this.meters = meters;
    this.partFailed = partFailed;
  }

  abstract pick(call: Placed): Place | GatewayRefusal | "busy" | undefined;
  abstract untried(call: Placed): number;
  abstract isBound(call: Placed, place: Place): boolean;
  abstract streamReset(call: Placed, place: Place): void;

  opened(): void {
    this.meters.opened();
  }

  answered(status: number, milliseconds: number): void {
    this.meters.answered(status, milliseconds);
  }

  refused(refusal: GatewayRefusal): void {
    this.meters.refused(refusal);
  }

  cancelled(): void {
    this.meters.cancelled();
  }

  retried(failure: Failure, midStream: boolean): void {
    this.meters.retried(failure, midStream);
  }
}

/** What a route to instances is made of. */
export interface RouteParts extends RouteCommon {
  readonly cluster: Cluster;
  readonly balancer: Picker;
  /** Of sticky sessions. */
  readonly keys: StickyKeys<Place> | undefined;
}

/** A route to a cluster of instances. */
export class RouteEntry extends Route {
  readonly #cluster: Cluster;
  readonly #balancer: Picker;
  readonly #keys: StickyKeys<Place> | undefined;

  constructor(parts: RouteParts) {
    super(parts);
    this.#cluster = parts.cluster;
    this.#balancer = parts.balancer;
    this.#keys = parts.keys;
  }

  pick(call: Placed): Place | GatewayRefusal | "busy" | undefined {
    const places = this.#cluster.candidates(call.tried);
    if (places.length === 0) return this.#cluster.isEmpty && call.tried === undefined ? "busy" : undefined;
    try {
      const picked = this.#balancer.pick(call, places);
      if (picked === undefined || picked === "busy") return picked;
      for (let i = 0; i < places.length; i++) if (places[i] === picked) return places[i];
      throw new TypeError("a balancer picked what it was not given");
    } catch (error) {
      this.partFailed("balancer", error);
      return REFUSAL.partFailed;
    }
  }

  untried(call: Placed): number {
    return this.#cluster.candidates(call.tried).length;
  }

  isBound(call: Placed, place: Place): boolean {
    const keys = this.#keys;
    if (keys === undefined) return false;
    const key = call.metadata.get(keys.header);
    return key !== undefined && key !== "" && keys.peek(key) === place;
  }

  streamReset(call: Placed, place: Place): void {
    if (this.isBound(call, place)) this.#keys!.unbind(call.metadata.get(this.#keys!.header)!);
  }
}
