/**
 * The host names in a configuration: does anybody know them?
 * @module
 */
import { lookup } from "node:dns/promises";
import { type Report, valuesOfKind } from "../ops/config/mod.ts";
import { type Loaded, SECTIONS } from "./config.ts";

/** An error for each host that we connect to and the system's resolver does not know. */
export async function unresolvedHosts({ config, source }: Loaded): Promise<Report[]> {
  const hosts = valuesOfKind(SECTIONS, config, "dialled");
  const findings = await Promise.all(hosts.map(async ({ path, value }): Promise<Report[]> => {
    try {
      await lookup(value);
      return [];
    } catch (error) {
      const message = `${JSON.stringify(value)} does not resolve: ${reason(error)}`;
      return [{ severity: "error", source, path, message }];
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
