/**
 * The configuration of the process: its own sections (`admin`, `logging`, `stats`), and those of
 * the planes in it.
 * @module
 */
import { ADMIN_PORT } from "../ops/admin/port.ts";
import { DIAMETER_SECTIONS } from "../diameter/config.ts";
import type { Endpoint } from "../net/connection.ts";
import type { TlsServerFiles } from "../net/tls_listener.ts";
import type { AdminAccess } from "../ops/admin/options.ts";
import { formatAddress, isLoopback } from "../ops/config/address.ts";
import * as leaf from "../ops/config/leaves.ts";
import { list, section } from "../ops/config/mapping.ts";
import {
  type ConfigOf,
  type Finding,
  type LoadedConfig,
  type Override,
  type ReadConfig,
  readConfig,
  type Section,
} from "../ops/config/mod.ts";
import type { TraceOptions } from "../ops/trace/mod.ts";

const { choice, duration, flag, pemFile, size } = leaf;

/** The HTTP interface for people and scripts. */
export interface AdminConfig extends AdminAccess {
  /** Null is off. */
  readonly listen: Endpoint | null;
  /** How messages are shown: all of them, or without what tells who a subscriber is. */
  readonly mask: "none" | "subscriber";
  /** Absent: plain HTTP. */
  readonly tls?: TlsServerFiles;
  /** The ring of recent transactions. */
  readonly trace: TraceOptions;
}

/** The log on stderr. */
export interface LoggingConfig {
  /** From chatty to silent. */
  readonly level: "debug" | "info" | "warning" | "error";
  /** Counts only when it was set; else text on a terminal and json elsewhere. */
  readonly format: "text" | "json";
  /** A line for each request. */
  readonly requests: boolean;
  /** A line for each answer. */
  readonly responses: boolean;
}

/** The statistics block in the log. */
export interface StatsConfig {
  /** ms; 0 leaves only the block at shutdown. */
  readonly interval: number;
}

const DEFAULT_ADMIN: AdminConfig = {
  listen: { hostname: "127.0.0.1", port: ADMIN_PORT },
  token: "",
  hosts: [],
  mask: "subscriber",
  trace: { maxBytes: 16 * 2 ** 20, sample: "auto", bodies: true },
};

/** The section `admin`. */
export const adminSection: Section<"admin", AdminConfig, { readonly admin: AdminConfig }> = {
  key: "admin",
  schema: section({
    listen: leaf.optionalListenAddress(ADMIN_PORT),
    token: leaf.secret(),
    hosts: list(leaf.host(), "[gw1.example.com]"),
    mask: choice(["none", "subscriber"]),
    tls: section({ cert: pemFile(), key: pemFile(), client_ca: pemFile() }, { cert: "", key: "", clientCa: "" })
      .exactOptional(),
    trace: section(
      { max_bytes: size(0, 2 ** 30), sample: leaf.shareOrAuto(), bodies: flag() },
      DEFAULT_ADMIN.trace,
    ),
  }, DEFAULT_ADMIN),
  check: adminFindings,
  restart: ["listen", "tls", "trace"],
};

const logging: Section<"logging", LoggingConfig> = {
  key: "logging",
  schema: section({
    level: choice(["debug", "info", "warning", "error"], { warn: "warning" }),
    format: choice(["text", "json"]),
    requests: flag(),
    responses: flag(),
  }, { level: "info", format: "text", requests: false, responses: false }),
  restart: ["format"],
};

const stats: Section<"stats", StatsConfig> = {
  key: "stats",
  schema: section({ interval: duration(0) }, { interval: 60_000 }),
};

/** Everything that a configuration file can say. */
export const SECTIONS = [...DIAMETER_SECTIONS, adminSection, logging, stats] as const;

/** The effective configuration. */
export type Config = ConfigOf<typeof SECTIONS>;

/** A configuration that can be run. */
export type Loaded = LoadedConfig<Config>;

/** The configuration as it was read from a file, the environment and flags; see `readConfig`. */
export type Read = ReadConfig<Config>;

/**
 * Reads the configuration of this process; without a file, the defaults.
 * @throws {FileError} when the file cannot be read
 */
export function readWholeConfig(file: string | undefined, overrides: readonly Override[] = []): Promise<Read> {
  return readConfig(SECTIONS, file, overrides);
}

function* adminFindings({ admin: { listen, token, tls } }: { readonly admin: AdminConfig }): Generator<Finding> {
  const path = ["admin", "listen"];
  if (tls?.cert === "") yield { path: ["admin", "tls", "cert"], message: "missing: the file of the certificate" };
  if (tls?.key === "") yield { path: ["admin", "tls", "key"], message: "missing: the file of the private key" };
  if (listen === null || isLoopback(listen.hostname)) return;
  if (token === "") {
    const address = formatAddress(listen.hostname, listen.port);
    yield {
      path,
      message: `expected a loopback address or a token in admin.token, got ${address} without one`,
      with: [["admin", "token"]],
    };
  } else if (tls === undefined) {
    yield {
      path,
      message: "reachable beyond this host without TLS: the token, and what is shown, can be read on the way " +
        "(give admin.tls)",
      warning: true,
      with: [["admin", "tls"]],
    };
  }
}
