/**
 * Mappings and lists of a configuration. A mapping is spelled in snake case in the file and in
 * camel case in the code; here is the one place that turns one into the other.
 * @module
 */
import * as z from "zod";
import { describe } from "./leaves.ts";
import { isMapping, type Mapping } from "./path.ts";

/** `max_in_flight` as the code spells it: `maxInFlight`. */
export type CamelCase<K> = K extends `${infer A}_${infer B}` ? `${A}${Capitalize<CamelCase<B>>}` : K;

/** Keys, and what the code calls them where that is not {@link CamelCase}. */
type Names = Readonly<Record<string, string>>;

type Output<S extends z.core.$ZodShape> = z.output<z.ZodObject<S, z.core.$strict>>;

/** What a mapping of the keys `S` is decoded to. */
export type Decoded<S extends z.core.$ZodShape, N extends Names> = {
  readonly [K in keyof Output<S> as K extends keyof N ? N[K] : CamelCase<K>]: Output<S>[K];
};

/**
 * A mapping with fixed keys; which ones are wrong is worded where the errors are collected.
 *
 * ```ts
 * import { duration } from "./leaves.ts";
 * import { section } from "./mapping.ts";
 *
 * const schema = section({ first_wait: duration() }, { firstWait: 5_000 });
 * console.log(schema.parse({ first_wait: "250ms" })); // { firstWait: 250 }
 * console.log(schema.parse({})); // { firstWait: 5000 }
 * ```
 * @param shape each key as the file spells it
 * @param defaults by the names of the code; a key that may be absent is an `exactOptional` of the
 * shape and has none
 * @param names what the code calls a key where that is not the same in camel case
 */
export function section<S extends z.core.$ZodShape, const N extends Names = Record<never, never>>(
  shape: S,
  defaults: NoInfer<Decoded<S, N>>,
  names?: N,
): z.ZodType<Decoded<S, N>> {
  const keys = Object.keys(shape).map((key) => [key, names?.[key] ?? camelCase(key)] as const);
  const back = keys.map(([key, name]) => [name, key] as const);
  const values = defaults as Readonly<Record<string, unknown>>;
  const filled = keys.map(([key, name]) => {
    const schema = shape[key] as z.ZodType;
    return [key, Object.hasOwn(values, name) ? schema.default(values[name]) : schema];
  });
  const written = z.strictObject(Object.fromEntries(filled) as Record<string, z.ZodType>, {
    error: (issue) =>
      issue.code === "unrecognized_keys"
        ? "unknown key"
        : `expected a mapping of ${Object.keys(shape).slice(0, 3).join(", ")} ..., got ${describe(issue.input)}`,
  });
  return z.codec(written, z.custom<Decoded<S, N>>(), {
    decode: (mapping) => renamed(mapping, keys) as Decoded<S, N>,
    // Asked for a key that may be absent, too: then what comes back must be nothing.
    encode: (options: unknown) => isMapping(options) ? renamed(options, back) : options as Mapping,
  });
}

/** A list of `element`. */
export function list<E extends z.ZodType>(element: E, example: string): z.ZodType<readonly z.output<E>[]> {
  return z.array(element, { error: (issue) => `expected a list such as ${example}, got ${describe(issue.input)}` });
}

/**
 * A mapping whose keys are names that people give: `{NAME: element, ...}`. Names are kept as they
 * are; whether one may be given is for a check to say.
 */
export function byName<E extends z.ZodType>(
  element: E,
  example: string,
): z.ZodType<Readonly<Record<string, z.output<E>>>> {
  return z.record(z.string(), element, {
    error: (issue) => `expected a mapping of names such as ${example}, got ${describe(issue.input)}`,
  });
}

function camelCase(key: string): string {
  return key.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
}

/** The values of `names`, in that order, under their other names. */
function renamed(mapping: Mapping, names: readonly (readonly [from: string, to: string])[]): Mapping {
  return Object.fromEntries(
    names.filter(([from]) => Object.hasOwn(mapping, from)).map(([from, to]) => [to, mapping[from]]),
  );
}
