// Types of the one call in use; the npm package carries none.
/** What `parseArgs` accepts: the subset of options this program uses. */
export interface ParseOptions {
  /** Flags that take no value. */
  readonly boolean?: readonly string[];
  /** Flags that take a value, kept as a string. */
  readonly string?: readonly string[];
  /** Flags that may be given more than once: their value is an array. */
  readonly collect?: readonly string[];
  readonly alias?: Readonly<Record<string, string | readonly string[]>>;
  readonly default?: Readonly<Record<string, unknown>>;
  /** Stop at the first positional argument and leave the rest in `_`. */
  readonly stopEarly?: boolean;
  readonly "--"?: boolean;
  readonly negatable?: readonly string[];
  /** Called for every argument that no option names; return false to leave it out of the result. */
  readonly unknown?: (arg: string, key?: string, value?: unknown) => unknown;
}
/** Parsed flags by name; positional arguments in `_`. */
export function parseArgs(
  args: readonly string[],
  options?: ParseOptions,
): { _: (string | number)[] } & Record<string, unknown>;
