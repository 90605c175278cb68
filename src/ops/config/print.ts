/**
 * The effective configuration as YAML that loads to the same configuration again.
 * @module
 */

import { stringify } from "@std/yaml";
import * as z from "zod";
import type { Config } from "./config.ts";
import { escapeVariables } from "./environment.ts";
import { getAt, isMapping, type Mapping, setAt } from "./path.ts";
import { configSchema, SECRETS } from "./schema.ts";
import { withoutUnavailable } from "./unavailable.ts";

/** What is shown in place of a secret. */
const MASK = "********";

/** The configuration as a tree of what a person would write: durations as `30s`, secrets masked. */
export function plainConfig(config: Config): Mapping {
  const tree = z.encode(configSchema, config) as Mapping;
  for (const secret of SECRETS) {
    const path = secret.split(".");
    if (getAt(tree, path) !== "") setAt(tree, path, MASK);
  }
  return withoutNothing(withoutUnavailable(tree)) as Mapping;
}

/** The configuration as YAML, every default included. Secrets are masked: those alone do not load again. */
export function printConfig(config: Config): string {
  return stringify(escaped(plainConfig(config)), { lineWidth: 120 });
}

/** An optional section that is absent is left out. */
function withoutNothing(tree: unknown): unknown {
  if (Array.isArray(tree)) return tree.map(withoutNothing);
  if (!isMapping(tree)) return tree;
  const kept = Object.entries(tree).filter(([, value]) => value !== null);
  return Object.fromEntries(kept.map(([key, value]) => [key, withoutNothing(value)]));
}

function escaped(tree: unknown): unknown {
  if (typeof tree === "string") return escapeVariables(tree);
  if (Array.isArray(tree)) return tree.map(escaped);
  if (!isMapping(tree)) return tree;
  return Object.fromEntries(Object.entries(tree).map(([key, value]) => [key, escaped(value)]));
}
