/**
 * From the text of a file (and what flags say) to the effective configuration, or to every reason
 * why not. Does no I/O.
 * @module
 */

import { type Environment, substitute } from "./environment.ts";
import { arranged, type Layout, pathInFile } from "./layout.ts";
import { describe } from "./leaves.ts";
import { copyTree, formatPath, getAt, isMapping, type Mapping, overlaps, type Path, removeAt, setAt } from "./path.ts";
import { problemsOf } from "./problems.ts";
import { type Problem, type Report, reportLine } from "./report.ts";
import type { ConfigOf, Finding, IsSet, Sections } from "./section.ts";
import { isAvailable, unavailableInUse } from "./unavailable.ts";
import { placesOf, shapeAt } from "./walk.ts";
import { wholeOf, written } from "./whole.ts";
import { parseYaml, YamlError } from "./yaml.ts";

/** A value that wins over the file, and the flag it came from, which errors then name. */
export interface Override {
  readonly path: Path;
  readonly value: unknown;
  readonly flag: string;
}

/** Where a configuration comes from. */
export interface ConfigSource {
  /** The name of the file as the user gave it; errors begin with it. */
  readonly file: string;
  /** The YAML text; "" is a configuration too: all defaults. */
  readonly text: string;
  readonly environment?: Environment;
  readonly overrides?: readonly Override[];
}

/** What there is to tell, in the order of telling: errors first. */
export interface Told {
  readonly source: string;
  readonly reports: readonly Report[];
  /** The errors among them, as complete lines for stderr. */
  readonly errors: readonly string[];
  /** The warnings likewise. */
  readonly warnings: readonly string[];
}

/** A configuration that can be run. */
export interface LoadedConfig<C> extends Told {
  readonly ok: true;
  readonly config: C;
  /** Whether the file or a flag sets the key: `isSet("logging.format")`. */
  isSet(path: string): boolean;
}

/** A configuration that cannot. */
export interface RejectedConfig extends Told {
  readonly ok: false;
  /** As with one that can be run; absent when there is no tree to look into. */
  isSet?(path: string): boolean;
}

/** The parts of a loaded or rejected configuration that follow from the reports. */
export function told(source: string, reports: readonly Report[]): Told {
  const of = (severity: Report["severity"]) => reports.filter((report) => report.severity === severity);
  const [errors, warnings] = [of("error"), of("warning")];
  return {
    source,
    reports: [...errors, ...warnings],
    errors: errors.map(reportLine),
    warnings: warnings.map(reportLine),
  };
}

/**
 * Reads a configuration.
 *
 * ```ts
 * import { duration } from "./leaves.ts";
 * import { loadConfig } from "./load.ts";
 * import { section } from "./mapping.ts";
 *
 * const oven = { key: "oven", schema: section({ baking_time: duration() }, { bakingTime: 60_000 }) } as const;
 * const loaded = loadConfig([oven], { file: "bakery.yaml", text: "oven: {baking_time: 40m}" });
 * if (loaded.ok) console.log(loaded.config.oven.bakingTime); // 2400000
 * else console.error(loaded.errors.join("\n"));
 * ```
 */
export function loadConfig<const S extends Sections>(
  sections: S,
  source: ConfigSource,
): LoadedConfig<ConfigOf<S>> | RejectedConfig {
  return loadTree({ sections }, readTree(source.text), source);
}

/** The same from a tree that was read already, and that somebody has looked at. */
export function loadTree<const S extends Sections>(
  layout: Layout<S>,
  yaml: ReadTree,
  source: Omit<ConfigSource, "text">,
): LoadedConfig<ConfigOf<S>> | RejectedConfig {
  const { file, overrides = [] } = source;
  const { sections } = layout;
  const { shape, defaults } = wholeOf(sections);
  if (!isMapping(yaml.tree)) {
    const keys = sections.map(({ key }) => key).join(", ");
    const { message = `expected a mapping of ${keys}, got ${describe(yaml.tree)}`, place = {} } = yaml;
    return { ok: false, ...told(file, [{ severity: "error", source: file, path: [], message, ...place }]) };
  }

  const substituted = substitute(arranged(layout, yaml.tree), source.environment ?? (() => undefined));
  const tree = withoutEmptySections(shape, substituted.tree) as Mapping;
  for (const { path, value } of overrides) setAt(tree, path, copyTree(value));
  const isSet: IsSet = (path) => getAt(tree, asWritten(tree, path)) !== undefined;

  const problems: Problem[] = [...substituted.problems];
  const decoded = decode(layout, tree, problems);
  const config = decoded === undefined ? undefined : settle(sections, decoded, isSet);
  const warnings: Problem[] = [];
  if (decoded !== undefined && config !== undefined) {
    const plain = written(sections, decoded);
    for (const { path, message } of unavailableInUse(sections, plain, (path) => shapeAt(defaults, path))) {
      problems.push({ path: asWritten(tree, path), message });
    }
    const wrong = problems.map(({ path }) => path);
    for (const { path, message, warning, with: others = [] } of findings(sections, config, plain, isSet)) {
      if (!isAvailable(sections, path)) continue;
      if ([path, ...others].some((path) => wrong.some((other) => overlaps(path, other)))) continue;
      (warning ? warnings : problems).push({ path: asWritten(tree, path), message });
    }
  }

  const report = (severity: Report["severity"]) => ({ path, message }: Problem): Report => {
    const flag = overrides.findLast((override) => overlaps(path, override.path) && path.length >= override.path.length)
      ?.flag;
    return { severity, source: file, ...(flag === undefined ? {} : { flag }), path: pathInFile(layout, path), message };
  };
  problems.unshift(...layout.problems ?? []);
  const all = told(file, [...problems.map(report("error")), ...warnings.map(report("warning"))]);
  const asked = { isSet: (path: string) => isSet(path.split(".")) };
  if (problems.length > 0 || config === undefined) return { ok: false, ...all, ...asked };
  return { ok: true, config: config as ConfigOf<S>, ...all, ...asked };
}

/** What a text is as YAML: a tree, or why not. */
export interface ReadTree {
  readonly tree?: unknown;
  readonly message?: string;
  readonly place?: { readonly line: number; readonly column: number };
}

/** Reads YAML; nothing is an empty mapping. */
export function readTree(text: string): ReadTree {
  try {
    return { tree: parseYaml(text) ?? {} };
  } catch (error) {
    if (!(error instanceof YamlError)) throw error;
    const { message, line, column } = error;
    return line === undefined || column === undefined ? { message } : { message, place: { line, column } };
  }
}

/**
 * `server:` with every key below it commented out is a section without keys, not a value that is
 * missing.
 */
function withoutEmptySections(shape: unknown, tree: unknown, path: Path = []): unknown {
  if (Array.isArray(tree)) return tree.map((item, i) => withoutEmptySections(shape, item, [...path, i]));
  if (!isMapping(tree)) return tree;
  const kept = Object.entries(tree).filter(([key, value]) =>
    value !== null || typeof shapeAt(shape, [...path, key]) !== "object"
  );
  return Object.fromEntries(kept.map(([key, value]) => [key, withoutEmptySections(shape, value, [...path, key])]));
}

/**
 * Decodes, adding what is wrong to `problems`. Wrong values are then replaced by their defaults, so
 * that the checks which need a whole configuration can still find what else is wrong.
 */
function decode(layout: Layout, tree: Mapping, problems: Problem[]): Mapping | undefined {
  const { schema, shape } = wholeOf(layout.sections);
  const first = schema.safeParse(tree);
  if (first.success) return first.data;
  const found = problemsOf(layout, first.error);
  // What could not be substituted is "" now, and has been complained about already.
  problems.push(...found.filter(({ path }) => !problems.some((known) => formatPath(known.path) === formatPath(path))));
  const repaired = copyTree(tree) as Mapping;
  for (const { path } of found) removeAt(repaired, repairable(shape, path));
  const second = schema.safeParse(repaired);
  return second.success ? second.data : undefined;
}

/** A list of mappings does without one of them; a list of plain values is dropped as a whole. */
function repairable(shape: unknown, path: Path): Path {
  const inList = typeof path.at(-1) === "number";
  return inList && !isMapping(shapeAt(shape, path)) ? path.slice(0, -1) : path;
}

function settle(sections: Sections, config: Mapping, isSet: IsSet): Mapping {
  return Object.fromEntries(
    sections.map((section) => {
      const value = config[section.key];
      return [section.key, section.settle === undefined ? value : section.settle(value, isSet)];
    }),
  );
}

/** What the sections say of the configuration; and no two of them can listen on one address. */
function* findings(sections: Sections, config: Mapping, plain: Mapping, isSet: IsSet): Generator<Finding> {
  // Which sections a check may look at is its own to say: see `W` of a section.
  for (const section of sections) yield* section.check?.(config as never, isSet) ?? [];
  const taken = new Set<unknown>();
  for (const { path, kind, value } of placesOf(wholeOf(sections).schema, plain)) {
    if (kind !== "listen" || value === "" || !isAvailable(sections, path)) continue;
    const anyPort = String(value).endsWith(":0");
    if (!anyPort && taken.has(value)) {
      const message = `${value} is listened on twice`;
      // Nobody asked for a default that is taken.
      yield isSet(path) ? { path, message } : { path, message, warning: true };
    }
    taken.add(value);
  }
}

/** `server.listen[0]` is what the user wrote only if the user wrote a list. */
function asWritten(tree: Mapping, path: Path): Path {
  const parent = path.slice(0, -1);
  return typeof path.at(-1) === "number" && !Array.isArray(getAt(tree, parent)) ? parent : path;
}
