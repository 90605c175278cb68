/**
 * The one place where configuration meets the file system and the environment.
 * @module
 */

import { readTextFile } from "../../net/read_file.ts";
import { loadConfig, type LoadedConfig, type Override, type RejectedConfig, told } from "./load.ts";
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
 * @throws {FileError} when the file cannot be read
 */
export async function readConfig<const S extends Sections>(
  sections: S,
  file: string | undefined,
  overrides: readonly Override[] = [],
): Promise<ReadConfig<ConfigOf<S>>> {
  const { source, text } = await readSource(file);
  const environment = (name: string) => Deno.env.get(name);
  const loaded = loadConfig(sections, { file: source, text, environment, overrides });
  const located = (reports: readonly Report[]) => withPositions(text, reports);
  return { ...loaded, ...told(source, await located(loaded.reports)), located };
}

/** A configuration as it was read. */
export type ReadConfig<C> = (LoadedConfig<C> | RejectedConfig) & {
  /** More reports on the same text, with their places. */
  located(reports: readonly Report[]): Promise<readonly Report[]>;
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
