/**
 * What a plane, or the process, brings to the configuration: one key at the top of the file, and
 * all that is to be known of what stands below it.
 * @module
 */
import type * as z from "zod";
import type { Path } from "./path.ts";

/** Whether the file or a flag sets the key at a path. */
export type IsSet = (path: Path) => boolean;

/**
 * One thing to say. `with` are the other keys it follows from: if one of them is wrong itself, this
 * is not said.
 */
export interface Finding {
  /** From the top of the file, spelled as there. */
  readonly path: Path;
  readonly message: string;
  readonly warning?: true;
  readonly with?: readonly Path[];
}

/**
 * A key at the top of the file. Paths in it are spelled as in the file and begin below `key`; `[]`
 * stands for any element of a list.
 *
 * Every key below needs a default that its kind takes, also where a person must set it (`""`, and a
 * check that says what is missing): so everything that is wrong can be found at once.
 * @typeParam T what the section is decoded to
 * @typeParam W what `check` must be given: a configuration with the other sections that it looks at
 */
export interface Section<K extends string = string, T = unknown, W = never> {
  readonly key: K;
  /** Decodes to the options of the code, and encodes to what a person writes; see `section()`. */
  readonly schema: z.ZodType<T>;
  /** What no single key can know. */
  check?(whole: W, isSet: IsSet): Iterable<Finding>;
  /** Defaults that depend on other keys. */
  settle?(value: T, isSet: IsSet): T;
  /** The key by which the elements of a list are told apart: `dras` by `name`. */
  readonly named?: Readonly<Record<string, string>>;
  /** Keys that a reload cannot change. All others take effect at once. */
  readonly restart?: readonly string[];
  /**
   * Keys that have a name and a meaning, and no effect yet (`""` is the section as a whole), and
   * what to do instead. Setting one is an error, so that nobody relies on it. A key comes into
   * force by losing its line here.
   */
  readonly unavailable?: Readonly<Record<string, string>>;
}

/** Any section; what its check is given must come from a configuration with its companions. */
export type Sections = readonly Section[];

/** The effective configuration that `sections` amount to: each decoded, by its key. */
export type ConfigOf<S extends Sections> = {
  readonly [E in S[number] as E["key"]]: E extends { readonly schema: z.ZodType<infer T> } ? T : never;
};
