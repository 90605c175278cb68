/**
 * The keys that have a name and a meaning, and no effect yet: see `unavailable` of a section.
 * Setting one is an error, so that nobody relies on it; `--print` leaves it out.
 * @module
 */

import { isMapping, matches, type Path } from "./path.ts";
import type { Sections } from "./section.ts";

/** What to do instead of setting the key at `path`; undefined when it is in force. */
function reasonFor(sections: Sections, path: Path): string | undefined {
  const section = sections.find(({ key }) => key === path[0]);
  return Object.entries(section?.unavailable ?? {}).find(([pattern]) => matches(pattern, path.slice(1)))?.[1];
}

/** The sentence for a key that is not in force; undefined when it is. */
export function unavailable(sections: Sections, path: Path): string | undefined {
  const reason = reasonFor(sections, path);
  return reason === undefined ? undefined : `not available yet in this version (${reason})`;
}

/** Whether the key at `path` is in force. */
export function isAvailable(sections: Sections, path: Path): boolean {
  return reasonFor(sections, path) === undefined;
}

/** `tree` without the keys that are not available. */
export function withoutUnavailable(sections: Sections, tree: unknown, path: Path = []): unknown {
  if (Array.isArray(tree)) return tree.map((item, i) => withoutUnavailable(sections, item, [...path, i]));
  if (!isMapping(tree)) return tree;
  const kept = Object.entries(tree).filter(([key]) => isAvailable(sections, [...path, key]));
  return Object.fromEntries(kept.map(([key, below]) => [key, withoutUnavailable(sections, below, [...path, key])]));
}

/**
 * The unavailable keys of `tree` with another value than in `defaults`, outermost first, and the
 * sentence for each.
 */
export function unavailableInUse(
  sections: Sections,
  tree: unknown,
  defaultAt: (path: Path) => unknown,
): { path: Path; message: string }[] {
  const found: { path: Path; message: string }[] = [];
  const visit = (value: unknown, path: Path) => {
    const message = unavailable(sections, path);
    const nested = Array.isArray(value) ? [...value.entries()] : isMapping(value) ? Object.entries(value) : undefined;
    const plain = defaultAt(path);
    // A mapping that the defaults have too is looked into, so that the error names the key that was
    // set.
    if (message !== undefined && !(isMapping(value) && isMapping(plain))) {
      if (JSON.stringify(value) !== JSON.stringify(plain)) found.push({ path, message });
      return;
    }
    for (const [key, below] of nested ?? []) visit(below, [...path, key]);
  };
  visit(tree, []);
  return found;
}
