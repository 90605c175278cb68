/**
 * The host names in a configuration: does anybody know them?
 * @module
 */
import { lookup } from "node:dns/promises";
import type { LoadedConfig, Report } from "../ops/config/mod.ts";

/** An error for each DRA whose host the system's resolver does not know. */
export async function unresolvedHosts({ config, source }: LoadedConfig): Promise<Report[]> {
  const findings = await Promise.all(config.dra_pool.dras.map(async ({ host }, i): Promise<Report[]> => {
    try {
      await lookup(host);
      return [];
    } catch (error) {
      const message = `${JSON.stringify(host)} does not resolve: ${reason(error)}`;
      return [{ severity: "error", source, path: ["dra_pool", "dras", i, "host"], message }];
    }
  }));
  return findings.flat();
}

const REASONS: Readonly<Record<string, string>> = {
  ENOTFOUND: "there is no such name",
  EAI_AGAIN: "no name server answers",
};

function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return REASONS[String((error as Error & { code?: unknown }).code)] ?? error.message;
}
