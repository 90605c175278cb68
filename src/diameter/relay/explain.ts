/**
 * What would become of a request, by the very code that decides it: nothing is sent or counted.
 * @module
 */
import { Block } from "../../net/block.ts";
import { type Endpoint, endpointText } from "../../net/connection.ts";
import type { Capabilities } from "../peer/capabilities.ts";
import type { Peer } from "../peer/peer.ts";
import { asciiOf, findAvp } from "../wire/avp.ts";
import { AVP } from "../wire/avp_codes.ts";
import { FLAG, HEADER_LENGTH, readHeader } from "../wire/header.ts";
import { RESULT } from "../wire/result_codes.ts";
import { Incoming } from "./core/incoming.ts";
import type { GatewayOptions } from "./core/options.ts";
import { DEFAULT_POOL } from "./core/policy_options.ts";
import type { Refusal } from "./core/refusal.ts";
import { RelayPeer } from "./core/relay_peer.ts";
import type { TransactionRoute } from "./core/transaction_route.ts";
import { Meters } from "./core/meters.ts";
import { Chain } from "./dras/chain.ts";
import type { Member } from "./dras/member.ts";
import type { PoolView, RequestFacts, Route } from "./dras/router.ts";
import { RequestChecks } from "./path/checks.ts";
import { loadForPolicy } from "./policy/loaded.ts";
import { type Policy, PolicyHolder } from "./policy/policy.ts";
import { Rewriter } from "./policy/rewrite.ts";
import { NO_ROUTE, type RouteStep } from "./policy/routing_table.ts";

export type { RouteStep };

/** One DRA that was thought of. */
export interface ExplainedDra {
  /** Its name. */
  readonly dra: string;
  /** 1: asked first; null: not asked. */
  readonly group: number | null;
  /** `candidate`: among those asked first. */
  readonly verdict: "candidate" | "fallback" | "rejected";
  /** For people. */
  readonly reason: string;
}

/** What would become of one request. */
export interface Explanation {
  /** The request as it was read. */
  readonly request: {
    /** Application id. */
    readonly application: number;
    /** A command code, `"lo-hi"`, or a name of the dictionary. */
    readonly command: number;
    /** These are null when they are not there. */
    readonly destinationRealm: string | null;
    /** Destination-Host. */
    readonly destinationHost: string | null;
    /** Origin-Host of the message. */
    readonly originHost: string | null;
    /** Session-Id. */
    readonly sessionId: string | null;
  };
  /** Down to the first that matches. */
  readonly routes: readonly RouteStep[];
  /** Null when it is answered before any route is looked for. */
  readonly route: string | null;
  /** It goes to a pool, its route rejects it, or it is refused whatever its route. */
  readonly action: "pool" | "reject" | "refuse";
  /** The pool that is asked. */
  readonly pool: string | null;
  /** Every DRA of the pools, in the order in which they are asked. */
  readonly candidates: readonly ExplainedDra[];
  /** What this node answers itself. */
  readonly answer: { readonly code: number; readonly reason: string } | null;
}

/** A request to explain, and how it would come. */
export interface ExplainRequest {
  /** The message as it is on the wire. */
  readonly message: Uint8Array;
  /** Origin-Host of the CER of the Logic App; that of the message unless given. */
  readonly app?: string;
  /** Where it is connected. */
  readonly listener?: Endpoint;
}

/** What decides. */
export interface Deciders {
  readonly checks: RequestChecks;
  readonly policy: Policy | undefined;
  readonly isRefusing: boolean;
  /** Who may be asked. */
  decide(facts: RequestFacts, route: TransactionRoute | undefined): Route<Member>;
}

/** Explains. @throws RangeError when the message is no request that is whole */
export function explain(wish: ExplainRequest, deciders: Deciders, connected?: RelayPeer): Explanation {
  const { message } = wish;
  const request = incomingOf(message, connected ?? strangerOf(wish));
  const { checks, policy, isRefusing } = deciders;
  const refusal = checks.check(request, isRefusing);
  const explained = refusal ?? screened(policy, request);
  if (explained !== undefined) return { ...nothing(message, request), answer: answerOf(explained) };
  const found = policy?.routing?.explain(policy.reading);
  const route = found?.route;
  const base = { ...nothing(message, request), routes: found?.steps ?? [], route: route?.name ?? NO_ROUTE };
  if (route?.reject !== undefined) return { ...base, action: "reject", answer: answerOf(route.reject) };
  const changed = route?.rewrite === undefined ? request : new Rewriter().apply(request, route.rewrite);
  const late = changed === undefined ? TOO_LONG : checks.checkDestination(changed);
  if (changed === undefined || late !== undefined) return { ...base, answer: answerOf(late ?? TOO_LONG) };
  const { application, routeRecords } = changed;
  const destinationHost = route?.ignoreDestinationHost === true ? "" : changed.destinationHost;
  const plan = deciders.decide({ application, destinationHost, routeRecords, tried: [] }, route);
  const candidates = candidatesOf(plan);
  const isServed = candidates.some(({ group }) => group !== null);
  return {
    ...base,
    action: "pool",
    pool: route?.pools[0]?.name ?? DEFAULT_POOL,
    candidates,
    answer: isServed ? null : { code: RESULT.unableToDeliver, reason: "no_route" },
  };
}

/** A gateway that does not run: each DRA is usable, and takes every application. */
export async function explainOffline(
  options: GatewayOptions,
  wish: ExplainRequest,
  down: readonly string[],
): Promise<Explanation> {
  await loadForPolicy(options);
  const policies = new PolicyHolder(new Meters(), () => {});
  policies.configure(options);
  const checks = new RequestChecks(options);
  checks.checksDestinationLater = policies.current?.routing?.addsRealm === true;
  const dras = options.draPool.dras.map(({ name, priority, weight, originHost }) =>
    assumed({ name, priority, weight, originHost: originHost.toLowerCase() }, !down.includes(name))
  );
  const viewOf = ({ name, dras: members, balance, hashKey }: TransactionRoute["pools"][0]): PoolView<Member> => ({
    name,
    balance: balance === "" ? options.draPool.balance : balance,
    hashKey,
    members: name === DEFAULT_POOL ? dras : members.flatMap((own) => {
      const dra = dras.find((each) => each.name === own.name);
      return dra === undefined ? [] : [{ ...dra, ...own }];
    }),
  });
  return explain(wish, {
    checks,
    policy: policies.current,
    isRefusing: false,
    decide: (facts, route) => new Chain(dras, route?.pools.map(viewOf)).routeFor(facts),
  });
}

function assumed(known: Pick<Member, "name" | "priority" | "weight" | "originHost">, usable: boolean): Member {
  return {
    ...known,
    usable,
    reason: usable ? "" : "is taken to be down",
    held: false,
    shut: "",
    share: known.weight,
    seed: 0,
    credit: 0,
    inFlight: 0,
    links: [],
    takes: () => true,
    pickLink: () => undefined,
  };
}

function screened(policy: Policy | undefined, request: Incoming): Refusal | undefined {
  policy?.reading.begin(request);
  return policy?.screening?.judge(policy.reading);
}

function candidatesOf({ pinned, groups, rejected, pools }: Route<Member>): ExplainedDra[] {
  const found: ExplainedDra[] = [];
  if (pinned !== undefined) {
    found.push({ dra: pinned.name, group: 1, verdict: "candidate", reason: "Destination-Host names it" });
  }
  const first = found.length;
  groups.forEach((group, nth) => {
    const pool = pools?.[nth];
    const where = pool === undefined ? "" : `pool ${pool.name}, `;
    for (const { name, priority, weight } of group) {
      const verdict = nth + first === 0 ? "candidate" : "fallback";
      found.push({
        dra: name,
        group: nth + first + 1,
        verdict,
        reason: `${where}priority ${priority}, weight ${weight}`,
      });
    }
  });
  return [
    ...found,
    ...rejected.map(({ name, reason }) => ({ dra: name, group: null, verdict: "rejected" as const, reason })),
  ];
}

function nothing(message: Uint8Array, { application, command }: Incoming): Omit<Explanation, "answer"> {
  const text = (code: number) => {
    const avp = findAvp(message, code, HEADER_LENGTH, message.length);
    return avp === undefined ? null : asciiOf(message, avp);
  };
  return {
    request: {
      application,
      command,
      destinationRealm: text(AVP.destinationRealm),
      destinationHost: text(AVP.destinationHost),
      originHost: text(AVP.originHost),
      sessionId: text(AVP.sessionId),
    },
    routes: [],
    route: null,
    action: "refuse",
    pool: null,
    candidates: [],
  };
}

function answerOf({ resultCode, reason }: Refusal): NonNullable<Explanation["answer"]> {
  return { code: resultCode, reason };
}

function incomingOf(message: Uint8Array, from: RelayPeer): Incoming {
  if (message.length < HEADER_LENGTH) {
    throw new RangeError(`expected a Diameter message of ${HEADER_LENGTH} bytes or more, got ${message.length}`);
  }
  const { length, flags, version } = readHeader(message);
  if (version !== 1) throw new RangeError(`expected a Diameter message, which begins with 01, got version ${version}`);
  if (length !== message.length || length % 4 !== 0) {
    throw new RangeError(`expected one whole message: its header says ${length} bytes, there are ${message.length}`);
  }
  if ((flags & FLAG.request) === 0) throw new RangeError("expected a request, got an answer (the R flag is clear)");
  const block = new Block(message.length);
  block.bytes.set(message);
  const request = new Incoming();
  request.begin(from, block, { receivedAt: 0, tick: 0, refused: false });
  request.moveTo(0);
  return request;
}

/** A Logic App that is not connected: nothing is asked of its connection. */
function strangerOf({ message, app, listener }: ExplainRequest): RelayPeer {
  const origin = message.length < HEADER_LENGTH
    ? undefined
    : findAvp(message, AVP.originHost, HEADER_LENGTH, message.length);
  const originHost = app ?? (origin === undefined ? "" : asciiOf(message, origin));
  const written = listener === undefined ? "" : endpointText(listener);
  return new RelayPeer(undefined as unknown as Peer, { originHost } as Capabilities, undefined, listener, written);
}

const TOO_LONG: Refusal = { resultCode: RESULT.unableToComply, message: "", reason: "too_long" };
