/**
 * The files that a configuration names: can they be used?
 * @module
 */
import { readPem } from "../net/pem.ts";
import type { LoadedConfig, Report } from "../ops/config/mod.ts";

/** An error for each certificate or key that cannot be read. */
export async function tlsFileErrors({ config, source }: LoadedConfig): Promise<Report[]> {
  const named: [path: Report["path"], file: string][] = [];
  const { tls } = config.server;
  if (tls !== null) {
    const path = ["server", "tls"];
    named.push([[...path, "cert"], tls.cert], [[...path, "key"], tls.key], [[...path, "client_ca"], tls.client_ca]);
  }
  config.dra_pool.dras.forEach(({ tls }, i) => {
    if (tls === null) return;
    const path = ["dra_pool", "dras", i, "tls"];
    named.push([[...path, "ca"], tls.ca], [[...path, "cert"], tls.cert], [[...path, "key"], tls.key]);
  });
  const errors: Report[] = [];
  for (const [path, file] of named) {
    if (file === "") continue;
    try {
      await readPem(file);
    } catch (error) {
      errors.push({
        severity: "error",
        source,
        path,
        message: error instanceof Error ? error.message : String(error),
      });
    }
  }
  return errors;
}
