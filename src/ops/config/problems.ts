/**
 * What the schema found wrong, one line of text per problem.
 * @module
 */

import type * as z from "zod";
import { nearest } from "./nearest.ts";
import { keyInFile, type Layout } from "./layout.ts";
import { isMapping, type Path } from "./path.ts";
import type { Problem } from "./report.ts";
import { unavailable } from "./unavailable.ts";
import { shapeAt } from "./walk.ts";
import { wholeOf } from "./whole.ts";

/** The issues of one parse, with one problem for each unknown key. */
export function problemsOf(layout: Layout, error: z.ZodError): Problem[] {
  const { sections } = layout;
  return error.issues.flatMap((issue): Problem[] => {
    const path = issue.path.map((part) => typeof part === "number" ? part : String(part));
    if (issue.code !== "unrecognized_keys") return [{ path, message: issue.message }];
    return issue.keys.map((key) => ({
      path: [...path, key],
      message: unavailable(sections, [...path, key]) ?? `unknown key${suggestion(layout, path, key)}`,
    }));
  });
}

/**
 * What the key was perhaps meant to be: a near name here, the same name elsewhere, or any of those
 * known here.
 */
function suggestion(layout: Layout, path: Path, key: string): string {
  const { sections, open, others = [] } = layout;
  const { shape } = wholeOf(sections);
  const known = Object.keys(shapeAt(shape, path) ?? {});
  const isTop = path.length === 0 || (path.length === 1 && path[0] === open);
  const top = isTop ? [...sections.map(({ key }) => key).filter((key) => key !== open), ...others] : [];
  const near = nearest(key, new Set([...known, ...top]));
  if (near !== undefined) return `; did you mean "${near}"?`;
  const elsewhere = [...pathsOf(shape, [])].find((candidate) => candidate.at(-1) === key);
  if (elsewhere !== undefined) return `; did you mean ${keyInFile(layout, elsewhere)}?`;
  return `; known here: ${known.join(", ")}`;
}

function* pathsOf(tree: unknown, path: Path): Generator<Path> {
  if (path.length > 0) yield path;
  const entries = Array.isArray(tree) ? tree.entries() : isMapping(tree) ? Object.entries(tree) : [];
  for (const [key, below] of entries) yield* pathsOf(below, [...path, key]);
}
