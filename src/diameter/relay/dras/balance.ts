/**
 * How requests are shared among DRAs of one priority. A balance is a row of the table; its name
 * stands in the options.
 * @module
 */
import type { BalanceName } from "../core/balance_name.ts";
import type { Turn } from "../core/relay_peer.ts";

/** A DRA as the balances see it; `L` is one of its places. */
export interface Candidate<L> {
  /** Share within the group; 0 is here when several DRAs have the identity that was asked for. */
  readonly weight: number;
  /** Transactions that wait for it. */
  readonly inFlight: number;
  /** What it has earned and not spent: the balances' own. */
  credit: number;
  /** One of its places with room; undefined when all are full. */
  pickLink(turn: Turn, requester: number): L | undefined;
}

/** Picks a place of one of the group; undefined when all of them are full. */
export type Balance = <L>(group: readonly Candidate<L>[], turn: Turn, requester: number) => L | undefined;

/** All of them. */
export const BALANCES: Readonly<Record<BalanceName, Balance>> = {
  /** Smooth weighted round robin: everyone earns its weight, the richest pays the sum. */
  round_robin(group, turn, requester) {
    let best = group[0]!;
    let total = 0;
    for (const one of group) {
      one.credit += one.weight;
      total += one.weight;
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
      const load = one.inFlight / Math.max(1, one.weight);
      if (load >= least) continue;
      const link = one.pickLink(turn, requester);
      if (link === undefined) continue;
      found = link;
      least = load;
    }
    return found;
  },
};
