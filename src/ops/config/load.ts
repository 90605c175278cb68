/**
 * From the text of a file (and what flags say) to the effective configuration, or to every reason why not. Does no I/O.
 * @module
 */

import type { Config } from "./config.ts";
import { crossCheck } from "./cross_checks.ts";
import { type Environment, substitute } from "./environment.ts";
import { describe } from "./leaves.ts";
import { copyTree, formatPath, getAt, isMapping, type Mapping, type Path, removeAt, setAt } from "./path.ts";
import { type Problem, problemsOf, shapePath } from "./problems.ts";
import { type Report, reportLine } from "./report.ts";
import { configSchema, SHAPE } from "./schema.ts";
import { isAvailable, unavailableInUse } from "./unavailable.ts";
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
export interface LoadedConfig extends Told {
  readonly ok: true;
  readonly config: Config;
  /** Whether the file or a flag sets the key: `isSet("logging.format")`. */
  isSet(path: string): boolean;
}

/** A configuration that cannot. */
export interface RejectedConfig extends Told {
  readonly ok: false;
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
 * import { loadConfig } from "./load.ts";
 *
 * const loaded = loadConfig({ file: "gw.yaml", text: "gateway: {request_timeout: 5s}" });
 * if (loaded.ok) console.log(loaded.config.gateway.request_timeout); // 5000
 * else console.error(loaded.errors.join("\n"));
 * ```
 */
export function loadConfig(source: ConfigSource): LoadedConfig | RejectedConfig {
  const { file, overrides = [] } = source;
  const yaml = readTree(source.text);
  if ("message" in yaml) {
    return { ok: false, ...told(file, [{ severity: "error", source: file, path: [], ...yaml }]) };
  }

  const substituted = substitute(yaml.tree, source.environment ?? (() => undefined));
  const tree = withoutEmptySections(substituted.tree) as Mapping;
  for (const { path, value } of overrides) setAt(tree, path, copyTree(value));
  nameDras(tree);
  const isSet = (path: Path) => getAt(tree, path) !== undefined;

  const problems: Problem[] = [...substituted.problems];
  const config = decode(tree, problems);
  const warnings: Problem[] = [];
  if (config !== undefined) {
    for (const { path, message } of unavailableInUse(config, defaultAt)) {
      problems.push({ path: asWritten(tree, path), message });
    }
    const wrong = problems.map(({ path }) => path);
    for (const finding of crossCheck(settle(config, isSet), isSet)) {
      const involved = [finding.path, ...(finding.with ?? [])];
      if (!isAvailable(finding.path) || involved.some((path) => wrong.some((other) => overlaps(path, other)))) continue;
      const { message } = finding;
      (finding.warning ? warnings : problems).push({ path: asWritten(tree, finding.path), message });
    }
  }

  const report = (severity: Report["severity"]) => ({ path, message }: Problem): Report => {
    const flag = overrides.findLast((override) => overlaps(path, override.path) && path.length >= override.path.length)
      ?.flag;
    return { severity, source: file, ...(flag === undefined ? {} : { flag }), path, message };
  };
  const all = told(file, [...problems.map(report("error")), ...warnings.map(report("warning"))]);
  if (problems.length > 0 || config === undefined) return { ok: false, ...all };
  return { ok: true, config: settle(config, isSet), ...all, isSet: (path) => isSet(path.split(".")) };
}

function readTree(text: string): { tree: unknown } | { message: string; line?: number; column?: number } {
  try {
    const tree = parseYaml(text) ?? {};
    if (isMapping(tree)) return { tree };
    return { message: `expected a mapping of ${Object.keys(Object(SHAPE)).join(", ")}, got ${describe(tree)}` };
  } catch (error) {
    if (!(error instanceof YamlError)) throw error;
    const { message, line, column } = error;
    return line === undefined || column === undefined ? { message } : { message, line, column };
  }
}

/** `server:` with every key below it commented out is a section without keys, not a value that is missing. */
function withoutEmptySections(tree: unknown, path: Path = []): unknown {
  if (Array.isArray(tree)) return tree.map((item, i) => withoutEmptySections(item, [...path, i]));
  if (!isMapping(tree)) return tree;
  const kept = Object.entries(tree).filter(([key, value]) =>
    value !== null || typeof getAt(SHAPE, shapePath([...path, key])) !== "object"
  );
  return Object.fromEntries(kept.map(([key, value]) => [key, withoutEmptySections(value, [...path, key])]));
}

/** A DRA without a name is called by its place: dra-1, dra-2, ... */
function nameDras(tree: Mapping): void {
  const dras = getAt(tree, ["dra_pool", "dras"]);
  if (!Array.isArray(dras)) return;
  dras.forEach((dra: unknown, i) => {
    if (isMapping(dra)) dra["name"] ??= `dra-${i + 1}`;
  });
}

/**
 * Decodes, adding what is wrong to `problems`. Wrong values are then replaced by their defaults, so that the checks
 * which need a whole configuration can still find what else is wrong.
 */
function decode(tree: Mapping, problems: Problem[]): Config | undefined {
  const first = configSchema.safeParse(tree);
  if (first.success) return first.data;
  const found = problemsOf(first.error);
  // What could not be substituted is "" now, and has been complained about already.
  problems.push(...found.filter(({ path }) => !problems.some((known) => formatPath(known.path) === formatPath(path))));
  const repaired = copyTree(tree) as Mapping;
  for (const { path } of found) removeAt(repaired, repairable(path));
  nameDras(repaired);
  const second = configSchema.safeParse(repaired);
  return second.success ? second.data : undefined;
}

/** A list of mappings does without one of them; a list of plain values is dropped as a whole. */
function repairable(path: Path): Path {
  const inList = typeof path.at(-1) === "number";
  return inList && !isMapping(getAt(SHAPE, shapePath(path))) ? path.slice(0, -1) : path;
}

const OPTIONAL_ABSENT: Config = configSchema.parse({ dra_pool: { dras: [{}] } });

function defaultAt(path: Path): unknown {
  return getAt(OPTIONAL_ABSENT, shapePath(path));
}

/** The default jitter of 2s suits the default interval of 30s; an interval that is shorter than that gets a fifth of it. */
function settle(config: Config, isSet: (path: Path) => boolean): Config {
  const jitter = (side: "server" | "dra_pool") => {
    const { watchdog_interval, watchdog_jitter } = config[side];
    const fits = watchdog_jitter < watchdog_interval || isSet([side, "watchdog_jitter"]);
    return { watchdog_jitter: fits ? watchdog_jitter : Math.floor(watchdog_interval / 5) };
  };
  return {
    ...config,
    server: { ...config.server, ...jitter("server") },
    dra_pool: { ...config.dra_pool, ...jitter("dra_pool") },
  };
}

/** `server.listen[0]` is what the user wrote only if the user wrote a list. */
function asWritten(tree: Mapping, path: Path): Path {
  const parent = path.slice(0, -1);
  return typeof path.at(-1) === "number" && !Array.isArray(getAt(tree, parent)) ? parent : path;
}

/** Whether one path lies at or below the other. */
function overlaps(a: Path, b: Path): boolean {
  return a.every((part, i) => i >= b.length || part === b[i]);
}
