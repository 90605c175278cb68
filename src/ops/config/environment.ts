/**
 * `${VAR}` and `${VAR:-default}` in the strings of a configuration, so that secrets stay out of
 * files.
 * @module
 */

import { isMapping, type Path } from "./path.ts";

/** Looks a variable up; undefined when it is not set. */
export type Environment = (name: string) => string | undefined;

/** What could not be substituted, and where. */
export interface SubstitutionProblem {
  readonly path: Path;
  readonly message: string;
}

/**
 * A copy of `tree` with the variables of every string value replaced; keys and comments are left
 * alone. `$${` stands for `${`. As in a shell, `:-` also applies when the variable is set and
 * empty.
 */
export function substitute(
  tree: unknown,
  environment: Environment,
): { tree: unknown; problems: SubstitutionProblem[] } {
  const problems: SubstitutionProblem[] = [];
  const visit = (value: unknown, path: Path): unknown => {
    if (Array.isArray(value)) return value.map((item, i) => visit(item, [...path, i]));
    if (isMapping(value)) {
      return Object.fromEntries(Object.entries(value).map(([key, below]) => [key, visit(below, [...path, key])]));
    }
    if (typeof value !== "string") return value;
    return expand(value, environment, (message) => problems.push({ path, message }));
  };
  return { tree: visit(tree, []), problems };
}

/** The text as it has to stand in a file, so that nothing in it is taken for a variable. */
export function escapeVariables(text: string): string {
  return text.replaceAll("${", () => "$${");
}

function expand(text: string, environment: Environment, reject: (message: string) => void): string {
  return text.replace(/\$\$\{|\$\{([^}]*)\}|\$\{/g, (found, inside: string | undefined) => {
    if (found === "$${") return "${";
    const [, name, fallback] = /^([A-Za-z_]\w*)(?::-(.*))?$/s.exec(inside ?? "") ?? [];
    if (name === undefined) {
      reject(
        `expected \${VARIABLE} or \${VARIABLE:-default}, got ${JSON.stringify(found)}; write $\${ for a plain \${`,
      );
      return "";
    }
    const value = environment(name);
    if (fallback !== undefined) return value || fallback;
    if (value === undefined) {
      reject(`environment variable ${name} is not set, and \${${name}} has no default (\${${name}:-...})`);
    }
    return value ?? "";
  });
}
