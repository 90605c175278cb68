/**
 * Who may ask what: rules in order, of which the first one that fits decides.
 * @module
 */
import type { Counter } from "../../../ops/metrics/counter.ts";
import { identityEquals } from "../../wire/identity.ts";
import { identity } from "../../wire/identity.ts";
import type { ScreenedEvent } from "../core/events.ts";
import type { Incoming } from "../core/incoming.ts";
import type { Meters } from "../core/meters.ts";
import type { ScreeningOptions } from "../core/policy_options.ts";
import { LastingRefusal } from "../core/refusal.ts";
import type { RelayPeer } from "../core/relay_peer.ts";
import { type Condition, firstFailed } from "./conditions.ts";
import { ORIGIN, type Reading } from "./reading.ts";
import { Glob, octetsOf } from "./values.ts";

/** What decides where no rule does. */
export const NO_RULE = "none";
/** One event of a rule and a peer in this time, in milliseconds. */
const EVENT_EVERY = 60_000;
/** Rules and peers of which it is known when they were told of last. */
const MOST_TOLD = 10_000;

/** One rule. */
interface Rule {
  readonly name: string;
  readonly side: "app" | "dra";
  readonly peers: readonly Glob[];
  readonly conditions: readonly Condition[];
  readonly rejects: boolean;
  readonly refusal: LastingRefusal;
  readonly counted: Counter;
}

/** The rules of one configuration. */
export class Screening {
  readonly #rules: readonly Rule[];
  readonly #otherwise: Rule;
  readonly #enforces: boolean;
  readonly #told = new Map<string, number>();
  readonly #tell: (event: ScreenedEvent) => void;
  readonly #names = new WeakMap<RelayPeer, Uint8Array>();

  /** @param conditions those of each rule */
  constructor(
    options: ScreeningOptions,
    conditions: readonly (readonly Condition[])[],
    meters: Meters,
    tell: (event: ScreenedEvent) => void,
  ) {
    this.#enforces = options.mode === "enforce";
    this.#tell = tell;
    const rejected = this.#enforces ? "reject" : "would_reject";
    const rule = (name: string, action: "allow" | "reject", code: number) => ({
      name,
      rejects: action === "reject",
      refusal: new LastingRefusal(code, `screened by ${name === NO_RULE ? "otherwise" : `rule ${name}`}`, "screened"),
      counted: meters.screened.of({ rule: name, action: action === "allow" ? "allow" : rejected }),
    });
    this.#rules = options.rules.map((each, i) => ({
      ...rule(each.name, each.action, each.resultCode ?? options.resultCode),
      side: each.side,
      peers: each.peers.map((peer) => new Glob(peer)),
      conditions: conditions[i]!,
    }));
    this.#otherwise = {
      ...rule(NO_RULE, options.otherwise, options.resultCode),
      side: "app",
      peers: [],
      conditions: [],
    };
  }

  /** Why the request at hand must not go on. @param now milliseconds, for events */
  check(reading: Reading, now: number): LastingRefusal | undefined {
    const rule = this.find(reading);
    rule.counted.value++;
    if (!rule.rejects) return undefined;
    this.#event(rule, reading.request, now);
    return this.#enforces ? rule.refusal : undefined;
  }

  /** What a request would get: nothing is counted. */
  judge(reading: Reading): LastingRefusal | undefined {
    const rule = this.find(reading);
    return rule.rejects && this.#enforces ? rule.refusal : undefined;
  }

  /** The rule that decides. */
  find(reading: Reading): Rule {
    const { from } = reading.request;
    const side = from.link === undefined ? "app" : "dra";
    for (const rule of this.#rules) {
      if (rule.side !== side || !this.#isFor(rule, from)) continue;
      if (firstFailed(rule.conditions, reading) === undefined) return rule;
    }
    return this.#otherwise;
  }

  #isFor({ peers }: Rule, from: RelayPeer): boolean {
    if (peers.length === 0) return true;
    let name = this.#names.get(from);
    if (name === undefined) this.#names.set(from, name = octetsOf(from.originHost));
    for (const glob of peers) if (glob.matches(name, 0, name.length)) return true;
    return false;
  }

  #event({ name }: Rule, { from, application, command }: Incoming, now: number): void {
    const key = `${name} ${from.originHost.toLowerCase()}`;
    const last = this.#told.get(key);
    if (last !== undefined && now - last < EVENT_EVERY) return;
    if (this.#told.size >= MOST_TOLD) this.#told.clear();
    this.#told.set(key, now);
    const action = this.#enforces ? "reject" : "would_reject";
    this.#tell({ kind: "screened", rule: name, peer: from.originHost, action, application, command });
  }
}

/** No more Route-Records than that. */
export class RouteRecordsCondition implements Condition {
  readonly key = "max_route_records";
  readonly wanted: string;
  readonly isPlain = false;

  constructor(readonly most: number) {
    this.wanted = `${most} or fewer`;
  }

  test({ request }: Reading): boolean {
    return request.avps.firstRouteRecord < 0 || request.routeRecords.length <= this.most;
  }

  seen({ request }: Reading): string {
    return String(request.routeRecords.length);
  }
}

/** Origin-Host of the message is that of the peer's CER. */
export class OriginHostIsPeer implements Condition {
  readonly key = "origin_host_is_peer";
  readonly wanted = "the Origin-Host of the peer";
  readonly isPlain = false;
  readonly #values;

  constructor(reading: Reading) {
    this.#values = reading.valuesAt(ORIGIN.host);
  }

  test({ request: { from, block } }: Reading): boolean {
    const { count, starts, ends } = this.#values.read();
    return count > 0 && identityEquals(block.bytes, starts[0]!, ends[0]!, identity(from.originHost));
  }

  seen(): string {
    return "another one";
  }
}
