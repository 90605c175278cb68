/**
 * The host names in a configuration: does anybody know them?
 * @module
 */
import { lookup } from "node:dns/promises";
import { isHost, parseAddress } from "../ops/config/address.ts";
import { type Report, valuesOfKind } from "../ops/config/mod.ts";
import type { Loaded } from "./config.ts";

/** An error for each host that we connect to and the system's resolver does not know. */
export async function unresolvedHosts({ config, source, layout }: Loaded): Promise<Report[]> {
  const hosts = valuesOfKind(layout.sections, config, "dialled").map(({ path, value }) => ({
    path,
    value: hostOf(value),
  }));
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

/** The host of what is dialled: a URL, `HOST:PORT`, or the host alone. */
function hostOf(value: string): string {
  if (isHost(value)) return value;
  const url = value.includes("://") ? URL.parse(value) : null;
  return url === null ? parseAddress(value, { otherwise: 0 }).hostname : url.hostname.replace(/^\[(.*)\]$/, "$1");
}

const REASONS: Readonly<Record<string, string>> = {
  ENOTFOUND: "there is no such name",
  EAI_AGAIN: "no name server answers",
};

function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return REASONS[String((error as Error & { code?: unknown }).code)] ?? error.message;
}
