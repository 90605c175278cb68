/**
 * Kinds of parameters of a path or a query: text on the wire, checked and read by a schema that
 * also knows how to describe itself. Any other schema that reads a string will do as well; these
 * have errors for people.
 * @module
 */
import * as z from "zod";
import * as leaf from "../config/leaves.ts";

/** A JSON Schema of what is on the wire. */
export type JsonSchema = Readonly<Record<string, unknown>>;

const descriptions = z.registry<{ readonly wire: JsonSchema }>();

function described<S extends z.ZodType>(schema: S, wire: JsonSchema, description: string): S {
  descriptions.add(schema, { wire: { ...wire, description } });
  return schema;
}

/** A whole number. */
export function integer(least: number, most: number, description: string) {
  return described(leaf.integer(least, most), { type: "integer", minimum: least, maximum: most }, description);
}

/** `true` or `false`. */
export function flag(description: string) {
  return described(leaf.flag(), { type: "boolean" }, description);
}

/** A duration such as `60s`, read to ms. */
export function duration(description: string) {
  return described(leaf.duration(), { type: "string", examples: ["250ms", "60s", "10m"] }, description);
}

/** One of a few words. */
export function choice<const Words extends readonly string[]>(words: Words, description: string) {
  return described(leaf.choice(words), { type: "string", enum: words }, description);
}

/** Any text. */
export function text(description: string, pattern?: RegExp, what?: string) {
  const wire = { type: "string", ...(pattern === undefined ? {} : { pattern: pattern.source }) };
  return described(leaf.text(pattern, what), wire, description);
}

/** Whether a request may leave it out. */
export function isOptional(schema: z.ZodType): boolean {
  return schema.safeParse(undefined).success;
}

/** What stands on the wire for a parameter of this schema. */
export function wireSchema(schema: z.ZodType): JsonSchema {
  for (let inner: unknown = schema; inner instanceof z.ZodType;) {
    const known = descriptions.get(inner);
    if (known !== undefined) return known.wire;
    inner = (inner.def as { innerType?: unknown }).innerType;
  }
  const { $schema: _, ...wire } = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" });
  return wire;
}
