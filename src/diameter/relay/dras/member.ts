/**
 * A DRA as a pool has it.
 * @module
 */
import type { Turn } from "../core/relay_peer.ts";
import type { PoolMember } from "../core/policy_options.ts";
import type { Candidate } from "./balance.ts";
import type { Dra } from "./dra.ts";
import type { DraLink } from "./link.ts";
import type { DraView } from "./router.ts";

/** Whatever may be asked: a DRA itself, or its place in a pool. */
export interface Member extends DraView, Candidate<DraLink> {
  readonly weight: number;
  pickLink(turn: Turn, requester: number, named?: boolean): DraLink | undefined;
  readonly links: readonly DraLink[];
}

/** A DRA with the priority and the weight that it has in one pool, and its credit there. */
export class PooledDra implements Member {
  credit = 0;

  constructor(readonly dra: Dra, readonly own: PoolMember) {}

  get name(): string {
    return this.dra.name;
  }
  get priority(): number {
    return this.own.priority ?? this.dra.priority;
  }
  /** What somebody set meanwhile holds in all pools. */
  get weight(): number {
    const { weight, options } = this.dra;
    return weight === options.weight ? this.own.weight ?? weight : weight;
  }
  get share(): number {
    return this.weight * this.dra.grown;
  }
  get seed(): number {
    return this.dra.seed;
  }
  get originHost(): string {
    return this.dra.originHost;
  }
  get usable(): boolean {
    return this.dra.usable;
  }
  get reason(): string {
    return this.dra.reason;
  }
  get held(): boolean {
    return this.dra.held;
  }
  get shut(): string {
    return this.dra.shut;
  }
  get inFlight(): number {
    return this.dra.inFlight;
  }
  get links(): readonly DraLink[] {
    return this.dra.links;
  }
  takes(application: number): boolean {
    return this.dra.takes(application);
  }
  pickLink(turn: Turn, requester: number): DraLink | undefined {
    return this.dra.pickLink(turn, requester);
  }
}
