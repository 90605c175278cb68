/**
 * The one place where configuration meets the file system and the environment.
 * @module
 */

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
    const text = (await Deno.readTextFile(file)).replace(/^\uFEFF/, "");
    return loadConfig({ file, text, environment, overrides });
  } catch (error) {
    return {
      ok: false,
      errors: [`${file}: cannot read the configuration: ${reason(error)}`],
      warnings: [],
      source: file,
    };
  }
}

function reason(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "no such file";
  if (error instanceof Deno.errors.PermissionDenied) return "permission denied";
  if (error instanceof Deno.errors.IsADirectory) return "it is a directory";
  return error instanceof Error ? error.message : String(error);
}
