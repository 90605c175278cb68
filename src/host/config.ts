/**
 * The configuration of the process: its own sections (`admin`, `logging`, `stats`), and those of
 * the planes in it.
 * @module
 */
import { ADMIN_PORT } from "../ops/admin/port.ts";
import type { ChatConfig } from "../chat/config/options.ts";
import { DIAMETER_SECTIONS } from "../diameter/config.ts";
import type { GrpcConfig } from "../grpc/config/options.ts";
import type { Endpoint } from "../net/connection.ts";
import type { TlsServerFiles } from "../net/tls_listener.ts";
import type { AdminAccess } from "../ops/admin/options.ts";
import { formatAddress, isLoopback } from "../ops/config/address.ts";
import * as leaf from "../ops/config/leaves.ts";
import { list, section } from "../ops/config/mapping.ts";
import {
  type ConfigOf,
  type Finding,
  type Override,
  type ReadConfig,
  readConfig,
  type Section,
} from "../ops/config/mod.ts";
import type { TraceOptions } from "../ops/trace/mod.ts";
import { layoutOf, type PlaneName, type PlanesLayout } from "./planes.ts";

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

/** What is the process's own, whatever planes it has. */
export const OWN_SECTIONS = [adminSection, logging, stats] as const;

/** What a process says that has the Diameter plane alone. */
export const SECTIONS = [...DIAMETER_SECTIONS, ...OWN_SECTIONS] as const;

/** The effective configuration; the sections of a plane are there when the process has it. */
export type Config =
  & ConfigOf<typeof OWN_SECTIONS>
  & Partial<ConfigOf<typeof DIAMETER_SECTIONS>>
  & { readonly grpc?: GrpcConfig; readonly chat?: ChatConfig };

/** The configuration as it was read from a file, the environment and flags; see `readConfig`. */
export type Read = ReadConfig<Config, PlanesLayout>;

/** A configuration that can be run. */
export type Loaded = Read & { readonly ok: true };

/**
 * Reads the configuration of this process; without a file, the defaults.
 * @param planes read it for these, whatever the file configures; else for those that it does
 * @throws {FileError} when the file cannot be read
 */
export async function readWholeConfig(
  file: string | undefined,
  overrides: readonly Override[] = [],
  planes?: readonly PlaneName[],
): Promise<Read> {
  // The sections of a plane are known only when it is loaded: what they decode to is known here.
  return await readConfig((tree) => layoutOf(tree, OWN_SECTIONS, overrides, planes), file, overrides) as Read;
}

/** What the Diameter plane was told; undefined in a process without it. */
export function diameterConfig(
  { gateway, server, dra_pool, routing, limits, screening }: Config,
): ConfigOf<typeof DIAMETER_SECTIONS> | undefined {
  if (gateway === undefined || server === undefined || dra_pool === undefined) return undefined;
  if (routing === undefined || limits === undefined || screening === undefined) return undefined;
  return { gateway, server, dra_pool, routing, limits, screening };
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
