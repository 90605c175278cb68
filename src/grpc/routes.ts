/**
 * Which route a call takes: the one with the longest prefix of its full method name. PURE.
 * @module
 */

/** What a route is found by. */
export interface Prefixed {
  /** `/package.Service/Method`, or less of it. */
  readonly prefix: string;
}

/** Paths whose route is remembered. Clients choose paths, so there must be an end. */
const MOST_REMEMBERED = 1024;

/** Routes, to be asked for each call. */
export class RouteTable<R extends Prefixed> {
  /** The lengths that prefixes have, longest first, each with its prefixes. */
  readonly #byLength: readonly (readonly [length: number, routes: ReadonlyMap<string, R>])[];
  /** null: none matches. */
  readonly #remembered = new Map<string, R | null>();

  /** @param routes in any order; of two with one prefix the first counts */
  constructor(routes: Iterable<R>) {
    const lengths = new Map<number, Map<string, R>>();
    for (const route of routes) {
      const { length } = route.prefix;
      const same = lengths.get(length) ?? new Map<string, R>();
      if (!same.has(route.prefix)) same.set(route.prefix, route);
      lengths.set(length, same);
    }
    this.#byLength = [...lengths].sort(([a], [b]) => b - a);
  }

  /** The route of `path`; undefined when no prefix matches. */
  find(path: string): R | undefined {
    const known = this.#remembered.get(path);
    if (known !== undefined) return known ?? undefined;
    const found = this.#longest(path);
    if (this.#remembered.size >= MOST_REMEMBERED) this.#remembered.clear();
    this.#remembered.set(path, found ?? null);
    return found;
  }

  #longest(path: string): R | undefined {
    for (const [length, routes] of this.#byLength) {
      if (length > path.length) continue;
      const found = routes.get(path.slice(0, length));
      if (found !== undefined) return found;
    }
    return undefined;
  }
}
