/**
 * All sections as one schema, and what follows from it: which keys there are, and their defaults.
 * @module
 */
import * as z from "zod";
import type { Mapping } from "./path.ts";
import type { ConfigOf, Sections } from "./section.ts";
import { exampleOf, isList, withOptional } from "./walk.ts";

/** What is known of the keys of some sections. Trees in it are spelled as in a file. */
export interface Whole {
  /**
   * Decodes a YAML tree to the effective configuration, and encodes that to what a person writes.
   */
  readonly schema: z.ZodType<Mapping>;
  /** One of everything that is optional or repeated: the shape of the keys. */
  readonly shape: unknown;
  /** One of everything that is repeated, and nothing that is optional: what is there unasked. */
  readonly defaults: unknown;
}

/** Sections are constants, and asked for again and again. */
const known = new WeakMap<Sections, Whole>();

/** The sections as one. */
export function wholeOf(sections: Sections): Whole {
  const before = known.get(sections);
  if (before !== undefined) return before;
  const schema = z.strictObject(
    Object.fromEntries(sections.map(({ key, schema }) => [key, schema.prefault(isList(schema) ? [] : {})])),
    { error: "unknown key" },
  );
  const filled = (optional: boolean) => z.encode(schema, schema.parse(exampleOf(schema, optional)));
  const whole = { schema, shape: withOptional(schema, filled(true)), defaults: filled(false) };
  known.set(sections, whole);
  return whole;
}

/** The configuration as a person would write it: durations as `30s`. Secrets are in it. */
export function written(sections: Sections, config: object): Mapping {
  return z.encode(wholeOf(sections).schema, config as Mapping) as Mapping;
}

/** The configuration that an empty file gives. */
export function defaultConfig<const S extends Sections>(sections: S): ConfigOf<S> {
  return wholeOf(sections).schema.parse({}) as ConfigOf<S>;
}
