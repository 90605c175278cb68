/**
 * The DRAs together: which priority carries traffic, and which connection the next request gets.
 * @module
 */
import type { Alarm } from "../../../net/clock.ts";
import type { Connection } from "../../../net/connection.ts";
import type { Peer } from "../../peer/peer.ts";
import { DISCONNECT_CAUSE } from "../../wire/avp_codes.ts";
import { RESULT } from "../../wire/result_codes.ts";
import { Breaker } from "./breaker.ts";
import { mayOpen, mostOpen } from "./breaker_machine.ts";
import { Dra, isUsable } from "./dra.ts";
import type { DraLink, LinkHandlers } from "./link.ts";
import { type Bound, BOUNDS } from "./link_room.ts";
import { LastingRefusal } from "../core/refusal.ts";
import { type Balance, BALANCES, type KeySource } from "./balance.ts";
import { grownShare, nextGrowth } from "./slow_start.ts";
import type { Served, Turn } from "../core/relay_peer.ts";
import type { DraOptions } from "../core/options.ts";
import type { RelayRuntime } from "../core/runtime.ts";
import { DEFAULT_POOL, type PoolOptions } from "../core/policy_options.ts";
import type { TransactionRoute } from "../core/transaction_route.ts";
import { Chain } from "./chain.ts";
import { type Member, PooledDra } from "./member.ts";
import { activePriority, type PoolView, type RequestFacts, type Route } from "./router.ts";

/** What the pool needs of the relay. */
export interface PoolHandlers {
  suspect(link: DraLink): void;
  lost(link: DraLink, reason: string): void;
  serve(connection: Connection, peer: Peer, served: Served): void;
}

/** Why {@link DraPool.pick} found nothing: no DRA would do, or all that would are full. */
export type NoLink = "none" | "full";

/** Every DRA that could take a request has as much as it may. */
export class DrasFull extends LastingRefusal {
  /** @param candidates their connections */
  constructor(message: string, readonly candidates: readonly DraLink[], reason: "dra_full" | "dra_rate") {
    super(RESULT.tooBusy, message, reason);
  }
}

/** Why a DRA that is configured no more is left: what follows its name in a sentence. */
const RETIRED = "is configured no more, or otherwise";

/** All DRAs of a gateway. */
export class DraPool {
  dras: readonly Dra[];
  /** Some DRA was usable once. */
  everUsable = false;
  /** The priority that carries traffic; undefined when no DRA is usable. */
  activePriority: number | undefined;

  #lastPriority: number | undefined;
  /** All DRAs, and the last plan for them. */
  #everyone: Chain;
  #lastApplication = -1;
  #lastPlan: Route<Member> | undefined;
  /** Of routes, by the pools that they ask. */
  readonly #chains = new Map<readonly PoolOptions[], Chain>();
  #lastPools: readonly PoolOptions[] | undefined;
  #lastChain: Chain | undefined;
  /** The DRAs of a pool, each as it is there. */
  readonly #pooled = new WeakMap<PoolOptions, PooledDra[]>();
  /** The last plan whose candidates were asked for, and these. */
  #candidatesOf: Route<Member> | undefined;
  #candidates: readonly DraLink[] = [];
  /** The last refusal, the plan that it was for, and the bounds that were met. */
  #refusal: DrasFull | undefined;
  #refusalOf: Route<Member> | undefined;
  #boundsMet = 0;
  #holdTimer: Alarm | undefined;
  /** Those that get requests: what is configured, and {@link #retiring}. */
  #serving: readonly Dra[];
  /** Configured no more, and in service until one of those that came with this configuration is. */
  #retiring: readonly Dra[] = [];
  #retireTimer: Alarm | undefined;
  /** Connections that are wanted no more, until they have ended. */
  readonly #leaving = new Set<DraLink>();
  #running = false;
  readonly #runtime: RelayRuntime;
  readonly #linkHandlers: LinkHandlers;
  #balance: Balance;
  #hashKey: string;

  constructor(runtime: RelayRuntime, handlers: PoolHandlers) {
    this.#runtime = runtime;
    this.#linkHandlers = {
      changed: () => this.refresh(),
      suspect: (link) => handlers.suspect(link),
      lost: (link, reason) => {
        this.#blame(link);
        handlers.lost(link, reason);
      },
      serve: (connection, peer, served) => handlers.serve(connection, peer, served),
    };
    const { draPool } = runtime.options;
    this.#balance = BALANCES[draPool.balance];
    this.#hashKey = draPool.hashKey;
    this.dras = this.#serving = draPool.dras.map((options) => this.#newDra(options));
    this.#everyone = new Chain(this.#serving);
  }

  /**
   * Takes what may change while it runs. DRAs are matched by name: the same ones stay, with their
   * connections, watchdogs and pending requests; new ones are started; those gone take leave, and
   * what waits for them goes elsewhere. While only new ones could take over, they serve until one
   * of these can, or has had the time to connect.
   */
  configure(): void {
    const { draPool } = this.#runtime.options;
    this.#balance = BALANCES[draPool.balance];
    this.#hashKey = draPool.hashKey;
    const before = new Map(this.dras.map((dra) => [dra.name, dra]));
    let someNew = false;
    this.dras = draPool.dras.map((options) => {
      const dra = before.get(options.name);
      if (dra?.staysWith(options)) {
        before.delete(options.name);
        this.#leave(dra, dra.configure(options), "is a connection too many (connections_per_dra)");
        this.#setBreaker(dra);
        return dra;
      }
      const next = this.#newDra(options);
      next.isDisabled = dra?.isDisabled ?? false;
      someNew ||= !next.isDisabled;
      return next;
    });
    const gone = [...before.values()];
    const staying = someNew ? gone.filter((dra) => dra.usable) : [];
    for (const dra of gone) if (!staying.includes(dra)) this.#leave(dra, dra.links, RETIRED);
    this.#retiring = [...this.#retiring, ...staying];
    if (staying.length > 0) {
      if (this.#retireTimer !== undefined) this.#runtime.clock.clearTimeout(this.#retireTimer);
      this.#retireTimer = this.#runtime.clock.setTimeout(
        () => this.#retire(),
        draPool.connectTimeout + draPool.capabilitiesTimeout,
      );
    }
    if (this.#running) { for (const dra of this.dras) dra.start(); }
    this.refresh();
  }

  /** Ends the service of those that are configured no more. */
  #retire(): void {
    if (this.#retireTimer !== undefined) this.#runtime.clock.clearTimeout(this.#retireTimer);
    const retiring = this.#retiring;
    this.#retiring = [];
    for (const dra of retiring) this.#leave(dra, dra.links, RETIRED);
    this.refresh();
  }

  /** Takes leave of connections that are wanted no more; what waits for them goes elsewhere. */
  #newDra(options: DraOptions): Dra {
    const dra = new Dra(options, this.#runtime, this.#linkHandlers);
    this.#setBreaker(dra);
    return dra;
  }

  /** Gives a DRA its circuit breaker, or takes it away, as it is configured. */
  #setBreaker(dra: Dra): void {
    const { enabled } = this.#runtime.options.draPool.circuitBreaker;
    if (enabled) {
      if (dra.breaker !== undefined) return dra.breaker.configure();
      dra.breaker = new Breaker(dra.name, this.#runtime, {
        mayOpen: () => this.#mayOpen(dra),
        changed: () => {
          if (dra.breaker?.state === "closed") dra.backSince = this.#runtime.clock.now();
          this.refresh();
        },
      });
    } else if (dra.breaker !== undefined) {
      dra.breaker.dispose();
      dra.breaker = undefined;
      this.#runtime.meters.breakerTransitions.forget({ dra: dra.name });
    }
  }

  /** The usable DRAs: of all, and of each pool that is configured. */
  #usableByPool(): Dra[][] {
    const all = this.#serving.filter((each) => each.usable && each.weight > 0);
    const { pools } = this.#runtime.options.routing;
    return [all, ...pools.map(({ dras }) => all.filter(({ name }) => dras.some((dra) => dra.name === name)))];
  }

  #mayOpen(dra: Dra): boolean {
    const { maxOpenPercent } = this.#runtime.options.draPool.circuitBreaker;
    return this.#usableByPool().filter((pool) => pool.includes(dra)).every((pool) => {
      const open = pool.filter((each) => each !== dra && each.breaker?.state !== "closed").length;
      return mayOpen(pool.length, open, maxOpenPercent);
    });
  }

  /**
   * DRAs have gone, so that more breakers are open than may be: those that would be tried first
   * close.
   */
  #closeTooMany(): void {
    const { enabled, maxOpenPercent } = this.#runtime.options.draPool.circuitBreaker;
    if (!enabled) return;
    for (const pool of this.#usableByPool()) {
      const open = pool.flatMap(({ breaker }) => breaker === undefined || breaker.state === "closed" ? [] : [breaker])
        .sort((a, b) => a.probeAt - b.probeAt);
      const tooMany = open.length - mostOpen(pool.length, maxOpenPercent);
      // Each that closes comes back here, and looks at the others.
      if (tooMany > 0) return open[0]!.close("too few other DRAs are usable");
    }
  }

  /**
   * Its connection is lost, and not because anybody here wished it: what waits there has failed.
   */
  #blame({ dra, table, running }: DraLink): void {
    const breaker = this.#serving.find((each) => each === dra)?.breaker;
    if (breaker === undefined || !running || this.#runtime.draining) return;
    for (const slot of table.pending()) breaker.lost(table, slot);
  }

  #leave({ name }: Dra, links: readonly DraLink[], reason: string): void {
    const left = links.map(async (link) => {
      this.#leaving.add(link);
      await link.stop(DISCONNECT_CAUSE.doNotWantToTalkToYou, reason);
      link.table.dispose();
      this.#leaving.delete(link);
    });
    void Promise.all(left).then(() => {
      if (this.#isKnown(name)) return;
      this.#runtime.meters.forgetDra(name);
    });
  }

  #isKnown(name: string): boolean {
    return [...this.dras, ...this.#retiring, ...Array.from(this.#leaving, ({ dra }) => dra)].some((dra) =>
      dra.name === name
    );
  }

  /** The DRA of that name. @throws RangeError when there is none */
  named(name: string): Dra {
    const dra = this.dras.find((each) => each.name === name);
    if (dra === undefined) throw new RangeError(`there is no DRA ${JSON.stringify(name)}`);
    return dra;
  }

  /** Another weight until the next {@link configure}. @throws RangeError */
  setWeight(name: string, weight: number): void {
    this.named(name).weight = weight;
    this.refresh();
  }

  /** Begins to connect to all of them. */
  start(): void {
    this.#running = true;
    for (const dra of this.dras) dra.start();
  }

  /** Takes leave of all of them. */
  async stop(): Promise<void> {
    if (this.#holdTimer !== undefined) this.#runtime.clock.clearTimeout(this.#holdTimer);
    this.#holdTimer = undefined;
    this.#running = false;
    if (this.#retireTimer !== undefined) this.#runtime.clock.clearTimeout(this.#retireTimer);
    for (const dra of [...this.dras, ...this.#retiring]) dra.breaker?.dispose();
    await Promise.all(Array.from(this.links(), (link) => link.stop()));
    if (this.#holdTimer !== undefined) this.#runtime.clock.clearTimeout(this.#holdTimer);
  }

  /** All connection slots. */
  *links(): Generator<DraLink> {
    for (const dra of this.dras) yield* dra.links;
    for (const dra of this.#retiring) yield* dra.links;
    yield* this.#leaving;
  }

  /**
   * The plan for requests of `application` on that route that name no host and carry no
   * Route-Record: the same for all until something changes.
   */
  planFor(application: number, route?: TransactionRoute): Route<Member> {
    if (route !== undefined) return this.#chainOf(route).planFor(application);
    if (this.#lastApplication === application && this.#lastPlan !== undefined) return this.#lastPlan;
    this.#lastApplication = application;
    return this.#lastPlan = this.#everyone.planFor(application);
  }

  /** The decision for a request that the plan does not cover. */
  routeFor(facts: RequestFacts, route?: TransactionRoute): Route<Member> {
    return route === undefined ? this.#everyone.routeFor(facts) : this.#chainOf(route).routeFor(facts);
  }

  /** Whether any DRA that the route may ask is usable, for whatever requests. */
  isServing(route?: TransactionRoute): boolean {
    return (route === undefined ? this.#everyone : this.#chainOf(route)).someUsable;
  }

  #chainOf({ pools }: TransactionRoute): Chain {
    if (pools === this.#lastPools && this.#lastChain !== undefined) return this.#lastChain;
    let chain = this.#chains.get(pools);
    if (chain === undefined) {
      this.#chains.set(pools, chain = new Chain(this.#serving, pools.map((pool) => this.#viewOf(pool))));
    }
    this.#lastPools = pools;
    return this.#lastChain = chain;
  }

  #viewOf(pool: PoolOptions): PoolView<Member> {
    const balance = pool.balance === "" ? this.#runtime.options.draPool.balance : pool.balance;
    const { hashKey } = pool;
    if (pool.name === DEFAULT_POOL) return { name: pool.name, balance, hashKey: this.#hashKey, members: this.#serving };
    const before = this.#pooled.get(pool) ?? [];
    const members = pool.dras.flatMap((own) =>
      this.#serving.filter((dra) => dra.name === own.name)
        .map((dra) => before.find((each) => each.dra === dra) ?? new PooledDra(dra, own))
    );
    this.#pooled.set(pool, members);
    return { name: pool.name, balance, hashKey, members };
  }

  /**
   * A connection by that decision, or why there is none.
   * @param requester key of the connection that it came from, of a request that is new
   * @param keys of the request, where anything is balanced by them
   */
  pick(plan: Route<Member>, turn: Turn, requester = 0, keys?: KeySource): DraLink | NoLink {
    let found: NoLink = "none";
    if (plan.pinned !== undefined) {
      const link = plan.pinned.pickLink(turn, requester, true);
      if (link !== undefined) return link;
      found = "full";
    }
    const { groups, pools } = plan;
    for (let i = 0; i < groups.length; i++) {
      const group = groups[i]!;
      const balance = pools === undefined ? this.#balance : BALANCES[pools[i]!.balance];
      const link = group.length === 1
        ? group[0]!.pickLink(turn, requester)
        : keys === undefined
        ? balance<DraLink>(group, turn, requester)
        : balance<DraLink>(group, turn, requester, keys.of(pools === undefined ? this.#hashKey : pools[i]!.hashKey));
      if (link !== undefined) return link;
      found = "full";
    }
    return found;
  }

  /** The usable connections of that decision, in its order. */
  candidates(plan: Route<Member>): readonly DraLink[] {
    if (plan === this.#candidatesOf) return this.#candidates;
    const { pinned, groups } = plan;
    const dras = pinned === undefined ? groups.flat() : [pinned, ...groups.flat()];
    this.#candidatesOf = plan;
    return this.#candidates = dras.flatMap(({ links }) => links.filter(isUsable));
  }

  /**
   * Why {@link pick} found all candidates of that decision full. The same object as long as nothing
   * but figures changes: under overload there are many of these.
   */
  refusalOf(plan: Route<Member>): DrasFull {
    const links = this.candidates(plan);
    let met = 1;
    for (const link of links) met = met * BOUNDS.length + BOUNDS.indexOf(boundOf(link));
    if (this.#refusal === undefined || plan !== this.#refusalOf || met !== this.#boundsMet) {
      this.#refusalOf = plan;
      this.#boundsMet = met;
      const bounds = links.map((link) => link.room.describe(boundOf(link), link.dra.options));
      this.#refusal = new DrasFull(
        `every DRA that could take this request has as much as it may: ${bounds.join("; ")}`,
        links,
        links.some((link) => boundOf(link) === "rate") ? "dra_rate" : "dra_full",
      );
    }
    return this.#refusal;
  }

  /** Something about a DRA changed: judge all of them again, and tell who moved. */
  refresh(): void {
    const now = this.#runtime.clock.now();
    const { failbackDelay, reopenLastResort, slowStart } = this.#runtime.options.draPool;
    const serving = this.#serving = this.#retiring.length === 0 ? this.dras : [...this.dras, ...this.#retiring];
    const someOkay = serving.some((dra) => dra.links.some((link) => link.okay));
    let nextHold = Infinity;
    for (const dra of serving) {
      const before = dra.usable;
      const okay = dra.links.some((link) => link.okay);
      dra.usable = okay || (reopenLastResort && !someOkay && dra.links.some((link) => link.reopening));
      dra.reason = okay ? "" : `${dra.links[0]?.reason ?? "has no connection"}`;
      if (dra.usable && !before) {
        this.everUsable = true;
        dra.usableSince = now;
        dra.credit = 0;
        // A DRA's first connection after the start is no recovery: nothing is held back.
        dra.held = dra.recovers && failbackDelay > 0;
        if (dra.recovers && dra.wasGone) dra.backSince = now;
        dra.wasGone = false;
        dra.recovers = true;
      } else if (!dra.usable) {
        dra.usableSince = 0;
        dra.held = false;
        dra.wasGone ||= dra.links.every(({ relayPeer }) => relayPeer === undefined);
      }
      dra.grown = grownShare(dra.backSince, now, slowStart);
      nextHold = Math.min(nextHold, nextGrowth(dra.backSince, now, slowStart));
      if (dra.held) {
        const until = dra.usableSince + failbackDelay;
        if (until <= now) dra.held = false;
        else nextHold = Math.min(nextHold, until);
      }
      if (dra.usable !== before) this.#announce(dra);
    }
    if (this.#retiring.length > 0 && this.dras.some(({ usable, weight }) => usable && weight > 0)) {
      return this.#retire();
    }
    this.#closeTooMany();
    this.#everyone = new Chain(serving);
    this.#lastPlan = undefined;
    this.#chains.clear();
    this.#lastChain = undefined;
    this.#candidatesOf = undefined;
    this.#noteActive();
    if (this.#holdTimer !== undefined) this.#runtime.clock.clearTimeout(this.#holdTimer);
    this.#holdTimer = nextHold === Infinity
      ? undefined
      : this.#runtime.clock.setTimeout(() => this.refresh(), Math.max(1, Math.ceil(nextHold - now)));
  }

  #announce(dra: Dra): void {
    // What follows from our own leave is no news.
    if (this.#runtime.draining) return;
    const { name } = dra;
    const link = dra.links.find((candidate) => candidate.relayPeer !== undefined);
    if (dra.usable) {
      this.#runtime.emit({
        kind: "dra_up",
        dra: name,
        originHost: link?.relayPeer?.originHost ?? "",
        watchdog: link?.watchdog.state ?? "down",
      });
    } else if (link?.watchdog.state === "suspect") {
      this.#runtime.emit({ kind: "dra_suspect", dra: name, reason: dra.reason, pending: dra.inFlight });
    } else this.#runtime.emit({ kind: "dra_down", dra: name, reason: dra.reason, pending: dra.inFlight });
  }

  #noteActive(): void {
    const before = this.activePriority;
    const active = activePriority(this.#serving);
    this.activePriority = active;
    if (active === undefined) {
      if (before !== undefined && !this.#runtime.draining) {
        const reason = this.#serving.map((dra) => `${dra.name} ${dra.reason}`).join("; ");
        this.#runtime.emit({ kind: "no_dra", reason });
      }
      return;
    }
    const last = this.#lastPriority;
    this.#lastPriority = active;
    if (last === undefined || last === active) return;
    if (active > last) {
      this.#runtime.meters.failovers.of({}).value++;
      this.#runtime.emit({ kind: "failover", from: last, to: active });
    } else {
      this.#runtime.meters.failbacks.of({}).value++;
      this.#runtime.emit({ kind: "failback", from: last, to: active });
    }
  }
}

/** Why a usable connection is given no more. */
function boundOf({ dra, room, relayPeer }: DraLink): Bound {
  if (dra.breaker?.admits() === false) return "probes";
  if (dra.overRate) return "rate";
  return room.boundMet(relayPeer!.peer.out);
}
