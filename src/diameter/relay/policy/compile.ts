/**
 * From what is configured to conditions, or to everything that is wrong with it.
 * @module
 */
import { type Endpoint, endpointText } from "../../../net/connection.ts";
import type { AvpMatch, IdentityMatch, MatchOptions, OneOrMore } from "../core/policy_options.ts";
import { type AvpPath, isNumeric, parsePath, PathError } from "./avp_path.ts";
import {
  AvpCondition,
  type Condition,
  destination,
  firstOf,
  IdentityCondition,
  ListenerCondition,
  type Literal,
  NumberCondition,
  peerIdentity,
  PresenceCondition,
  VALUE_TESTS,
  type ValueTest,
} from "./conditions.ts";
import { dictionary } from "./loaded.ts";
import { judgePattern } from "./pattern.ts";
import { prefixesOf } from "./prefixes.ts";
import { ORIGIN, type Reading } from "./reading.ts";
import { octetsOf } from "./values.ts";

/** What is wrong, below the place that is being compiled. The message says what is right, too. */
export type Complaint = (path: readonly (string | number)[], message: string) => void;

/** What the compiler is given besides the options. */
export interface CompileContext {
  /** What all conditions read from. */
  readonly reading: Reading;
  readonly complain: Complaint;
  /** Where Logic Apps may connect, as it is written. */
  readonly listeners: readonly Endpoint[];
  /** The known word that a mistyped one most likely meant. */
  readonly nearest: (word: string, known: Iterable<string>) => string | undefined;
}

/** Conditions of one match. */
const MOST_CONDITIONS = 16;
const MOST = { application: 0xffff_ffff, command: 0xff_ffff } as const;

/** Compiles a match: the cheapest conditions come first. */
export function compileMatch(match: MatchOptions, context: CompileContext): Condition[] {
  const conditions: Condition[] = [];
  for (const key of ["application", "command"] as const) {
    const wanted = match[key];
    if (wanted !== undefined) conditions.push(...numbers(key, listOf(wanted), context));
  }
  const { reading } = context;
  const sources = {
    destination_realm: [match.destinationRealm, () => destination("destinationRealm")],
    destination_host: [match.destinationHost, () => destination("destinationHost")],
    app: [match.app, peerIdentity],
    origin_realm: [match.originRealm, () => firstOf(reading.valuesAt(ORIGIN.realm))],
    origin_host: [match.originHost, () => firstOf(reading.valuesAt(ORIGIN.host))],
  } as const;
  for (const [key, [wanted, source]] of Object.entries(sources)) {
    if (wanted === undefined) continue;
    const matches = listOf(wanted);
    judgeIdentities(matches, (path, message) => context.complain([key, ...path], message), Array.isArray(wanted));
    conditions.push(new IdentityCondition(key, source(), matches));
  }
  if (match.listener !== undefined) conditions.push(...listeners(listOf(match.listener), context));
  for (const [i, avp] of (match.avps ?? []).entries()) {
    conditions.push(...avpConditions(avp, { ...context, complain: below(context, "avps", i) }));
  }
  if (conditions.length > MOST_CONDITIONS) {
    context.complain([], `has ${conditions.length} conditions: expected at most ${MOST_CONDITIONS}`);
  }
  return conditions;
}

/** Complaints about something below. */
export function below({ complain }: Pick<CompileContext, "complain">, ...place: (string | number)[]): Complaint {
  return (path, message) => complain([...place, ...path], message);
}

/** One or more as a list. */
export function listOf<T>(value: OneOrMore<T>): readonly T[] {
  return Array.isArray(value) ? value : [value as T];
}

/** Application ids or commands: numbers, `"lo-hi"`, names. */
export function numbers(
  key: "application" | "command",
  wanted: readonly (number | string)[],
  context: CompileContext,
  place: readonly (string | number)[] = [key],
): NumberCondition[] {
  const bounds: [number, number][] = [];
  if (wanted.length === 0) context.complain(place, "expected at least one, got an empty list");
  for (const one of wanted) {
    const found = numberBounds(key, one, context);
    if (typeof found === "string") context.complain(place, found);
    else bounds.push(found);
  }
  return bounds.length === 0 ? [] : [new NumberCondition(key, bounds)];
}

function numberBounds(
  key: "application" | "command",
  wanted: number | string,
  { nearest }: CompileContext,
): [number, number] | string {
  const most = MOST[key];
  const text = String(wanted).trim();
  const [, low, high = low] = /^(\d+)(?:\s*-\s*(\d+))?$/.exec(text) ?? [];
  if (low !== undefined) {
    const [from, to] = [Number(low), Number(high)];
    if (to > most) return `expected a number up to ${most}, got ${to}`;
    return from <= to
      ? [from, to]
      : `expected a range from the lower to the higher number, got ${JSON.stringify(text)}`;
  }
  const known = dictionary();
  const number = key === "application" ? known.applicationNamed(text) : known.commandNamed(text)?.code;
  if (number !== undefined) return [number, number];
  const names = key === "application"
    ? Array.from(known.applicationNames(), (name) => name.replace(/^3GPP /, "").split("/")).flat()
    : [...known.commandNames()];
  const near = nearest(text, names);
  const hint = near === undefined ? "give its number" : `did you mean ${JSON.stringify(near)}?`;
  return `expected a number, "lo-hi" or the name of ${key === "application" ? "an application" : "a command"}, got ` +
    `${JSON.stringify(text)}, which no specification here has; ${hint}`;
}

/** Complains about expressions that are refused. */
export function judgeIdentities(matches: readonly IdentityMatch[], complain: Complaint, isList: boolean): void {
  if (matches.length === 0) complain([], "expected at least one, got an empty list");
  for (const [i, match] of matches.entries()) {
    if (typeof match !== "object" || !("regex" in match)) continue;
    const refused = judgePattern(match.regex);
    if (refused !== undefined) complain([...(isList ? [i] : []), "regex"], patternMessage(match.regex, refused));
  }
}

function patternMessage(pattern: string, refused: string): string {
  const shown = pattern.length > 60 ? `${pattern.slice(0, 57)}...` : pattern;
  return `expected an expression that is matched in linear time; ${JSON.stringify(shown)} ${refused}`;
}

function listeners(wanted: readonly string[], context: CompileContext): ListenerCondition[] {
  const known = context.listeners.map(endpointText);
  for (const address of wanted) {
    if (known.includes(address)) continue;
    context.complain(
      ["listener"],
      `expected an address that server.listen or server.tls.listen has (${known.join(", ")}), got ${
        JSON.stringify(address)
      }`,
    );
  }
  return [new ListenerCondition(wanted)];
}

const TESTS = ["exact", "prefix", "range", "regex", "present"] as const;

/** Compiles the conditions on one AVP. */
export function avpConditions(match: AvpMatch, context: CompileContext): Condition[] {
  const { complain, reading, nearest } = context;
  const given = TESTS.filter((key) => match[key] !== undefined);
  if (given.length !== 1) {
    const got = given.length === 0 ? "none" : given.join(" and ");
    complain([], `expected exactly one of ${TESTS.join(", ")}, got ${got}`);
  }
  let path: AvpPath;
  try {
    path = parsePath(match.path, dictionary(), nearest);
  } catch (error) {
    if (!(error instanceof PathError)) throw error;
    complain(["path"], `expected an AVP such as User-Name or 443[450=1]/444; ${match.path} ${error.message}`);
    return [];
  }
  const values = reading.valuesAt(path);
  if (match.present !== undefined) return [new PresenceCondition(path.text, values, match.present)];
  const tests = valueTests(match, path, complain);
  const wanted = describeWanted(match);
  return tests.length === 0 ? [] : [new AvpCondition(path.text, values, wanted, tests, literalsOf(match, path))];
}

/** The texts that a value must be, or begin with, where that is what the match says. */
function literalsOf({ exact, prefix, range }: AvpMatch, { type }: AvpPath): Literal[] | undefined {
  const [low, high] = range ?? [];
  const isDigits = typeof low === "string" && typeof high === "string" && low.length === high.length && low <= high;
  const wanted = isDigits ? prefixesOf(low, high) : listOf<string | number>(exact ?? prefix ?? []);
  const isText = wanted.length > 0 && type !== "DiameterIdentity" && wanted.every((one) => typeof one === "string");
  return isText ? wanted.map((text) => ({ octets: octetsOf(String(text)) })) : undefined;
}

function valueTests(match: AvpMatch, { type }: AvpPath, complain: Complaint): ValueTest[] {
  const isIdentity = type === "DiameterIdentity";
  if (match.exact !== undefined) {
    return listOf(match.exact).flatMap((value): ValueTest[] => {
      if (typeof value === "number") return [VALUE_TESTS.number(value)];
      if (isNumeric(type)) {
        complain(["exact"], `expected a number, as the type of this AVP is ${type}, got ${JSON.stringify(value)}`);
        return [];
      }
      return [isIdentity ? VALUE_TESTS.identity(value) : VALUE_TESTS.octets(value)];
    });
  }
  if (match.prefix !== undefined) {
    return listOf(match.prefix).map((text) => isIdentity ? VALUE_TESTS.identity(`${text}*`) : VALUE_TESTS.prefix(text));
  }
  if (match.range !== undefined) return range(match.range, type, (message) => complain(["range"], message));
  if (match.regex !== undefined) {
    const refused = judgePattern(match.regex);
    if (refused === undefined) return [VALUE_TESTS.expression(match.regex, isIdentity)];
    complain(["regex"], patternMessage(match.regex, refused));
  }
  return [];
}

function range(bounds: NonNullable<AvpMatch["range"]>, type: AvpPath["type"], complain: (message: string) => void) {
  const [low, high] = bounds;
  const got = `got ${JSON.stringify(bounds)}`;
  if (bounds.length !== 2 || low === undefined || high === undefined) {
    complain(`expected two bounds, such as ["262010000", "262019999"] or [1, 10], ${got}`);
  } else if (typeof low === "number" && typeof high === "number") {
    if (low <= high) return [VALUE_TESTS.numbers(low, high)];
    complain(`expected the lower bound first, ${got}`);
  } else if (isNumeric(type)) complain(`expected two numbers, as the type of this AVP is ${type}, ${got}`);
  else if (typeof low !== "string" || typeof high !== "string" || !/^\d+$/.test(low + high)) {
    complain(`expected two strings of digits, or two numbers, ${got}`);
  } else if (low.length !== high.length) complain(`expected bounds with equally many digits, ${got}`);
  else if (low > high) complain(`expected the lower bound first, ${got}`);
  else return [VALUE_TESTS.digits(low, high)];
  return [];
}

function describeWanted({ exact, prefix, range, regex }: AvpMatch): string {
  if (exact !== undefined) return listOf(exact).join(" or ");
  if (prefix !== undefined) return `${listOf(prefix).join("... or ")}...`;
  if (range !== undefined) return `${range[0]} to ${range[1]}`;
  return `/${regex ?? ""}/`;
}
