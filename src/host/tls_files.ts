/**
 * The files that a configuration names: can they be used?
 * @module
 */
import { readPem } from "../net/pem.ts";
import { type Report, valuesOfKind } from "../ops/config/mod.ts";
import type { Loaded } from "./config.ts";

/** An error for each certificate or key that cannot be read. */
export async function tlsFileErrors({ config, source, layout }: Loaded): Promise<Report[]> {
  const errors: Report[] = [];
  for (const { path, value } of valuesOfKind(layout.sections, config, "pem")) {
    try {
      await readPem(value);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      errors.push({ severity: "error", source, path, message });
    }
  }
  return errors;
}
