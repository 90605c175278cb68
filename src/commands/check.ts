/**
 * `check`: is this configuration good, and what does it amount to?
 * @module
 */

import { FileError } from "../net/read_file.ts";
import { type Loaded, type Read, readWholeConfig, SECTIONS } from "../host/config.ts";
import { formatAddress } from "../ops/config/address.ts";
import { configFileName, plainConfig, printConfig, type Report, reportJson, told } from "../ops/config/mod.ts";
import { defineCommand, EXIT, UsageError } from "./cli/command.ts";
import { unresolvedHosts } from "../host/host_names.ts";
import { print, printError } from "./cli/terminal.ts";
import { tlsFileErrors } from "../host/tls_files.ts";

/** Validates a configuration file. */
export default defineCommand({
  name: "check",
  summary: "validate a configuration file",
  arguments: "-c FILE|- [--print] [--resolve] [--json]",
  description: `
Prints "FILE: ok" and what it configures. Every error is one line on stderr, with its place in the file, and the exit
code is then 2; warnings are lines on stderr too and change nothing. Without -c, the file is the one that DIAM_GW_CONFIG
names; "-" is standard input.

--json writes one object: file, ok, errors, warnings and, with --print, config. Each error and warning has key, line,
column, severity and message; line and column are null for what does not stand in the file.`,
  flags: {
    config: {
      kind: "string",
      short: "c",
      once: true,
      placeholder: "FILE",
      help: 'the configuration file; "-" is standard input',
    },
    print: { kind: "boolean", help: "show the effective configuration, with every default, as YAML" },
    resolve: { kind: "boolean", help: "ask for the addresses of the DRAs, too: an error for a name that nobody knows" },
    json: { kind: "boolean", help: "the result as JSON; with --print, the effective configuration in it" },
  },
  examples: [
    ["check -c diam-gw.yaml", "is it good?"],
    ["check -c diam-gw.yaml --print", "what does it amount to, with every default?"],
    ["check -c diam-gw.yaml --json", "the same for a script: ok, errors, warnings"],
    ["check -c - --resolve < diam-gw.yaml", "a file that comes from elsewhere, and the names in it"],
  ],
  async run({ config: flag, print: whole, json, resolve }) {
    const file = configFileName(flag);
    if (file === undefined) throw new UsageError(["--config: missing; give -c FILE, or set DIAM_GW_CONFIG"], "check");
    if (!json) {
      const loaded = await readWholeConfig(file);
      const { errors, warnings } = told(loaded.source, await everything(loaded, resolve));
      for (const line of [...errors, ...warnings]) printError(line);
      if (!loaded.ok || errors.length > 0) return EXIT.usage;
      print(whole ? printConfig(SECTIONS, loaded.config) : summarise(loaded));
      return EXIT.done;
    }
    const loaded = await readWholeConfig(file).catch(unreadable);
    const reports = "ok" in loaded ? await everything(loaded, resolve) : loaded;
    const of = (severity: Report["severity"]) =>
      reports.filter((report) => report.severity === severity).map(reportJson);
    const [errors, warnings] = [of("error"), of("warning")];
    const ok = errors.length === 0;
    const config = whole && "ok" in loaded && loaded.ok ? { config: plainConfig(SECTIONS, loaded.config) } : {};
    print(JSON.stringify({ file, ok, errors, warnings, ...config }, undefined, 2));
    return ok ? EXIT.done : EXIT.usage;
  },
});

/** What the configuration says of itself, and what the files and names in it come to. */
async function everything(loaded: Read, resolve: boolean): Promise<readonly Report[]> {
  if (!loaded.ok) return loaded.reports;
  const beyond = [...await tlsFileErrors(loaded), ...(resolve ? await unresolvedHosts(loaded) : [])];
  return [...loaded.reports, ...await loaded.located(beyond)];
}

/** A file that is not there is one error of a file without keys. */
function unreadable(error: unknown): readonly Report[] {
  if (!(error instanceof FileError)) throw error;
  return [{ severity: "error", source: error.file, path: [], message: error.message }];
}

function summarise({ source, config: { gateway, server, dra_pool } }: Loaded): string {
  const dras = dra_pool.dras.toSorted((a, b) => a.priority - b.priority).map((dra) =>
    `  DRA ${dra.name}: ${formatAddress(dra.host, dra.port)}, priority ${dra.priority}, weight ${dra.weight}`
  );
  return [
    `${source}: ok`,
    `  ${gateway.originHost} in ${gateway.originRealm}, mode ${gateway.mode}`,
    `  listens on ${server.listen.map(({ hostname, port }) => formatAddress(hostname, port)).join(", ")}`,
    ...(dras.length === 0 ? ["  no DRA"] : dras),
  ].join("\n");
}
