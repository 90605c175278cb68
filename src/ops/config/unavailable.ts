/**
 * The keys that have a name and a meaning, and no effect yet. Setting one is an error, so that nobody relies on
 * it; `--print` leaves it out. A key comes into force by losing its line here.
 * @module
 */

import { isMapping, matches, type Path } from "./path.ts";

/** Path pattern (`[]` is any element) and what to do instead. The schema need not have the key. */
const UNAVAILABLE: Readonly<Record<string, string>> = {
  "gateway.workers": "only 1; start one gateway per core on ports of their own",
  "server.reuse_port": "leave it out; a port belongs to one gateway",
  "admin": 'the admin interface is off; leave it out, or set admin.listen to ""',
};

/** What to do instead of setting the key at `path`; undefined when it is in force. */
function reasonFor(path: Path): string | undefined {
  return Object.entries(UNAVAILABLE).find(([pattern]) => matches(pattern, path))?.[1];
}

/** The sentence for a key that is not in force; undefined when it is. */
export function unavailable(path: Path): string | undefined {
  const reason = reasonFor(path);
  return reason === undefined ? undefined : `not available yet in this version (${reason})`;
}

/** Whether the key at `path` is in force. */
export function isAvailable(path: Path): boolean {
  return reasonFor(path) === undefined;
}

/** `tree` without the keys that are not available. */
export function withoutUnavailable(tree: unknown, path: Path = []): unknown {
  if (Array.isArray(tree)) return tree.map((item, i) => withoutUnavailable(item, [...path, i]));
  if (!isMapping(tree)) return tree;
  const kept = Object.entries(tree).filter(([key]) => isAvailable([...path, key]));
  return Object.fromEntries(kept.map(([key, below]) => [key, withoutUnavailable(below, [...path, key])]));
}

/**
 * The unavailable keys of `tree` with another value than in `defaults`, outermost first, and the
 * sentence for each.
 */
export function unavailableInUse(tree: unknown, defaultAt: (path: Path) => unknown): { path: Path; message: string }[] {
  const found: { path: Path; message: string }[] = [];
  const visit = (value: unknown, path: Path) => {
    const message = unavailable(path);
    const nested = Array.isArray(value) ? [...value.entries()] : isMapping(value) ? Object.entries(value) : undefined;
    const plain = defaultAt(path);
    // A mapping that the defaults have too is looked into, so that the error names the key that was set.
    if (message !== undefined && !(isMapping(value) && isMapping(plain))) {
      if (JSON.stringify(value) !== JSON.stringify(plain)) found.push({ path, message });
      return;
    }
    for (const [key, below] of nested ?? []) visit(below, [...path, key]);
  };
  visit(tree, []);
  return found;
}
