/**
 * What stands at the top of one file, and whose it is.
 * @module
 */
import { formatPath, type Mapping, type Path } from "./path.ts";
import type { Problem } from "./report.ts";
import type { Sections } from "./section.ts";

/** How one file is read. */
export interface Layout<S extends Sections = Sections> {
  readonly sections: S;
  /**
   * The section whose keys stand at the top of this file themselves, without its name above them:
   * every key that is in no other place is one of its own.
   */
  readonly open?: string;
  /** Keys at the top that are left alone even so. */
  readonly notOpen?: readonly string[];
  /** Keys at the top that are for somebody else: nobody looks at them. */
  readonly ignored?: readonly string[];
  /** Keys at the top that the sections do not have, and that a person may have meant. */
  readonly others?: readonly string[];
  /** What is wrong with the keys at the top as such. What stands below them is not looked at. */
  readonly problems?: readonly Problem[];
}

/** The tree with each key where its section has it, and without those that nobody looks at. */
export function arranged(layout: Layout, tree: Mapping): Mapping {
  const { sections, open, notOpen = [], ignored = [], problems = [] } = layout;
  const left = [...ignored, ...problems.map(({ path }) => path[0])];
  const own = [...sections.map(({ key }) => key), ...notOpen];
  const arranged: Mapping = {};
  const below: Mapping = {};
  for (const [key, value] of Object.entries(tree)) {
    if (left.includes(key)) continue;
    if (open === undefined || own.includes(key)) arranged[key] = value;
    else below[key] = value;
  }
  if (open !== undefined) arranged[open] = below;
  return arranged;
}

/** The path as the file has it. */
export function pathInFile({ open }: Layout, path: Path): Path {
  return open !== undefined && path[0] === open ? path.slice(1) : path;
}

/** The same, as a person reads it; any element of a list is `[]`. */
export function keyInFile(layout: Layout, path: Path): string {
  return formatPath(pathInFile(layout, path)).replaceAll("[0]", "[]");
}
