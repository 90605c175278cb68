/**
 * What decides where a request goes beyond priority and weight, as it is configured. Times in
 * milliseconds; the names are those of the configuration file in camel case.
 * @module
 */
import type { BalanceName } from "./balance_name.ts";

/** One of something, or several of which any will do. */
export type OneOrMore<T> = T | readonly T[];

/** An identity: itself in any case, with `*` for any characters; a pattern; or whether it is there. */
export type IdentityMatch = string | { readonly regex: string } | { readonly present: boolean };

/** What an AVP must hold. Exactly one of the members besides `path`. */
export interface AvpMatch {
  /** Names or numbers joined by `/`: `Subscription-Id[Subscription-Id-Type=1]/Subscription-Id-Data`. */
  readonly path: string;
  readonly exact?: OneOrMore<string | number>;
  readonly prefix?: OneOrMore<string>;
  /** Numbers, or digits of which as many count as the bounds have. */
  readonly range?: readonly (string | number)[];
  readonly regex?: string;
  readonly present?: boolean;
}

/** What a request must be; all that is said must hold. */
export interface MatchOptions {
  readonly destinationRealm?: OneOrMore<IdentityMatch>;
  readonly destinationHost?: OneOrMore<IdentityMatch>;
  /** Of the message. */
  readonly originRealm?: OneOrMore<IdentityMatch>;
  readonly originHost?: OneOrMore<IdentityMatch>;
  /** Ids, `"lo-hi"`, or names of the dictionary. */
  readonly application?: OneOrMore<number | string>;
  readonly command?: OneOrMore<number | string>;
  /** Origin-Host of the Logic App's CER. */
  readonly app?: OneOrMore<IdentityMatch>;
  /** An address as it is written where it is listened on. */
  readonly listener?: OneOrMore<string>;
  readonly avps?: readonly AvpMatch[];
}

/** An answer of this node instead of a DRA's. */
export interface RejectOptions {
  /** 3000 to 5999. */
  readonly code: number;
  /** For Error-Message; "" is the gateway's own sentence. */
  readonly message: string;
}

/** Destination AVPs that a route changes; `destinationHost` "" takes it away. */
export interface RewriteOptions {
  readonly destinationRealm?: string;
  readonly destinationHost?: string;
}

/** One route. Exactly one of `pool` and `reject`. */
export interface RouteOptions {
  readonly name: string;
  /** Absent: every request. */
  readonly match?: MatchOptions;
  readonly pool?: string;
  /** Pools that are asked when the one before has no DRA left. */
  readonly fallback: readonly string[];
  readonly reject?: RejectOptions;
  readonly rewrite?: RewriteOptions;
  readonly ignoreDestinationHost: boolean;
  /** Those of the gateway where they are absent. */
  readonly requestTimeout?: number;
  readonly answerTimeout?: number;
  readonly maxAttempts?: number;
  readonly retryResultCodes?: readonly number[];
  readonly timeoutResultCode?: number;
  readonly neverRetry: boolean;
}

/** A DRA in a pool; priority and weight are its own where they are absent. */
export interface PoolMember {
  readonly name: string;
  readonly priority?: number;
  readonly weight?: number;
}

/** The pool of all DRAs, with their own priorities and weights: it always exists. */
export const DEFAULT_POOL = "default";

/** Some of the DRAs. */
export interface PoolOptions {
  readonly name: string;
  readonly dras: readonly PoolMember[];
  /** "": that of `draPool`. */
  readonly balance: "" | BalanceName;
  /** What `hash` goes by here: `session_id`, or the path of an AVP. */
  readonly hashKey: string;
}

/** Where requests wait while no DRA is usable. */
export interface QueueOptions {
  /** 0: none waits. */
  readonly maxMessages: number;
  readonly maxBytes: number;
  /** Milliseconds. */
  readonly maxWait: number;
  /** How fast they go when a DRA is usable again. */
  readonly releasePerSecond: number;
}

/** The section `routing`. */
export interface RoutingOptions {
  readonly pools: readonly PoolOptions[];
  readonly routes: readonly RouteOptions[];
  /** What happens when no route matches. */
  readonly default: { readonly pool?: string; readonly reject?: RejectOptions };
  /** Whether messages may be changed (RFC 6733 section 2.8.2). */
  readonly allowProxyActs: boolean;
  readonly followRedirects: boolean;
  readonly queue: QueueOptions;
}

/** What limits may be kept apart by. */
export const LIMIT_KEYS = ["all", "app", "origin_realm", "destination_realm"] as const;

/** How often requests that match may come. */
export interface LimitOptions {
  readonly name: string;
  readonly match?: MatchOptions;
  readonly per: typeof LIMIT_KEYS[number];
  readonly requestsPerSecond: number;
  /** 0: one second's worth. */
  readonly burst: number;
}

/** A rule of the screening. What is absent or empty holds for all. */
export interface ScreeningRule {
  readonly name: string;
  /** Origin-Host of the peer's CER or CEA. */
  readonly peers: readonly string[];
  readonly side: "app" | "dra";
  readonly applications: readonly (number | string)[];
  readonly commands: readonly (number | string)[];
  readonly originHosts: readonly IdentityMatch[];
  readonly originRealms: readonly IdentityMatch[];
  readonly destinationRealms: readonly IdentityMatch[];
  readonly avps: readonly AvpMatch[];
  /** More Route-Records than this do not match; absent: any number. */
  readonly maxRouteRecords?: number;
  /** Whether Origin-Host of the message must be that of the peer. */
  readonly originHostIsPeer: boolean;
  readonly action: "allow" | "reject";
  /** That of the section where it is absent. */
  readonly resultCode?: number;
}

/** The section `screening`. */
export interface ScreeningOptions {
  readonly mode: "off" | "log" | "enforce";
  readonly rules: readonly ScreeningRule[];
  readonly otherwise: "allow" | "reject";
  readonly resultCode: number;
}

/** All of it. */
export interface PolicyOptions {
  readonly routing: RoutingOptions;
  readonly limits: readonly LimitOptions[];
  readonly screening: ScreeningOptions;
}

/** Nothing of it: what the file says that does not mention it. */
export const NO_POLICY: PolicyOptions = {
  routing: {
    pools: [],
    routes: [],
    default: { pool: "default" },
    allowProxyActs: false,
    followRedirects: false,
    queue: { maxMessages: 0, maxBytes: 16 * 1024 * 1024, maxWait: 5_000, releasePerSecond: 1_000 },
  },
  limits: [],
  screening: { mode: "off", rules: [], otherwise: "allow", resultCode: 5012 },
};
