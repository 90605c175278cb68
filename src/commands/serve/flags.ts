/**
 * The flags of `serve`, and what they amount to together with the file.
 * @module
 */

import { DIAMETER_PORT } from "../../diameter/wire/ports.ts";
import { type Loaded, type Read, readWholeConfig } from "../../host/config.ts";
import { AddressError, parseAddress } from "../../ops/config/address.ts";
import type { PlaneName } from "../../host/planes.ts";
import { configFileName, type Override, type RejectedConfig } from "../../ops/config/mod.ts";
import { flagTable, type FlagValues, parseFlags } from "../cli/flags.ts";

const port = { kind: "string", placeholder: "PORT" } as const;

/** All of them. Values are checked by the configuration, as those of the file are. */
export const serveFlags = flagTable({
  "config": {
    kind: "string",
    short: "c",
    once: true,
    placeholder: "FILE",
    help: "the configuration file; else DIAM_GW_CONFIG names it",
  },
  "listen": { kind: "list", placeholder: "HOST:PORT", help: "listen for Logic Apps there; port 3868 if left out" },
  "origin-host": { kind: "string", placeholder: "NAME", help: "DiameterIdentity of this gateway" },
  "origin-realm": { kind: "string", placeholder: "REALM", help: "realm of this gateway" },
  "product": { kind: "string", placeholder: "NAME", help: "product name in CER and CEA" },
  "dra": {
    kind: "list",
    placeholder: "[NAME=]HOST[:PORT][@PRIORITY]",
    help: "a DRA, in place of those of the file; the order gives the priority",
  },
  "dra1-host": { kind: "string", placeholder: "HOST", help: "the DRA with priority 1" },
  "dra1-port": { ...port, help: `its port; ${DIAMETER_PORT} if left out` },
  "dra2-host": { kind: "string", placeholder: "HOST", help: "the DRA with priority 2" },
  "dra2-port": { ...port, help: `its port; ${DIAMETER_PORT} if left out` },
  "max-connections": { kind: "string", placeholder: "N", help: "Logic Apps connected at most" },
  "conns-per-dra": { kind: "string", placeholder: "N", help: "connections to each DRA" },
  "session-timeout": {
    kind: "string",
    placeholder: "DURATION",
    help: "life of a transaction (gateway.request_timeout)",
  },
  "admin": { kind: "string", placeholder: "HOST:PORT", help: 'the admin interface; "" turns it off' },
  "log": { kind: "string", placeholder: "LEVEL", help: "debug, info, warning or error" },
  "log-format": { kind: "string", placeholder: "text|json", help: "text on a terminal, json elsewhere, unless set" },
  "log-requests": { kind: "boolean", help: "log every request" },
  "log-responses": { kind: "boolean", help: "log every answer" },
  "stats-interval": {
    kind: "string",
    placeholder: "DURATION",
    help: "statistics in the log that often; 0 only at shutdown",
  },
});

/** The values of the flags of `serve`. */
export type ServeFlags = FlagValues<typeof serveFlags>;

/** The key that a flag sets, where it is one. */
const KEYS = {
  "listen": "server.listen",
  "origin-host": "gateway.origin_host",
  "origin-realm": "gateway.origin_realm",
  "product": "gateway.product_name",
  "max-connections": "server.max_connections",
  "conns-per-dra": "dra_pool.connections_per_dra",
  "session-timeout": "gateway.request_timeout",
  "admin": "admin.listen",
  "log": "logging.level",
  "log-format": "logging.format",
  "log-requests": "logging.requests",
  "log-responses": "logging.responses",
  "stats-interval": "stats.interval",
} as const satisfies Partial<Record<keyof ServeFlags, string>>;

/**
 * The configuration that the arguments of `serve` and the file they name amount to; or every error,
 * of flags and file alike.
 *
 * ```ts
 * import { loadServeConfig } from "./flags.ts";
 *
 * const loaded = await loadServeConfig(["--listen", "127.0.0.1:0", "--dra", "10.0.1.100:3868"]);
 * if (loaded.ok) console.log(loaded.config.dra_pool?.dras[0]?.host); // 10.0.1.100
 * ```
 */
export async function loadServeConfig(args: readonly string[]): Promise<Loaded | RejectedConfig> {
  const { values, positionals, problems } = parseFlags(serveFlags, args);
  const errors = [...problems, ...positionals.map((arg) => `unexpected argument ${JSON.stringify(arg)}`)];
  if (errors.length > 0) return { ok: false, reports: [], errors, warnings: [], source: "command line" };
  return await configFromServeFlags(values);
}

/** The same from flags that are parsed already; for these planes, or those that are configured. */
export async function configFromServeFlags(flags: ServeFlags, planes?: readonly PlaneName[]): Promise<Read> {
  const { overrides, errors } = serveOverrides(flags);
  const loaded = await readWholeConfig(configFileName(flags.config), overrides, planes);
  if (errors.length === 0) return loaded;
  return { ...loaded, ok: false, errors: [...errors, ...loaded.errors], warnings: [] };
}

/** What the flags put in place of what the file says, and what is wrong with their form. */
export function serveOverrides(flags: ServeFlags): { overrides: Override[]; errors: readonly string[] } {
  const overrides: Override[] = [];
  for (const [name, key] of Object.entries(KEYS)) {
    const value = flags[name as keyof typeof KEYS];
    // A boolean that is not given is false: then the file decides.
    if (value === undefined || value === false || (Array.isArray(value) && value.length === 0)) continue;
    // One address is written the way a file would, so that an error does not speak of an index.
    const plain = Array.isArray(value) && value.length === 1 ? value[0] : value;
    overrides.push({ path: key.split("."), value: plain, flag: `--${name}` });
  }
  const { dras, errors } = flags.dra.length > 0 ? listedDras(flags) : numberedDras(flags);
  if (dras.length > 0) {
    overrides.push({ path: ["dra_pool", "dras"], value: dras.map(({ value }) => value), flag: "--dra" });
    dras.forEach(({ value, flags }, i) => {
      for (const [key, flag] of Object.entries(flags)) {
        overrides.push({ path: ["dra_pool", "dras", i, key], value: value[key], flag });
      }
    });
  }
  return { overrides, errors };
}

/** A DRA as a mapping of the file, and the flag that each of its keys came from. */
interface FlaggedDra {
  readonly value: Readonly<Record<string, unknown>>;
  readonly flags: Readonly<Record<string, string>>;
}

interface FlaggedDras {
  readonly dras: readonly FlaggedDra[];
  readonly errors: readonly string[];
}

const NUMBERED = ["dra1-host", "dra1-port", "dra2-host", "dra2-port"] as const;

/** `--dra [NAME=]HOST:PORT[@PRIORITY]`. */
function listedDras(flags: ServeFlags): FlaggedDras {
  const mixed = NUMBERED.filter((name) => flags[name] !== undefined).map((name) =>
    `--${name}: cannot be used beside --dra`
  );
  const errors: string[] = [...mixed];
  const dras = flags.dra.flatMap((text, i): FlaggedDra[] => {
    const [, name, address = "", priority] = /^(?:([^=]*)=)?(.*?)(?:@([^@]*))?$/s.exec(text) ?? [];
    try {
      const { hostname, port } = parseAddress(address, { first: 1, otherwise: DIAMETER_PORT });
      const value = { name: name ?? `dra-${i + 1}`, host: hostname, port, priority: priority ?? i + 1 };
      return [{ value, flags: {} }];
    } catch (error) {
      if (!(error instanceof AddressError)) throw error;
      const form = /^\S+:\d+$/.test(address) ? "" : " (the form is [NAME=]HOST[:PORT][@PRIORITY])";
      errors.push(`--dra: ${error.message}${form}`);
      return [];
    }
  });
  return { dras, errors };
}

/**
 * `--dra1-host`, `--dra1-port`, `--dra2-host` and `--dra2-port`, as the program that came before
 * this one had them.
 */
function numberedDras(flags: ServeFlags): FlaggedDras {
  const errors: string[] = [];
  const dras = ([1, 2] as const).flatMap((n): FlaggedDra[] => {
    const host = flags[`dra${n}-host`];
    const port = flags[`dra${n}-port`];
    if (host === undefined) {
      if (port !== undefined) errors.push(`--dra${n}-port: needs --dra${n}-host`);
      return [];
    }
    const value = { name: `dra-${n}`, host, port: port ?? DIAMETER_PORT, priority: n };
    return [{ value, flags: { host: `--dra${n}-host`, port: `--dra${n}-port` } }];
  });
  return { dras, errors };
}
