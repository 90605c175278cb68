/**
 * What differs between two configurations, and what of that a reload can put into force.
 * @module
 */

import { formatPath, getAt, isMapping, matches, type Path, removeAt, setAt } from "./path.ts";
import { masked } from "./print.ts";
import type { ConfigOf, Sections } from "./section.ts";
import { isAvailable } from "./unavailable.ts";
import { wholeOf, written } from "./whole.ts";

/** A key whose value changed; values as a person writes them, undefined where the key is absent. */
export interface ConfigChange {
  readonly path: string;
  readonly from: unknown;
  readonly to: unknown;
}

/** All that changed. */
export interface ConfigDiff {
  /** In the order of the keys. */
  readonly changes: readonly ConfigChange[];
  /** Paths of those changes that come into force at the next start. */
  readonly needsRestart: readonly string[];
}

/**
 * Every change from `old` to `current`. Elements of a list that have names are told apart by them
 * (`dra_pool.dras[dra-2].port`), so that one more in front does not change all others; other lists
 * change as a whole. A secret shows that it changed and nothing else.
 */
export function diffConfig<const S extends Sections>(
  sections: S,
  old: ConfigOf<S>,
  current: ConfigOf<S>,
): ConfigDiff {
  const changes: ConfigChange[] = [];
  const needsRestart: string[] = [];
  const root = { path: [], place: "", from: sideOf(sections, old), to: sideOf(sections, current) };
  for (const { path, place, from, to } of differences(sections, root)) {
    changes.push({ path: place, from: from.shown, to: to.shown });
    if (!isLive(sections, path)) needsRestart.push(place);
  }
  return { changes, needsRestart };
}

/**
 * What a reload puts into force: `next`, but for the keys that need a restart, which stay as they
 * are in `current`. Those are not in lists.
 */
export function reloaded<const S extends Sections>(
  sections: S,
  current: ConfigOf<S>,
  next: ConfigOf<S>,
): ConfigOf<S> {
  const [before, tree] = [written(sections, current), written(sections, next)];
  for (const { key, restart = [] } of sections) {
    for (const pattern of restart) {
      const path = [key, ...pattern.split(".")];
      const value = getAt(before, path);
      if (value === undefined) removeAt(tree, path);
      else setAt(tree, path, value);
    }
  }
  return wholeOf(sections).schema.parse(tree) as ConfigOf<S>;
}

/**
 * Every key that a reload can change and that is in force, as a pattern: `dra_pool.dras[].weight`.
 * Lists of plain values are one key.
 */
export function liveKeys(sections: Sections): string[] {
  const keys: string[] = [];
  const visit = (tree: unknown, path: Path): void => {
    if (isMapping(tree)) {
      for (const [key, below] of Object.entries(tree)) visit(below, [...path, key]);
    } else if (Array.isArray(tree) && isMapping(tree[0])) visit(tree[0], [...path, 0]);
    else if (isLive(sections, path) && isAvailable(sections, path)) keys.push(formatPath(path).replaceAll("[0]", "[]"));
  };
  visit(wholeOf(sections).shape, []);
  return keys;
}

function isLive(sections: Sections, [key, ...below]: Path): boolean {
  const section = sections.find((section) => section.key === key);
  return !(section?.restart ?? []).some((pattern) => matches(pattern, below));
}

/** A value, and how it is shown. */
interface Side {
  readonly plain: unknown;
  readonly shown: unknown;
}

const ABSENT: Side = { plain: undefined, shown: undefined };

function sideOf(sections: Sections, config: object): Side {
  return { plain: written(sections, config), shown: masked(sections, written(sections, config)) };
}

/** What stands at `key` of both trees. */
function below({ plain, shown }: Side, key: string): Side {
  return { plain: (plain as Record<string, unknown>)[key], shown: (shown as Record<string, unknown>)[key] };
}

/** What stands in one place of both. In `path`, an element that has a name is any element. */
interface Pair {
  readonly path: Path;
  readonly place: string;
  readonly from: Side;
  readonly to: Side;
}

function* differences(sections: Sections, pair: Pair): Generator<Pair> {
  const { path, place, from, to } = pair;
  const name = nameOfElements(sections, path);
  if (isMapping(from.plain) && isMapping(to.plain)) {
    for (const key of new Set([...Object.keys(from.plain), ...Object.keys(to.plain)])) {
      const inside = { path: [...path, key], place: place === "" ? key : `${place}.${key}` };
      yield* differences(sections, { ...inside, from: below(from, key), to: below(to, key) });
    }
  } else if (name !== undefined) {
    const [before, after] = [byName(from, name), byName(to, name)];
    for (const element of new Set([...before.keys(), ...after.keys()])) {
      const inside = { path: [...path, 0], place: `${place}[${element}]` };
      const sides = { from: before.get(element) ?? ABSENT, to: after.get(element) ?? ABSENT };
      yield* differences(sections, { ...inside, ...sides });
    }
  } else if (JSON.stringify(from.plain) !== JSON.stringify(to.plain)) yield pair;
}

/** The key that tells elements of the list at `path` apart; undefined where there is none. */
function nameOfElements(sections: Sections, [key, ...below]: Path): string | undefined {
  return sections.find((section) => section.key === key)?.named?.[formatPath(below)];
}

function byName({ plain, shown }: Side, name: string): Map<string, Side> {
  const [list, view] = [plain, shown].map((side): readonly unknown[] => Array.isArray(side) ? side : []);
  return new Map(list!.map((item, i) => {
    const key = isMapping(item) ? String(item[name]) : "";
    return [key, { plain: item, shown: view![i] }];
  }));
}
