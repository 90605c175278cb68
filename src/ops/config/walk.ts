/**
 * Walks through a schema: which keys there are, and which values are of a kind that somebody looks
 * for, such as secrets or listeners.
 * @module
 */
import type * as z from "zod";
import { type Kind, kindOf } from "./leaves.ts";
import { getAt, isMapping, type Path } from "./path.ts";

/** A value as a person writes it, its kind, and where it stands. */
export interface Place {
  readonly path: Path;
  readonly kind: Kind;
  readonly value: unknown;
}

/** The values of `tree`, which `schema` encoded, that have a kind of their own. */
export function* placesOf(schema: z.core.$ZodType, tree: unknown, path: Path = []): Generator<Place> {
  const { shape, element, named, kind } = inside(schema);
  if (kind !== undefined) {
    const values = Array.isArray(tree) ? tree.entries() : undefined;
    if (values === undefined) yield { path, kind, value: tree };
    else for (const [i, value] of values) yield { path: [...path, i], kind, value };
  } else if (shape !== undefined && isMapping(tree)) {
    for (const [key, below] of Object.entries(shape)) {
      if (Object.hasOwn(tree, key)) yield* placesOf(below, tree[key], [...path, key]);
    }
  } else if (element !== undefined && Array.isArray(tree)) {
    for (const [i, item] of tree.entries()) yield* placesOf(element, item, [...path, i]);
  } else if (named !== undefined && isMapping(tree)) {
    for (const [name, item] of Object.entries(tree)) yield* placesOf(named, item, [...path, name]);
  }
}

/**
 * Stands for any name where people give them. No key is spelled like that.
 */
export const ANY_NAME = "NAME";

/** The value in an example of `exampleOf` that `path` has its shape from. */
export function shapeAt(shape: unknown, path: Path): unknown {
  let at = shape;
  for (const part of path) at = getAt(at, [typeof part === "number" ? 0 : isByName(at) ? ANY_NAME : part]);
  return at;
}

/** Whether something of that shape is a mapping by name. */
export function isByName(shape: unknown): boolean {
  return isMapping(shape) && Object.hasOwn(shape, ANY_NAME);
}

/**
 * The least that has every mapping, and one element of every list of mappings and of every mapping
 * by name; with `optional`, also those that may be absent. Undefined for a plain value.
 */
export function exampleOf(schema: z.core.$ZodType, optional: boolean): unknown {
  const { shape, element, named } = inside(schema);
  if (named !== undefined) return { [ANY_NAME]: exampleOf(named, optional) };
  if (element !== undefined) {
    const item = exampleOf(element, optional);
    return item === undefined ? undefined : [item];
  }
  if (shape === undefined) return undefined;
  const wanted = Object.entries(shape).filter(([, below]) => optional || typeOf(below) !== "optional");
  const entries = wanted.map(([key, below]) => [key, exampleOf(below, optional)] as const);
  return Object.fromEntries(entries.filter(([, example]) => example !== undefined));
}

/** Whether a section is a list. */
export function isList(schema: z.core.$ZodType): boolean {
  return inside(schema).element !== undefined;
}

/** A tree that `schema` encoded, with "" for each plain key that may be absent and is. */
export function withOptional(schema: z.core.$ZodType, tree: unknown): unknown {
  const { shape, element, named } = inside(schema);
  if (element !== undefined && Array.isArray(tree)) return tree.map((item) => withOptional(element, item));
  if (!isMapping(tree)) return tree;
  if (named !== undefined) {
    return Object.fromEntries(Object.entries(tree).map(([name, item]) => [name, withOptional(named, item)]));
  }
  if (shape === undefined) return tree;
  return Object.fromEntries(
    Object.entries(shape).map(([key, below]) => [key, Object.hasOwn(tree, key) ? withOptional(below, tree[key]) : ""]),
  );
}

/** What is in a schema, behind defaults and renaming: keys, elements, or a value of a kind. */
interface Inside {
  readonly shape?: z.core.$ZodShape;
  readonly element?: z.core.$ZodType;
  /** What stands behind each name. */
  readonly named?: z.core.$ZodType;
  readonly kind?: Kind;
}

function inside(schema: z.core.$ZodType): Inside {
  const kind = kindOf(schema);
  if (kind !== undefined) return { kind };
  const { def } = (schema as z.core.$ZodTypes)._zod;
  switch (def.type) {
    case "default":
    case "prefault":
    case "optional":
      return inside(def.innerType);
    case "object":
      return { shape: def.shape };
    case "array":
      return { element: def.element };
    case "record":
      return { named: def.valueType };
    case "pipe": {
      // One side of a codec may say nothing of what is in it.
      const written = inside(def.in);
      return Object.keys(written).length === 0 ? inside(def.out) : written;
    }
    default:
      return {};
  }
}

function typeOf(schema: z.core.$ZodType): string {
  return schema._zod.def.type;
}
