/**
 * Places in the configuration: `dra_pool.dras[1].port`.
 * @module
 */

/** The keys and indices from the root to a value. */
export type Path = readonly (string | number)[];

/** A tree as YAML gives it: a mapping, before anything about it was checked. */
export type Mapping = Record<string, unknown>;

/** A path as a person reads it. The root is "". */
export function formatPath(path: Path): string {
  return path.map((part, i) => typeof part === "number" ? `[${part}]` : i === 0 ? part : `.${part}`).join("");
}

/** Whether `value` is a mapping: an object that is neither a list nor, say, a date. */
export function isMapping(value: unknown): value is Mapping {
  if (typeof value !== "object" || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** The value at `path`, or undefined where the tree does not reach that far. */
export function getAt(tree: unknown, path: Path): unknown {
  let value = tree;
  for (const part of path) {
    if (Array.isArray(value)) value = value[Number(part)];
    else if (isMapping(value) && Object.hasOwn(value, part)) value = value[part];
    else return undefined;
  }
  return value;
}

/** Puts `value` at `path`, making mappings (or replacing what is no mapping) on the way. */
export function setAt(tree: Mapping, path: Path, value: unknown): void {
  const [key, ...rest] = path;
  if (key === undefined) return;
  if (rest.length === 0) {
    tree[key] = value;
    return;
  }
  const below = tree[key];
  if (Array.isArray(below)) return setAt(below as unknown as Mapping, rest, value);
  const child: Mapping = isMapping(below) ? below : {};
  tree[key] = child;
  setAt(child, rest, value);
}

/**
 * Removes the key at `path`; an element of a list becomes an empty mapping, so that the others keep
 * their index.
 */
export function removeAt(tree: unknown, path: Path): void {
  const parent = getAt(tree, path.slice(0, -1));
  const key = path.at(-1);
  if (Array.isArray(parent)) parent[Number(key)] = {};
  else if (isMapping(parent) && key !== undefined) delete parent[key];
}

/** A copy of mappings and lists; what YAML shares by anchors is separate afterwards. */
export function copyTree(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copyTree);
  if (!isMapping(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, below]) => [key, copyTree(below)]));
}

/** Whether one path lies at or below the other. */
export function overlaps(a: Path, b: Path): boolean {
  return a.every((part, i) => i >= b.length || part === b[i]);
}

/** Whether `path` lies at or below a pattern such as `dras[].tls`; everything lies below `""`. */
export function matches(pattern: string, path: Path): boolean {
  const parts = pattern === "" ? [] : pattern.replaceAll("[]", ".[]").split(".");
  return parts.length <= path.length &&
    parts.every((part, i) => part === "[]" ? typeof path[i] === "number" : part === path[i]);
}
