/**
 * The effective configuration as YAML that loads to the same configuration again.
 * @module
 */

import { stringify } from "@std/yaml";
import { escapeVariables } from "./environment.ts";
import { withoutPassword } from "./leaves.ts";
import { isMapping, type Mapping, setAt } from "./path.ts";
import type { ConfigOf, Sections } from "./section.ts";
import { withoutUnavailable } from "./unavailable.ts";
import { placesOf } from "./walk.ts";
import { wholeOf, written } from "./whole.ts";

/** What is shown in place of a secret. */
const MASK = "********";

/** The configuration as a tree of what a person would write: durations as `30s`, secrets masked. */
export function plainConfig<const S extends Sections>(sections: S, config: ConfigOf<S>): Mapping {
  return withoutUnavailable(sections, masked(sections, written(sections, config))) as Mapping;
}

/**
 * The configuration as YAML, every default included. Secrets are masked: those alone do not load
 * again.
 */
export function printConfig<const S extends Sections>(sections: S, config: ConfigOf<S>): string {
  return stringify(escaped(plainConfig(sections, config)), { lineWidth: 120 });
}

/** Masks every secret of `tree`, which `written` made, in place. One that is not set stays "". */
export function masked(sections: Sections, tree: Mapping): Mapping {
  for (const { path, kind, value } of placesOf(wholeOf(sections).schema, tree)) {
    if (kind === "secret" && value !== "") setAt(tree, path, MASK);
    if (kind === "uri") setAt(tree, path, withoutPassword(String(value), MASK));
  }
  return tree;
}

function escaped(tree: unknown): unknown {
  if (typeof tree === "string") return escapeVariables(tree);
  if (Array.isArray(tree)) return tree.map(escaped);
  if (!isMapping(tree)) return tree;
  return Object.fromEntries(Object.entries(tree).map(([key, value]) => [key, escaped(value)]));
}
