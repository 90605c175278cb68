/**
 * The one place where configuration meets the file system and the environment.
 * @module
 */

import { FileError, readTextFile } from "../../net/read_file.ts";
import { loadConfig, type LoadedConfig, type Override, type RejectedConfig } from "./load.ts";

/** The variable that names the file when no flag does. */
export const FILE_VARIABLE = "DIAM_GW_CONFIG";

/** Stands in errors where there is no file to name. */
export const NO_FILE = "defaults";

/** The name of the file to read: `flag`, else what the environment names, else undefined. */
export function configFileName(flag?: string): string | undefined {
  return flag ?? (Deno.env.get(FILE_VARIABLE) || undefined);
}

/** Reads `file` (without one: the defaults), the environment and `overrides`. A file that cannot be read is an error like any other. */
export async function readConfig(
  file: string | undefined,
  overrides: readonly Override[] = [],
): Promise<LoadedConfig | RejectedConfig> {
  const environment = (name: string) => Deno.env.get(name);
  if (file === undefined) return loadConfig({ file: NO_FILE, text: "", environment, overrides });
  try {
    return loadConfig({ file, text: await readTextFile(file), environment, overrides });
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    return { ok: false, errors: [error.message], warnings: [], source: file };
  }
}
