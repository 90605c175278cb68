/**
 * What decides where a request goes beyond priority and weight, as it is configured. Times in
 * milliseconds; the names are those of the configuration file in camel case.
 * @module
 */
import type { BalanceName } from "./balance_name.ts";

/** One of something, or several of which any will do. */
export type OneOrMore<T> = T | readonly T[];

/**
 * An identity: itself in any case, with `*` for any characters; a pattern; or whether it is there.
 */
export type IdentityMatch = string | { readonly regex: string } | { readonly present: boolean };

/** What an AVP must hold. Exactly one of the members besides `path`. */
export interface AvpMatch {
  /**
   * Names or numbers joined by `/`: `Subscription-Id[Subscription-Id-Type=1]/Subscription-Id-Data`.
   */
  readonly path: string;
  /** The whole value, or one of several. */
  readonly exact?: OneOrMore<string | number>;
  /** What the value begins with. */
  readonly prefix?: OneOrMore<string>;
  /** Numbers, or digits of which as many count as the bounds have. */
  readonly range?: readonly (string | number)[];
  /** What is found somewhere in it. */
  readonly regex?: string;
  /** Whether the AVP is there. */
  readonly present?: boolean;
}

/** What a request must be; all that is said must hold. */
export interface MatchOptions {
  /** Destination-Realm. */
  readonly destinationRealm?: OneOrMore<IdentityMatch>;
  /** Destination-Host. */
  readonly destinationHost?: OneOrMore<IdentityMatch>;
  /** Of the message. */
  readonly originRealm?: OneOrMore<IdentityMatch>;
  /** Origin-Host of the message. */
  readonly originHost?: OneOrMore<IdentityMatch>;
  /** Ids, `"lo-hi"`, or names of the dictionary. */
  readonly application?: OneOrMore<number | string>;
  /** A command code, `"lo-hi"`, or a name of the dictionary. */
  readonly command?: OneOrMore<number | string>;
  /** Origin-Host of the Logic App's CER. */
  readonly app?: OneOrMore<IdentityMatch>;
  /** An address as it is written where it is listened on. */
  readonly listener?: OneOrMore<string>;
  /** Conditions on AVPs; all of them hold. */
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
  /** Destination-Realm. */
  readonly destinationRealm?: string;
  /** Destination-Host. */
  readonly destinationHost?: string;
}

/** One route. Exactly one of `pool` and `reject`. */
export interface RouteOptions {
  /** Its name, for logs and metrics. */
  readonly name: string;
  /** Absent: every request. */
  readonly match?: MatchOptions;
  /** The pool that is asked. */
  readonly pool?: string;
  /** Pools that are asked when the one before has no DRA left. */
  readonly fallback: readonly string[];
  /** The answer instead. */
  readonly reject?: RejectOptions;
  /** What it changes of the destination. */
  readonly rewrite?: RewriteOptions;
  /** Whether Destination-Host of an open DRA does not win over the pool. */
  readonly ignoreDestinationHost: boolean;
  /** Those of the gateway where they are absent. */
  readonly requestTimeout?: number;
  /** How long one DRA may take, in milliseconds. */
  readonly answerTimeout?: number;
  /** How many DRAs are tried. */
  readonly maxAttempts?: number;
  /** Errors after which the next one is tried. */
  readonly retryResultCodes?: readonly number[];
  /** The answer when the time is up. */
  readonly timeoutResultCode?: number;
  /** Whether its requests are sent once. */
  readonly neverRetry: boolean;
}

/** A DRA in a pool; priority and weight are its own where they are absent. */
export interface PoolMember {
  /** Its name, for logs and metrics. */
  readonly name: string;
  /** 1 is used first. */
  readonly priority?: number;
  /** Share within its priority. */
  readonly weight?: number;
}

/** The pool of all DRAs, with their own priorities and weights: it always exists. */
export const DEFAULT_POOL = "default";

/** Some of the DRAs. */
export interface PoolOptions {
  /** Its name, for logs and metrics. */
  readonly name: string;
  /** Its DRAs. */
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
  /** Bytes of all that wait. */
  readonly maxBytes: number;
  /** Milliseconds. */
  readonly maxWait: number;
  /** How fast they go when a DRA is usable again. */
  readonly releasePerSecond: number;
}

/** What is kept for requests that come a second time. */
export interface DuplicateCacheOptions {
  /** Off: nothing is kept. */
  readonly enabled: boolean;
  /** Milliseconds for which an answer is kept. */
  readonly window: number;
  /** Answers, of which the oldest go. */
  readonly maxEntries: number;
  /** Bytes of them, likewise. */
  readonly maxBytes: number;
}

/** The section `routing`. */
export interface RoutingOptions {
  /** Groups of DRAs. */
  readonly pools: readonly PoolOptions[];
  /** In their order; the first that matches is taken. */
  readonly routes: readonly RouteOptions[];
  /** What happens when no route matches. */
  readonly default: { readonly pool?: string; readonly reject?: RejectOptions };
  /** Whether messages may be changed (RFC 6733 section 2.8.2). */
  readonly allowProxyActs: boolean;
  /** Whether 3006 that names a DRA of ours is followed. */
  readonly followRedirects: boolean;
  /** Where requests wait while nobody can take them. */
  readonly queue: QueueOptions;
  /** What answers are kept for requests that come again. */
  readonly duplicateCache: DuplicateCacheOptions;
}

/** What a limit may be kept apart by. */
export type LimitKey = "all" | "app" | "origin_realm" | "destination_realm";
/** All of them. */
export const LIMIT_KEYS = ["all", "app", "origin_realm", "destination_realm"] as const satisfies readonly LimitKey[];

/** How often requests that match may come. */
export interface LimitOptions {
  /** Its name, for logs and metrics. */
  readonly name: string;
  /** What it is for; absent: every request. */
  readonly match?: MatchOptions;
  /** What is counted apart. */
  readonly per: LimitKey;
  /** How many may come in a second. */
  readonly requestsPerSecond: number;
  /** 0: one second's worth. */
  readonly burst: number;
}

/** A rule of the screening. What is absent or empty holds for all. */
export interface ScreeningRule {
  /** Its name, for logs and metrics. */
  readonly name: string;
  /** Origin-Host of the peer's CER or CEA. */
  readonly peers: readonly string[];
  /** Whose requests: those of Logic Apps, or of DRAs. */
  readonly side: "app" | "dra";
  /** Ids or names. */
  readonly applications: readonly (number | string)[];
  /** Codes or names. */
  readonly commands: readonly (number | string)[];
  /** Origin-Host of the message. */
  readonly originHosts: readonly IdentityMatch[];
  /** Origin-Realm of the message. */
  readonly originRealms: readonly IdentityMatch[];
  /** Destination-Realm. */
  readonly destinationRealms: readonly IdentityMatch[];
  /** Conditions on AVPs; all of them hold. */
  readonly avps: readonly AvpMatch[];
  /** More Route-Records than this do not match; absent: any number. */
  readonly maxRouteRecords?: number;
  /** Whether Origin-Host of the message must be that of the peer. */
  readonly originHostIsPeer: boolean;
  /** What becomes of a request that fits. */
  readonly action: "allow" | "reject";
  /** That of the section where it is absent. */
  readonly resultCode?: number;
}

/** The section `screening`. */
export interface ScreeningOptions {
  /** `log` counts what it would reject, and lets it pass. */
  readonly mode: "off" | "log" | "enforce";
  /** In their order; the first that fits decides. */
  readonly rules: readonly ScreeningRule[];
  /** What becomes of a request that no rule fits. */
  readonly otherwise: "allow" | "reject";
  /** The code of a rejection. */
  readonly resultCode: number;
}

/** All of it. */
export interface PolicyOptions {
  /** Where requests go. */
  readonly routing: RoutingOptions;
  /** How many may come. */
  readonly limits: readonly LimitOptions[];
  /** Who may ask what. */
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
    duplicateCache: { enabled: false, window: 240_000, maxEntries: 100_000, maxBytes: 64 * 1024 * 1024 },
  },
  limits: [],
  screening: { mode: "off", rules: [], otherwise: "allow", resultCode: 5012 },
};
