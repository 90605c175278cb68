/**
 * Conditions on a request, made once for a configuration. Each is asked for the message at hand,
 * and can say afterwards what it saw.
 * @module
 */
import type { RelayPeer } from "../core/relay_peer.ts";
import type { IdentityMatch } from "../core/policy_options.ts";
import { shownIdentity } from "../../wire/identity.ts";
import { type Expression, expression } from "./loaded.ts";
import type { PathValues, Reading } from "./reading.ts";
import { equalsOctets, Glob, leadsWithin, numberAt, octetsOf, startsWith, textAt } from "./values.ts";

/** Octets of a value on which an expression is tried. */
const LONGEST_VALUE = 1024;

/** One thing that must hold. */
export interface Condition {
  /** The key, or the path of the AVP. */
  readonly key: string;
  /** What is wanted, for a person. */
  readonly wanted: string;
  /** Whether it depends on nothing but application, command and destination. */
  readonly isPlain: boolean;
  test(reading: Reading): boolean;
  /** What is there instead, for a person. */
  seen(reading: Reading): string;
}

/** Whether all of them hold; the first that does not says so. */
export function firstFailed(conditions: readonly Condition[], reading: Reading): Condition | undefined {
  for (let i = 0; i < conditions.length; i++) if (!conditions[i]!.test(reading)) return conditions[i];
  return undefined;
}

/** Why it failed: what it wanted, and what it saw. */
export function describeFailure(condition: Condition, reading: Reading): string {
  return `${condition.key}: expected ${condition.wanted}, got ${condition.seen(reading)}`;
}

/** Application or command, one of some numbers or ranges of them. */
export class NumberCondition implements Condition {
  readonly wanted: string;
  readonly isPlain = true;
  readonly #bounds: readonly (readonly [number, number])[];
  /** The one number that will do, where there is one. */
  readonly #only: number;

  constructor(readonly key: "application" | "command", bounds: readonly (readonly [number, number])[]) {
    this.#bounds = bounds;
    const [low, high] = bounds[0]!;
    this.#only = bounds.length === 1 && low === high ? low : -1;
    this.wanted = bounds.map(([low, high]) => low === high ? `${low}` : `${low}-${high}`).join(" or ");
  }

  test(reading: Reading): boolean {
    const number = reading.request[this.key];
    if (this.#only >= 0) return number === this.#only;
    for (const [low, high] of this.#bounds) if (number >= low && number <= high) return true;
    return false;
  }

  seen({ request }: Reading): string {
    return String(request[this.key]);
  }
}

/** Where an identity is looked for. */
export interface IdentitySource {
  readonly isPlain: boolean;
  /** Points `at` at it; false when it is not there. */
  find(reading: Reading, at: Octets): boolean;
}

/** Some octets. */
export interface Octets {
  bytes: Uint8Array;
  start: number;
  end: number;
}

/** Destination-Realm or Destination-Host, which the checks have found. */
export function destination(which: "destinationRealm" | "destinationHost"): IdentitySource {
  const [first, last] = [`${which}Start`, `${which}End`] as const;
  return {
    isPlain: true,
    find({ request: { avps, block } }, at) {
      const start = avps[first];
      if (start < 0) return false;
      at.bytes = block.bytes;
      at.start = start;
      at.end = avps[last];
      return true;
    },
  };
}

/** The first value at a path. */
export function firstOf(values: PathValues): IdentitySource {
  return {
    isPlain: false,
    find({ request: { block } }, at) {
      const { count, starts, ends } = values.read();
      if (count === 0) return false;
      at.bytes = block.bytes;
      at.start = starts[0]!;
      at.end = ends[0]!;
      return true;
    },
  };
}

/** The identity that the peer introduced itself with. */
export function peerIdentity(): IdentitySource {
  const known = new WeakMap<RelayPeer, Uint8Array>();
  return {
    isPlain: false,
    find({ request: { from } }, at) {
      let bytes = known.get(from);
      if (bytes === undefined) known.set(from, bytes = octetsOf(from.originHost));
      at.bytes = bytes;
      at.start = 0;
      at.end = bytes.length;
      return true;
    },
  };
}

/** An identity, one of some. */
export class IdentityCondition implements Condition {
  readonly wanted: string;
  readonly isPlain: boolean;
  readonly #source: IdentitySource;
  readonly #globs: readonly Glob[];
  readonly #expressions: readonly LazyExpression[];
  readonly #presences: readonly boolean[];
  readonly #at: Octets = { bytes: new Uint8Array(), start: 0, end: 0 };

  constructor(readonly key: string, source: IdentitySource, matches: readonly IdentityMatch[]) {
    this.#source = source;
    this.isPlain = source.isPlain;
    this.#globs = matches.flatMap((match) => typeof match === "string" ? [new Glob(match)] : []);
    this.#expressions = matches.flatMap((match) =>
      typeof match === "object" && "regex" in match ? [new LazyExpression(match.regex, true)] : []
    );
    this.#presences = matches.flatMap((match) =>
      typeof match === "object" && "present" in match ? [match.present] : []
    );
    this.wanted = matches.map(wantedIdentity).join(" or ");
  }

  test(reading: Reading): boolean {
    const at = this.#at;
    const isThere = this.#source.find(reading, at);
    for (const presence of this.#presences) if (presence === isThere) return true;
    if (!isThere) return false;
    const { bytes, start, end } = at;
    for (let i = 0; i < this.#globs.length; i++) if (this.#globs[i]!.matches(bytes, start, end)) return true;
    for (const one of this.#expressions) if (one.matches(reading, bytes, start, end)) return true;
    return false;
  }

  seen(reading: Reading): string {
    const at = this.#at;
    return this.#source.find(reading, at) ? shownIdentity(textAt(at.bytes, at.start, at.end)) : "none";
  }
}

function wantedIdentity(match: IdentityMatch): string {
  if (typeof match === "string") return match;
  return "regex" in match ? `/${match.regex}/` : match.present ? "any" : "none";
}

/** Where a Logic App connected. */
export class ListenerCondition implements Condition {
  readonly key = "listener";
  readonly wanted: string;
  readonly isPlain = false;
  readonly #addresses: readonly string[];

  /** @param addresses as `endpointText` writes them */
  constructor(addresses: readonly string[]) {
    this.#addresses = addresses;
    this.wanted = addresses.join(" or ");
  }

  test({ request: { from } }: Reading): boolean {
    return this.#addresses.includes(from.listenedAs);
  }

  seen({ request: { from } }: Reading): string {
    return from.listenedAs === "" ? "none" : from.listenedAs;
  }
}

/** How one value of an AVP is judged. */
export type ValueTest = (view: DataView, bytes: Uint8Array, start: number, end: number, reading: Reading) => boolean;

/** Octets that a value must begin with. */
export interface Literal {
  readonly octets: Uint8Array;
}

/** Some value at a path. */
export class AvpCondition implements Condition {
  readonly isPlain = false;
  readonly #tests: readonly ValueTest[];

  /** @param literals where nothing else is wanted than that the value begins with one of these */
  constructor(
    readonly key: string,
    readonly values: PathValues,
    readonly wanted: string,
    tests: readonly ValueTest[],
    readonly literals?: readonly Literal[],
  ) {
    this.#tests = tests;
  }

  test(reading: Reading): boolean {
    const { starts, ends, count } = this.values.read();
    if (count === 0) return false;
    const { view, bytes } = reading.request.block;
    for (let i = 0; i < count; i++) {
      const start = starts[i]!;
      const end = ends[i]!;
      for (let t = 0; t < this.#tests.length; t++) {
        if (this.#tests[t]!(view, bytes, start, end, reading)) return true;
      }
    }
    return false;
  }

  seen(reading: Reading): string {
    return seenValues(this.values, reading);
  }
}

/** Whether there is a value at a path. */
export class PresenceCondition implements Condition {
  readonly isPlain = false;
  readonly wanted: string;
  readonly #values: PathValues;
  readonly #present: boolean;

  constructor(readonly key: string, values: PathValues, present: boolean) {
    this.#values = values;
    this.#present = present;
    this.wanted = present ? "any" : "none";
  }

  test(_reading: Reading): boolean {
    return (this.#values.read().count > 0) === this.#present;
  }

  seen(reading: Reading): string {
    return seenValues(this.#values, reading);
  }
}

function seenValues(values: PathValues, { request: { block } }: Reading): string {
  const { starts, ends, count } = values.read();
  if (count === 0) return "none";
  const shown = Array.from({ length: Math.min(count, 3) }, (_, i) => {
    const [start, end] = [starts[i]!, ends[i]!];
    const text = textAt(block.bytes, start, end);
    if (/^[\x20-\x7e]+$/.test(text)) return shownIdentity(text);
    const number = numberAt(block.view, start, end, false);
    return number === undefined ? `${end - start} bytes` : String(number);
  });
  return shown.join(", ") + (count > 3 ? ` and ${count - 3} more` : "");
}

/** Tests of values, by what is wanted. */
export const VALUE_TESTS = {
  number: (wanted: number): ValueTest => (view, _, start, end) => numberAt(view, start, end, wanted < 0) === wanted,
  numbers: (low: number, high: number): ValueTest => (view, _, start, end) => {
    const number = numberAt(view, start, end, low < 0);
    return number !== undefined && number >= low && number <= high;
  },
  octets(text: string): ValueTest {
    const octets = octetsOf(text);
    return (_, bytes, start, end) => equalsOctets(bytes, start, end, octets);
  },
  prefix(text: string): ValueTest {
    const octets = octetsOf(text);
    return (_, bytes, start, end) => startsWith(bytes, start, end, octets);
  },
  digits(low: string, high: string): ValueTest {
    const [from, to] = [octetsOf(low), octetsOf(high)];
    return (_, bytes, start, end) => leadsWithin(bytes, start, end, from, to);
  },
  identity(text: string): ValueTest {
    const glob = new Glob(text);
    return (_, bytes, start, end) => glob.matches(bytes, start, end);
  },
  expression(pattern: string, anyCase: boolean): ValueTest {
    const lazy = new LazyExpression(pattern, anyCase);
    return (_, bytes, start, end, reading) => lazy.matches(reading, bytes, start, end);
  },
} as const;

/** An expression that is compiled when it is first needed: by then its engine is loaded. */
class LazyExpression {
  #compiled: Expression | undefined;

  constructor(readonly pattern: string, readonly anyCase: boolean) {}

  matches(reading: Reading, bytes: Uint8Array, start: number, end: number): boolean {
    if (end - start > LONGEST_VALUE) {
      reading.tooLong++;
      return false;
    }
    const compiled = this.#compiled ??= expression(this.pattern, this.anyCase);
    return compiled.test(textAt(bytes, start, end));
  }
}
