/**
 * `check`: is this configuration good, and what does it amount to?
 * @module
 */

import { configFileName, type LoadedConfig, plainConfig, printConfig, readConfig } from "../ops/config/mod.ts";
import { defineCommand, EXIT, UsageError } from "./command.ts";
import { print, printError } from "./terminal.ts";
import { tlsFileErrors } from "./tls_files.ts";

/** Validates a configuration file. */
export default defineCommand({
  name: "check",
  summary: "validate a configuration file",
  arguments: "-c FILE [--print] [--json]",
  description: `
Prints "FILE: ok" and what it configures. Every error is one line on stderr, and the exit code is then 2; warnings
are lines on stderr too and change nothing. Without -c, the file is the one that DIAM_GW_CONFIG names.`,
  flags: {
    config: { kind: "string", short: "c", once: true, placeholder: "FILE", help: "the configuration file" },
    print: { kind: "boolean", help: "show the effective configuration, with every default, as YAML" },
    json: { kind: "boolean", help: "the result as JSON; with --print, the effective configuration in it" },
  },
  examples: [
    ["check -c diam-gw.yaml", "is it good?"],
    ["check -c diam-gw.yaml --print", "what does it amount to, with every default?"],
    ["check -c diam-gw.yaml --json", "the same for a script: ok, errors, warnings"],
  ],
  async run({ config: flag, print: whole, json }) {
    const file = configFileName(flag);
    if (file === undefined) throw new UsageError(["--config: missing; give -c FILE, or set DIAM_GW_CONFIG"], "check");
    const loaded = await readConfig(file);
    const { warnings } = loaded;
    const errors = loaded.ok ? await tlsFileErrors(loaded) : loaded.errors;
    const ok = loaded.ok && errors.length === 0;
    if (json) {
      const config = loaded.ok && whole ? { config: plainConfig(loaded.config) } : {};
      print(JSON.stringify({ file, ok, errors, warnings, ...config }, undefined, 2));
      return ok ? EXIT.done : EXIT.usage;
    }
    for (const line of [...warnings, ...errors]) printError(line);
    if (!loaded.ok || !ok) return EXIT.usage;
    print(whole ? printConfig(loaded.config) : summarise(loaded));
    return EXIT.done;
  },
});

function summarise({ source, config: { gateway, server, dra_pool } }: LoadedConfig): string {
  const dras = dra_pool.dras.toSorted((a, b) => a.priority - b.priority).map((dra) => {
    const address = dra.host.includes(":") ? `[${dra.host}]:${dra.port}` : `${dra.host}:${dra.port}`;
    return `  DRA ${dra.name}: ${address}, priority ${dra.priority}, weight ${dra.weight}`;
  });
  return [
    `${source}: ok`,
    `  ${gateway.origin_host} in ${gateway.origin_realm}, mode ${gateway.mode}`,
    `  listens on ${server.listen.map(({ text }) => text).join(", ")}`,
    ...(dras.length === 0 ? ["  no DRA"] : dras),
  ].join("\n");
}
