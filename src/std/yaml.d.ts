// Types of the two calls in use; the npm package carries none.
/** Parses one YAML document; throws a SyntaxError that names line and column. */
export function parse(
  content: string,
  options?: { readonly schema?: "failsafe" | "json" | "core" | "default" },
): unknown;
/** Writes a value as YAML. */
export function stringify(
  data: unknown,
  options?: { readonly indent?: number; readonly lineWidth?: number; readonly skipInvalid?: boolean },
): string;
