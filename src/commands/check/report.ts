/**
 * What `check` shows of a configuration, whoever read it.
 * @module
 */
import type { ChatConfig } from "../../chat/config/options.ts";
import type { GrpcConfig } from "../../grpc/config/options.ts";
import { diameterConfig, type Loaded, type Read } from "../../host/config.ts";
import { unresolvedHosts } from "../../host/host_names.ts";
import { plural } from "../../host/numbers.ts";
import { tlsFileErrors } from "../../host/tls_files.ts";
import type { Endpoint } from "../../net/connection.ts";
import { FileError } from "../../net/read_file.ts";
import { formatAddress } from "../../ops/config/address.ts";
import { withoutPassword } from "../../ops/config/leaves.ts";
import { plainConfig, printConfig, type Report, reportJson, told } from "../../ops/config/mod.ts";
import { formatDuration } from "../../ops/config/units.ts";
import { EXIT } from "../cli/command.ts";
import { flagTable, type FlagValues } from "../cli/flags.ts";
import { print, printError } from "../cli/terminal.ts";

/** Flags of every `check`. */
export const checkFlags = flagTable({
  config: {
    kind: "string",
    short: "c",
    once: true,
    placeholder: "FILE",
    help: 'the configuration file; "-" is standard input',
  },
  print: { kind: "boolean", help: "show the effective configuration, with every default, as YAML" },
  resolve: {
    kind: "boolean",
    help: "look the hosts up that it connects to, too: an error for a name that nobody knows",
  },
  json: { kind: "boolean", help: "the result as JSON; with --print, the effective configuration in it" },
});

/** Reads, and shows what came of it. @returns the exit code */
export async function reportOn(
  file: string,
  { print: whole, json, resolve }: FlagValues<typeof checkFlags>,
  read: () => Promise<Read>,
): Promise<number> {
  if (!json) {
    const loaded = await read();
    const { errors, warnings } = told(loaded.source, await everything(loaded, resolve));
    for (const line of [...errors, ...warnings]) printError(line);
    if (!loaded.ok || errors.length > 0) return EXIT.usage;
    print(whole ? printConfig(loaded.layout.sections, loaded.config) : summarise(loaded));
    return EXIT.done;
  }
  const loaded = await read().catch(unreadable);
  const reports = "ok" in loaded ? await everything(loaded, resolve) : loaded;
  const of = (severity: Report["severity"]) => reports.filter((report) => report.severity === severity).map(reportJson);
  const [errors, warnings] = [of("error"), of("warning")];
  const ok = errors.length === 0;
  const config = whole && "ok" in loaded && loaded.ok
    ? { config: plainConfig(loaded.layout.sections, loaded.config) }
    : {};
  print(JSON.stringify({ file, ok, errors, warnings, ...config }, undefined, 2));
  return ok ? EXIT.done : EXIT.usage;
}

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

function summarise(loaded: Loaded): string {
  const { source, config, layout: { ignored } } = loaded;
  return [
    `${source}: ok`,
    ...diameterLines(config),
    ...(config.grpc === undefined ? [] : grpcLines(config.grpc)),
    ...(config.chat === undefined ? [] : chatLines(config.chat)),
    ...(ignored.length === 0 ? [] : [`  ignored, because other planes are not asked for: ${ignored.join(", ")}`]),
  ].join("\n");
}

const addresses = (listen: readonly Endpoint[]) =>
  listen.map(({ hostname, port }) => formatAddress(hostname, port)).join(", ");

function diameterLines(config: Loaded["config"]): string[] {
  const diameter = diameterConfig(config);
  if (diameter === undefined) return [];
  const { gateway, server, dra_pool } = diameter;
  const dras = dra_pool.dras.toSorted((a, b) => a.priority - b.priority).map((dra) =>
    `  DRA ${dra.name}: ${formatAddress(dra.host, dra.port)}, priority ${dra.priority}, weight ${dra.weight}`
  );
  return [
    `  ${gateway.originHost} in ${gateway.originRealm}, mode ${gateway.mode}`,
    `  listens on ${addresses(server.listen)}`,
    ...(dras.length === 0 ? ["  no DRA"] : dras),
    ...policyLines(diameter),
  ];
}

function policyLines({ routing, limits, screening }: NonNullable<ReturnType<typeof diameterConfig>>): string[] {
  const { pools, routes, default: otherwise } = routing;
  const rest = otherwise.reject === undefined ? `to pool ${otherwise.pool}` : `answered ${otherwise.reject.code}`;
  return [
    ...(routes.length === 0
      ? []
      : [`  ${plural(routes.length, "route")}, ${plural(pools.length, "pool")}; others ${rest}`]),
    ...(limits.length === 0 ? [] : [`  ${plural(limits.length, "limit")}`]),
    ...(screening.mode === "off" ? [] : [`  screening: ${screening.mode}, ${plural(screening.rules.length, "rule")}`]),
  ];
}

function grpcLines({ listen, tls, routes, clusters, default: otherwise }: GrpcConfig): string[] {
  const places = [addresses(listen), ...(tls === undefined ? [] : [`${addresses(tls.listen)} (TLS)`])];
  return [
    `  gRPC listens on ${places.filter((place) => place !== "").join(", ")}`,
    ...routes.map(({ prefix, cluster, authorization, balancer }) => {
      const by = balancer.type === "sticky_sessions" ? ` by ${balancer.header}` : "";
      return `  route ${prefix}: ${cluster}, authorization ${authorization}, ${balancer.type}${by}`;
    }),
    otherwise.action === "error" ? "  other calls: UNIMPLEMENTED" : `  other calls: ${otherwise.useCluster}`,
    ...Object.entries(clusters).map(([name, cluster]) => {
      const where = cluster.type === "static"
        ? addresses(cluster.addresses)
        : cluster.type === "dynamic"
        ? `${cluster.discovererUrl} every ${formatDuration(cluster.discovererInterval)}`
        : cluster.kind;
      return `  cluster ${name}: ${cluster.type}, ${where}`;
    }),
  ];
}

function chatLines({ http, grpc, auth, core, cache }: ChatConfig): string[] {
  const tokens = auth.issuer !== "" ? `of ${auth.issuer}` : auth.jwksUri !== "" ? `by ${auth.jwksUri}` : "by a secret";
  const listens = (name: string, { listen, tls }: ChatConfig["http"] | ChatConfig["grpc"]) =>
    listen.length === 0 ? [] : [`  chat listens on ${addresses(listen)} (${name}${tls === undefined ? "" : ", TLS"})`];
  return [
    ...listens("HTTP/1.1", http),
    ...listens("HTTP/2", grpc),
    `  tokens ${tokens}, for ${auth.audience}`,
    `  core ${core.uri}, cache ${withoutPassword(cache.uri, "********")}`,
  ];
}
