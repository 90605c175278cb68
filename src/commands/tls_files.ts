/**
 * The files that a configuration names: can they be used?
 * @module
 */
import { readPem } from "../net/pem.ts";
import type { LoadedConfig } from "../ops/config/mod.ts";

/** One line for each certificate or key that cannot be read, in the form of a configuration error. */
export async function tlsFileErrors({ config, source }: LoadedConfig): Promise<string[]> {
  const named: [string, string][] = [];
  const { tls } = config.server;
  if (tls !== null) {
    named.push(["server.tls.cert", tls.cert], ["server.tls.key", tls.key], ["server.tls.client_ca", tls.client_ca]);
  }
  config.dra_pool.dras.forEach((dra, i) => {
    if (dra.tls === null) return;
    const path = `dra_pool.dras[${i}].tls`;
    named.push([`${path}.ca`, dra.tls.ca], [`${path}.cert`, dra.tls.cert], [`${path}.key`, dra.tls.key]);
  });
  const errors: string[] = [];
  for (const [path, file] of named) {
    if (file === "") continue;
    try {
      await readPem(file);
    } catch (error) {
      errors.push(`${source}: ${path}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return errors;
}
