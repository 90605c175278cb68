/**
 * Which DRA a request gets, and why not the others (RFC 6733 sections 6.1.5 to 6.1.7). What it
 * decides is what the relay does, what `explain` prints and what a trace shows.
 * @module
 */
import type { BalanceName } from "../core/balance_name.ts";

/** A DRA as the router sees it at one moment. */
export interface DraView {
  readonly name: string;
  /** 1 is used first. */
  readonly priority: number;
  /** 0: only by Destination-Host. */
  readonly weight: number;
  /** Identity in lower case, from its CEA or the configuration; "" when not known yet. */
  readonly originHost: string;
  /** Open, and OKAY by its watchdog or the last resort. */
  readonly usable: boolean;
  /** Why it is not usable, or why it is so only just. */
  readonly reason: string;
  /**
   * It recovered a short while ago: failback_delay asks to go on with what worked, as long as that
   * works.
   */
  readonly held: boolean;
  /** Why only requests that name it get there; "" for most. */
  readonly shut: string;
  /** Whether it advertised the application, or Relay. */
  takes(application: number): boolean;
}

/** What of a request decides. Identities are in lower case. */
export interface RequestFacts {
  readonly application: number;
  /** "" when absent. */
  readonly destinationHost: string;
  readonly routeRecords: readonly string[];
  /** Names of the DRAs that an earlier attempt used up. */
  readonly tried: readonly string[];
}

/** DRAs that are asked for the same requests. */
export interface PoolView<D extends DraView> {
  readonly name: string;
  readonly balance: BalanceName;
  /** What `hash` goes by. */
  readonly hashKey: string;
  readonly members: readonly D[];
}

/** Why a DRA is not used. */
export interface Rejection {
  readonly name: string;
  readonly reason: string;
}

/** The decision: groups are tried in order; within one, weight or load decides. */
export interface Route<D extends DraView> {
  /** The DRA that Destination-Host names, when it may be used: it alone comes first. */
  readonly pinned: D | undefined;
  /** By priority, first to last. */
  readonly groups: readonly (readonly D[])[];
  readonly rejected: readonly Rejection[];
  /** The pool of each group, where pools are configured. */
  readonly pools?: readonly PoolView<D>[];
}

/**
 * The same where pools are configured: the groups of the first one, then those of the next. A DRA
 * that Destination-Host names comes first, in whatever pool it is.
 * @param all every DRA
 */
export function routeThrough<D extends DraView>(
  facts: RequestFacts,
  pools: readonly PoolView<D>[],
  all: readonly D[],
): Route<D> {
  const isNamed = (dra: DraView) => facts.destinationHost !== "" && dra.originHost === facts.destinationHost;
  const pinned = all.find((dra) => isNamed(dra) && whyNot(facts, dra, true) === undefined);
  const known = new Set(pinned === undefined ? [] : [pinned.name]);
  const rejected: Rejection[] = [];
  const groups: (readonly D[])[] = [];
  const sources: PoolView<D>[] = [];
  for (const pool of pools) {
    const fresh = pool.members.filter(({ name }) => !known.has(name));
    for (const { name } of fresh) known.add(name);
    const found = route({ ...facts, destinationHost: "" }, fresh);
    rejected.push(...found.rejected);
    groups.push(...found.groups);
    sources.push(...found.groups.map(() => pool));
  }
  return { pinned, groups, rejected, pools: sources };
}

/** Judges every DRA of `pool` for one request. */
export function route<D extends DraView>(facts: RequestFacts, pool: readonly D[]): Route<D> {
  const rejected: Rejection[] = [];
  let pinned: D | undefined;
  const usable: D[] = [];
  for (const dra of pool) {
    const named = facts.destinationHost !== "" && dra.originHost === facts.destinationHost;
    const reason = whyNot(facts, dra, named);
    if (reason !== undefined) rejected.push({ name: dra.name, reason });
    else if (named && pinned === undefined) pinned = dra;
    else usable.push(dra);
  }
  usable.sort((a, b) => Number(a.held) - Number(b.held) || a.priority - b.priority);
  const groups: D[][] = [];
  let last: D | undefined;
  for (const dra of usable) {
    if (dra === pinned) continue;
    if (last !== undefined && last.priority === dra.priority && last.held === dra.held) groups.at(-1)!.push(dra);
    else groups.push([dra]);
    last = dra;
  }
  return { pinned, groups, rejected };
}

function whyNot(facts: RequestFacts, dra: DraView, named: boolean): string | undefined {
  if (!dra.usable) return dra.reason;
  if (facts.tried.includes(dra.name)) return "was tried before";
  if (!dra.takes(facts.application)) return `did not advertise application ${facts.application}`;
  if (facts.routeRecords.includes(dra.originHost)) return "is in a Route-Record of the request";
  if (dra.weight === 0 && !named) return "has weight 0 and is not the Destination-Host";
  return dra.shut === "" || named ? undefined : dra.shut;
}

/**
 * Why `name` was asked by that decision, and who was not, for people: those before it are left out,
 * too, because they were full.
 */
export function describeChoice<D extends DraView>(
  route: Route<D>,
  name: string,
  balance: string,
): { why: string; leftOut: Rejection[] } {
  const { pinned, groups, rejected } = route;
  if (pinned?.name === name) return { why: "Destination-Host names it", leftOut: [...rejected] };
  const nth = groups.findIndex((group) => group.some((dra) => dra.name === name));
  const group = groups[nth] ?? [];
  const before = [...(pinned === undefined ? [] : [pinned]), ...groups.slice(0, Math.max(0, nth)).flat()];
  const full = before.map((dra) => ({ name: dra.name, reason: "has as much as it may" }));
  const pool = route.pools?.[nth];
  const by = pool === undefined ? balance : pool.balance.replaceAll("_", " ");
  const how = group.length > 1 ? `, ${by} among ${group.length} DRAs` : "";
  const where = pool === undefined ? "" : `pool ${pool.name}, `;
  return { why: `${where}priority ${group[0]?.priority ?? "?"}${how}`, leftOut: [...full, ...rejected] };
}

/** A sentence for Error-Message: why there is no route. */
export function describeRejections(rejected: readonly Rejection[]): string {
  if (rejected.length === 0) return "no route: no DRA is configured";
  return `no route: ${rejected.map(({ name, reason }) => `${name} ${reason}`).join("; ")}`;
}

/**
 * The priority that carries traffic: the best among the usable ones; undefined when there is none.
 */
export function activePriority(pool: readonly DraView[]): number | undefined {
  let best: DraView | undefined;
  for (const dra of pool) {
    if (!dra.usable || dra.weight === 0) continue;
    if (best === undefined || rank(dra, best) < 0) best = dra;
  }
  return best?.priority;
}

function rank(a: DraView, b: DraView): number {
  return Number(a.held) - Number(b.held) || a.priority - b.priority;
}
