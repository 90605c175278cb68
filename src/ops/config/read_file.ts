/**
 * The one place where configuration meets the file system and the environment.
 * @module
 */

import { readTextFile } from "../../net/read_file.ts";
import { type Layout, pathInFile } from "./layout.ts";
import { type LoadedConfig, loadTree, type Override, readTree, type RejectedConfig, told } from "./load.ts";
import { isMapping, type Mapping } from "./path.ts";
import type { Report } from "./report.ts";
import type { ConfigOf, Sections } from "./section.ts";

/** The variable that names the file when no flag does. */
export const FILE_VARIABLE = "DIAM_GW_CONFIG";

/** Stands in errors where there is no file to name. */
export const NO_FILE = "defaults";

/** Names standard input on a command line, and in errors. */
const STANDARD_INPUT = { name: "-", source: "standard input" } as const;

/** The name of the file to read: `flag`, else what the environment names, else undefined. */
export function configFileName(flag?: string): string | undefined {
  return flag ?? (Deno.env.get(FILE_VARIABLE) || undefined);
}

/**
 * Reads `file` ("-" is standard input; without one: the defaults), the environment and `overrides`.
 * What there is to report has its place in the file.
 * @param choose how the file is read, by the keys at its top
 * @throws {FileError} when the file cannot be read
 */
export async function readConfig<S extends Sections, L extends Layout<S>>(
  choose: (tree: Mapping) => Promise<L>,
  file: string | undefined,
  overrides: readonly Override[] = [],
): Promise<ReadConfig<ConfigOf<L["sections"]>, L>> {
  const { source, text } = await readSource(file);
  const yaml = readTree(text);
  const layout = await choose(isMapping(yaml.tree) ? yaml.tree : {});
  const environment = (name: string) => Deno.env.get(name);
  const loaded = loadTree(layout, yaml, { file: source, environment, overrides });
  const located = (reports: readonly Report[]) =>
    withPositions(text, reports.map((report) => ({ ...report, path: pathInFile(layout, report.path) })));
  return { ...loaded, ...told(source, await withPositions(text, loaded.reports)), located, layout };
}

/** A configuration as it was read. */
export type ReadConfig<C, L extends Layout = Layout> = (LoadedConfig<C> | RejectedConfig) & {
  /** More reports on the same text, with their places. */
  located(reports: readonly Report[]): Promise<readonly Report[]>;
  readonly layout: L;
};

async function readSource(file: string | undefined): Promise<{ source: string; text: string }> {
  if (file === undefined) return { source: NO_FILE, text: "" };
  if (file !== STANDARD_INPUT.name) return { source: file, text: await readTextFile(file) };
  const text = await new Response(Deno.stdin.readable).text();
  return { source: STANDARD_INPUT.source, text: text.replace(/^\uFEFF/, "") };
}

async function withPositions(text: string, reports: readonly Report[]): Promise<readonly Report[]> {
  if (text === "" || reports.length === 0) return reports;
  const { locate } = await import("./positions.ts");
  return locate(text, reports);
}
