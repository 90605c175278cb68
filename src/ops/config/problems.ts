/**
 * What the schema found wrong, one line of text per problem.
 * @module
 */

import type * as z from "zod";
import { nearest } from "./nearest.ts";
import { formatPath, isMapping, type Path } from "./path.ts";
import type { Sections } from "./section.ts";
import { unavailable } from "./unavailable.ts";
import { shapeAt } from "./walk.ts";
import { wholeOf } from "./whole.ts";

/** Something wrong at a place. */
export interface Problem {
  readonly path: Path;
  readonly message: string;
}

/** The issues of one parse, with one problem for each unknown key. */
export function problemsOf(sections: Sections, error: z.ZodError): Problem[] {
  const { shape } = wholeOf(sections);
  return error.issues.flatMap((issue): Problem[] => {
    const path = issue.path.map((part) => typeof part === "number" ? part : String(part));
    if (issue.code !== "unrecognized_keys") return [{ path, message: issue.message }];
    return issue.keys.map((key) => ({
      path: [...path, key],
      message: unavailable(sections, [...path, key]) ?? `unknown key${suggestion(shape, path, key)}`,
    }));
  });
}

/**
 * What the key was perhaps meant to be: a near name here, the same name elsewhere, or any of those
 * known here.
 */
function suggestion(shape: unknown, path: Path, key: string): string {
  const known = Object.keys(shapeAt(shape, path) ?? {});
  const near = nearest(key, known);
  if (near !== undefined) return `; did you mean "${near}"?`;
  const elsewhere = [...pathsOf(shape, [])].find((candidate) => candidate.at(-1) === key);
  if (elsewhere !== undefined) return `; did you mean ${formatPath(elsewhere).replaceAll("[0]", "[]")}?`;
  return `; known here: ${known.join(", ")}`;
}

function* pathsOf(tree: unknown, path: Path): Generator<Path> {
  if (path.length > 0) yield path;
  const entries = Array.isArray(tree) ? tree.entries() : isMapping(tree) ? Object.entries(tree) : [];
  for (const [key, below] of entries) yield* pathsOf(below, [...path, key]);
}
