/**
 * The configuration of what decides where a request goes: the sections `routing`, `limits` and
 * `screening`. What they mean to the person who sets them stands in config/diam-gw.yaml.
 * @module
 */
import * as z from "zod";
import * as leaf from "../ops/config/leaves.ts";
import { list, section } from "../ops/config/mapping.ts";
import { SESSION_ID } from "./relay/core/balance_name.ts";
import { isMapping } from "../ops/config/path.ts";
import type { Section } from "../ops/config/section.ts";
import type { DiameterConfig } from "./config_checks.ts";
import { policyFindings } from "./config_policy_checks.ts";
import {
  type AvpMatch,
  type IdentityMatch,
  LIMIT_KEYS,
  type LimitOptions,
  type MatchOptions,
  NO_POLICY,
  type OneOrMore,
  type PoolMember,
  type PoolOptions,
  type RejectOptions,
  type RouteOptions,
  type RoutingOptions,
  type ScreeningOptions,
  type ScreeningRule,
} from "./relay/core/policy_options.ts";
import { BALANCE_NAMES } from "./relay/core/balance_name.ts";
import { judgeIdentity } from "./wire/identity.ts";

const { choice, duration, flag, integer, text, size } = leaf;

const ANY = Number.MAX_SAFE_INTEGER;

const failure = () => integer(3000, 5999, "a failing result code");

const nameLeaf = () => text(/^[\w.-]{0,64}$/, "a name of at most 64 letters, digits, dots, hyphens and underscores");

const isPattern = (name: string) => judgeIdentity(name.replaceAll("*", "x")) === undefined;

function identityMatch(value: unknown): IdentityMatch | undefined {
  if (typeof value === "string") return isPattern(value) ? value : undefined;
  if (!isMapping(value) || Object.keys(value).length !== 1) return undefined;
  const { regex, present } = value as { regex?: unknown; present?: unknown };
  if (typeof regex === "string" && regex !== "") return { regex };
  return typeof present === "boolean" ? { present } : undefined;
}

/** One of something, or a list of them; kept as it is written. */
function oneOrMore<T>(expected: string, decode: (value: unknown) => T | undefined): z.ZodType<OneOrMore<T>> {
  return leaf.leaf<OneOrMore<T>>({
    expected: `${expected}, or a list of these`,
    decode: (value) => Array.isArray(value) ? all(value, decode) : decode(value),
  });
}

/** A list, and nothing else. */
function several<T>(expected: string, decode: (value: unknown) => T | undefined): z.ZodType<readonly T[]> {
  return leaf.leaf<readonly T[]>({
    expected,
    decode: (value) => Array.isArray(value) ? all(value, decode) : undefined,
  });
}

function all<T>(values: readonly unknown[], decode: (value: unknown) => T | undefined): T[] | undefined {
  const decoded = values.map(decode);
  return decoded.includes(undefined) ? undefined : decoded as T[];
}

const IDENTITY = 'an identity, with "*" for any characters, {regex: ...} or {present: true}';
const identities = () => oneOrMore(IDENTITY, identityMatch);
const numberOrText = (value: unknown) =>
  typeof value === "number" ? value : typeof value === "string" && value !== "" ? value : undefined;
const someText = (value: unknown) => typeof value === "string" && value !== "" ? value : undefined;
const numbers = () => oneOrMore('a number, "lo-hi" or a name', numberOrText);

const avps = (): z.ZodType<readonly AvpMatch[]> =>
  list(
    section({
      path: text(/./, "an AVP such as User-Name or 443[450=1]/444"),
      exact: oneOrMore("a number or text", numberOrText).exactOptional(),
      prefix: oneOrMore("text in quotes", someText).exactOptional(),
      range: several('two bounds such as ["262010000", "262019999"]', numberOrText).exactOptional(),
      regex: text(/./, "a regular expression in quotes").exactOptional(),
      present: flag().exactOptional(),
    }, { path: "1" }) as z.ZodType<AvpMatch>,
    '[{path: User-Name, prefix: "26201"}]',
  );

const match = (): z.ZodType<MatchOptions> =>
  section({
    destination_realm: identities().exactOptional(),
    destination_host: identities().exactOptional(),
    origin_realm: identities().exactOptional(),
    origin_host: identities().exactOptional(),
    application: numbers().exactOptional(),
    command: numbers().exactOptional(),
    app: identities().exactOptional(),
    listener: oneOrMore("an address of server.listen", someText).exactOptional(),
    avps: avps().exactOptional(),
  }, {}) as z.ZodType<MatchOptions>;

const isFailure = (value: unknown): value is number =>
  typeof value === "number" && Number.isInteger(value) && value >= 3000 && value <= 5999;

/** `3003`, or `{code, message}`. */
function rejection(value: unknown): RejectOptions | undefined {
  if (isFailure(value)) return { code: value, message: "" };
  if (!isMapping(value)) return undefined;
  const { code, message = "", ...others } = value as { code?: unknown; message?: unknown };
  const fits = isFailure(code) && typeof message === "string" && Object.keys(others).length === 0;
  return fits ? { code, message } : undefined;
}

const writtenRejection = ({ code, message }: RejectOptions) => message === "" ? code : { code, message };

const REJECTION = 'a failing result code 3000..5999, or {code: 3003, message: "..."}';
const reject = () => leaf.leaf<RejectOptions>({ expected: REJECTION, decode: rejection, encode: writtenRejection });

/** `{pool: NAME}`, or `{reject: ...}`. */
function otherwise() {
  return leaf.leaf<RoutingOptions["default"]>({
    expected: "{pool: NAME} or {reject: 3003}",
    decode(value) {
      if (!isMapping(value) || Object.keys(value).length !== 1) return undefined;
      const { pool, reject } = value as { pool?: unknown; reject?: unknown };
      if (typeof pool === "string") return { pool };
      const rejected = rejection(reject);
      return rejected === undefined ? undefined : { reject: rejected };
    },
    encode: ({ pool, reject }) => reject === undefined ? { pool } : { reject: writtenRejection(reject) },
  });
}

const realm = () =>
  leaf.leaf<string>({
    expected: "a realm such as example.com",
    decode: (value) => typeof value === "string" && judgeIdentity(value) === undefined ? value : undefined,
  });
const hostOrNone = () =>
  leaf.leaf<string>({
    expected: 'a DiameterIdentity, or "" to take the AVP away',
    decode: (value) =>
      typeof value === "string" && (value === "" || judgeIdentity(value) === undefined) ? value : undefined,
  });

const routeSchema = section({
  name: nameLeaf(),
  match: match().exactOptional(),
  pool: nameLeaf().exactOptional(),
  fallback: list(nameLeaf(), "[backup]"),
  reject: reject().exactOptional(),
  rewrite: section({
    destination_realm: realm().exactOptional(),
    destination_host: hostOrNone().exactOptional(),
  }, {}).exactOptional(),
  ignore_destination_host: flag(),
  request_timeout: duration().exactOptional(),
  answer_timeout: duration().exactOptional(),
  max_attempts: integer(1, 255).exactOptional(),
  retry_result_codes: list(failure(), "[3002, 3004]").exactOptional(),
  timeout_result_code: failure().exactOptional(),
  never_retry: flag(),
}, { name: "", fallback: [], ignoreDestinationHost: false, neverRetry: false }) as z.ZodType<RouteOptions>;

/** A DRA by its name, or with priority and weight of its own. */
const member: z.ZodType<PoolMember> = z.codec(
  z.unknown(),
  section({
    name: nameLeaf(),
    priority: integer(1, ANY).exactOptional(),
    weight: integer(0, 65_535).exactOptional(),
  }, { name: "" }) as z.ZodType<PoolMember>,
  {
    decode: (written) => typeof written === "string" ? { name: written } : written as never,
    encode: (written) => isMapping(written) && Object.keys(written).length === 1 ? written["name"] : written,
  },
);

const poolSchema: z.ZodType<PoolOptions> = section({
  name: nameLeaf(),
  dras: list(member, "[dra-1, {name: dra-2, priority: 2}]"),
  balance: choice(["", ...BALANCE_NAMES]),
  hash_key: text(/./, "session_id, or an AVP such as User-Name"),
}, { name: "", dras: [], balance: "", hashKey: SESSION_ID });

/** The section `routing`. */
export const routing: Section<"routing", RoutingOptions, DiameterConfig> = {
  key: "routing",
  schema: section({
    pools: list(poolSchema, "[{name: hss, dras: [dra-1, dra-2]}]"),
    routes: list(routeSchema, "[{name: roaming, match: {destination_realm: partner.example}, pool: partner}]"),
    default: otherwise(),
    allow_proxy_acts: flag(),
    follow_redirects: flag(),
    queue: section({
      max_messages: integer(0, 1_000_000),
      max_bytes: size(1024, 2 ** 30),
      max_wait: duration(),
      release_per_second: integer(1, ANY),
    }, NO_POLICY.routing.queue),
    duplicate_cache: section({
      enabled: flag(),
      window: duration(),
      max_entries: integer(1, 10_000_000),
      max_bytes: size(1024, 2 ** 34),
    }, NO_POLICY.routing.duplicateCache),
  }, NO_POLICY.routing),
  check: policyFindings,
  named: { pools: "name", routes: "name" },
};

/** The section `limits`. */
export const limits: Section<"limits", readonly LimitOptions[]> = {
  key: "limits",
  schema: list(
    section({
      name: nameLeaf(),
      match: match().exactOptional(),
      per: choice(LIMIT_KEYS),
      requests_per_second: integer(1, ANY),
      burst: integer(0, ANY),
    }, { name: "", per: "all", requestsPerSecond: 1, burst: 0 }) as z.ZodType<LimitOptions>,
    "[{name: roaming, match: {destination_realm: partner.example}, requests_per_second: 100}]",
  ),
  named: { "": "name" },
};

/** The section `screening`. */
export const screening: Section<"screening", ScreeningOptions> = {
  key: "screening",
  schema: section({
    mode: choice(["off", "log", "enforce"], { false: "off" }),
    rules: list(
      section({
        name: nameLeaf(),
        peers: several('a list of identities such as ["*.partner.example"]', (value) => {
          return typeof value === "string" && isPattern(value) ? value : undefined;
        }),
        side: choice(["app", "dra"]),
        applications: several("a list of applications", numberOrText),
        commands: several("a list of commands", numberOrText),
        origin_hosts: several(`a list of ${IDENTITY}`, identityMatch),
        origin_realms: several(`a list of ${IDENTITY}`, identityMatch),
        destination_realms: several(`a list of ${IDENTITY}`, identityMatch),
        avps: avps(),
        max_route_records: integer(0, 255).exactOptional(),
        origin_host_is_peer: flag(),
        action: choice(["allow", "reject"]),
        result_code: failure().exactOptional(),
      }, {
        name: "",
        peers: [],
        side: "app",
        applications: [],
        commands: [],
        originHosts: [],
        originRealms: [],
        destinationRealms: [],
        avps: [],
        originHostIsPeer: false,
        action: "reject",
      }) as z.ZodType<ScreeningRule>,
      '[{name: partners, peers: ["*.partner.example"], applications: [s6a], action: allow}]',
    ),
    otherwise: choice(["allow", "reject"]),
    result_code: failure(),
  }, NO_POLICY.screening),
  named: { rules: "name" },
};
