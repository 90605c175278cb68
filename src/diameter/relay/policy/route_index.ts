/**
 * Finds the routes that may match without trying all of them: those that want an AVP to be, or to
 * begin with, some text are looked up by that text.
 * @module
 */
import { AvpCondition, type Condition, firstFailed, type Literal } from "./conditions.ts";
import type { PathValues, Reading } from "./reading.ts";

/** Fewer routes about one AVP are tried one by one. */
const WORTH_IT = 8;

/** Something with conditions. */
interface Conditional {
  readonly conditions: readonly Condition[];
}

/** The routes that want something of one AVP, by the hash of the text that it must begin with. */
interface Lookup {
  readonly values: PathValues;
  /** How long the texts are, shortest first. */
  readonly lengths: readonly number[];
  /** Places of routes, by length and then by hash. */
  readonly places: readonly ReadonlyMap<number, readonly number[]>[];
}

/** Routes in their order. */
export class RouteIndex<R extends Conditional> {
  readonly #routes: readonly R[];
  readonly #lookups: readonly Lookup[];
  /** Places of routes that have to be tried always. */
  readonly #others: readonly number[];
  /** Places that were found for the message at hand, in order. */
  readonly #found: number[] = [];
  /** When a place was found last: a message may hold one text a thousand times. */
  readonly #foundIn: Int32Array;
  #search = 0;

  constructor(routes: readonly R[]) {
    this.#routes = routes;
    this.#foundIn = new Int32Array(routes.length);
    const byValues = new Map<PathValues, (readonly [place: number, literals: readonly Literal[]])[]>();
    const others: number[] = [];
    routes.forEach(({ conditions }, place) => {
      const literal = conditions.find((one) => one instanceof AvpCondition && one.literals !== undefined);
      if (!(literal instanceof AvpCondition)) return others.push(place);
      const known = byValues.get(literal.values) ?? [];
      known.push([place, literal.literals!]);
      byValues.set(literal.values, known);
      return known.length;
    });
    const lookups: Lookup[] = [];
    for (const [values, wanted] of byValues) {
      if (wanted.length < WORTH_IT) others.push(...wanted.map(([place]) => place));
      else lookups.push(lookupOf(values, wanted));
    }
    this.#lookups = lookups;
    this.#others = others.toSorted((a, b) => a - b);
  }

  /** The first of which all conditions hold. */
  find(reading: Reading): R | undefined {
    const found = this.#found;
    found.length = 0;
    this.#search = (this.#search + 1) | 0;
    for (let i = 0; i < this.#lookups.length; i++) this.#look(this.#lookups[i]!, reading);
    const others = this.#others;
    if (found.length > 1) found.sort((a, b) => a - b);
    for (let f = 0, o = 0; f < found.length || o < others.length;) {
      const isFound = o >= others.length || (f < found.length && found[f]! < others[o]!);
      const route = this.#routes[isFound ? found[f++]! : others[o++]!]!;
      if (firstFailed(route.conditions, reading) === undefined) return route;
    }
    return undefined;
  }

  #look({ values, lengths, places }: Lookup, { request: { block: { bytes } } }: Reading): void {
    const { starts, ends, count } = values.read();
    for (let i = 0; i < count; i++) {
      let at = starts[i]!;
      const start = at;
      const end = ends[i]!;
      let hash = SEED;
      for (let l = 0; l < lengths.length; l++) {
        const until = start + lengths[l]!;
        if (until > end) break;
        for (; at < until; at++) hash = Math.imul(hash ^ bytes[at]!, PRIME);
        const here = places[l]!.get(hash);
        if (here !== undefined) this.#note(here);
      }
    }
  }

  #note(places: readonly number[]): void {
    for (let i = 0; i < places.length; i++) {
      const place = places[i]!;
      if (this.#foundIn[place] === this.#search) continue;
      this.#foundIn[place] = this.#search;
      this.#found.push(place);
    }
  }
}

const SEED = 0x811c9dc5 | 0;
const PRIME = 0x01000193;

function hashOf(octets: Uint8Array): number {
  let hash = SEED;
  for (const octet of octets) hash = Math.imul(hash ^ octet, PRIME);
  return hash;
}

function lookupOf(values: PathValues, wanted: readonly (readonly [number, readonly Literal[]])[]): Lookup {
  const lengths = [...new Set(wanted.flatMap(([, literals]) => literals.map(({ octets }) => octets.length)))]
    .toSorted((a, b) => a - b);
  const places = lengths.map(() => new Map<number, number[]>());
  for (const [place, literals] of wanted) {
    for (const { octets } of literals) {
      const map = places[lengths.indexOf(octets.length)]!;
      const hash = hashOf(octets);
      const known = map.get(hash) ?? [];
      if (!known.includes(place)) known.push(place);
      map.set(hash, known);
    }
  }
  return { values, lengths, places };
}
