/**
 * How requests are shared among DRAs of one priority. A balance is a row of the table; its name
 * stands in the options.
 * @module
 */
import type { BalanceName } from "../core/balance_name.ts";
import { mixed } from "../core/mixed.ts";
import type { Turn } from "../core/relay_peer.ts";

/** A DRA as the balances see it; `L` is one of its places. */
export interface Candidate<L> {
  /** Share within the group; 0 is here when several DRAs have the identity that was asked for. */
  readonly weight: number;
  /** What of its weight counts now, where it grows. */
  readonly share: number;
  /** A number of its own, the same in every gateway that knows it by that name. */
  readonly seed: number;
  /** Transactions that wait for it. */
  readonly inFlight: number;
  /** What it has earned and not spent: the balances' own. */
  credit: number;
  /** One of its places with room; undefined when all are full. */
  pickLink(turn: Turn, requester: number): L | undefined;
}

/**
 * Picks a place of one of the group; undefined when all of them are full.
 * @param key 32 bits, unsigned, that stand for what the request is told apart by; -1 for none
 */
export type Balance = <L>(group: readonly Candidate<L>[], turn: Turn, requester: number, key?: number) => L | undefined;

/** Whoever knows the keys of the request at hand. */
export interface KeySource {
  /** @param name `session_id` or the path of an AVP @returns 32 bits, unsigned; -1 for none */
  of(name: string): number;
}

/** All of them. */
export const BALANCES: Readonly<Record<BalanceName, Balance>> = {
  /** Smooth weighted round robin: everyone earns its weight, the richest pays the sum. */
  round_robin(group, turn, requester) {
    let best = group[0]!;
    let total = 0;
    for (const one of group) {
      const { share } = one;
      one.credit += share;
      total += share;
      if (one.credit > best.credit) best = one;
    }
    best.credit -= total;
    const link = best.pickLink(turn, requester);
    if (link !== undefined) return link;
    for (const one of group) {
      const other = one === best ? undefined : one.pickLink(turn, requester);
      if (other !== undefined) return other;
    }
    return undefined;
  },
  /** The one for which least waits, in proportion to its weight. */
  least_pending(group, turn, requester) {
    let found;
    let least = Infinity;
    for (const one of group) {
      const load = one.inFlight / Math.max(1, one.share);
      if (load >= least) continue;
      const link = one.pickLink(turn, requester);
      if (link === undefined) continue;
      found = link;
      least = load;
    }
    return found;
  },
  /**
   * The one with the highest score for the key: when one goes, only its keys move, each to the next
   * of its own order, and when it is back they return (rendezvous hashing).
   */
  hash(group, turn, requester, key = -1) {
    if (key < 0) return BALANCES.round_robin(group, turn, requester);
    let best = group[0]!;
    let highest = -1;
    for (const one of group) {
      const score = scoreOf(one, key);
      if (score <= highest) continue;
      best = one;
      highest = score;
    }
    const link = best.pickLink(turn, requester);
    if (link !== undefined) return link;
    for (const one of group.toSorted((a, b) => scoreOf(b, key) - scoreOf(a, key))) {
      const other = one === best ? undefined : one.pickLink(turn, requester);
      if (other !== undefined) return other;
    }
    return undefined;
  },
};

/** The highest score has one in proportion to its weight. */
function scoreOf({ seed, weight }: Candidate<unknown>, key: number): number {
  return weight / -Math.log((mixed(key ^ seed) + 0.5) / 2 ** 32);
}
