/**
 * What no single key of the Diameter plane can know: values that contradict each other, and
 * settings that are allowed and unwise.
 * @module
 */

import type { Endpoint } from "../net/connection.ts";
import { formatAddress, isLoopback } from "../ops/config/address.ts";
import type { Finding, IsSet } from "../ops/config/section.ts";
import { formatDuration } from "../ops/config/units.ts";
import type { DraOptions, DraPoolOptions, GatewayOptions, ServerOptions } from "./relay/core/options.ts";
import type { LimitOptions, PolicyOptions, RoutingOptions, ScreeningOptions } from "./relay/core/policy_options.ts";
import { APPLICATION, VENDOR } from "./wire/application_ids.ts";

/** The section `gateway`: how it presents itself, and how it relays. */
export interface GatewaySection extends Omit<GatewayOptions, "server" | "draPool" | keyof PolicyOptions> {
  /** Gateways side by side in this process. */
  readonly workers: number;
}

/** The sections, decoded. */
export interface DiameterConfig {
  readonly gateway: GatewaySection;
  readonly server: ServerOptions;
  readonly dra_pool: DraPoolOptions;
  readonly routing: RoutingOptions;
  readonly limits: readonly LimitOptions[];
  readonly screening: ScreeningOptions;
}

/** Applications of vendors begin here (RFC 6733 11.3). */
const FIRST_OF_VENDORS = 16_777_216;

/** RFC 3539 3.4.1: Tw must not be set below this. */
const SHORTEST_WATCHDOG = 6_000;

/** Connections that the relay can tell apart, from either side. */
const MOST_CONNECTIONS = 65_535;

/** Every finding on `config`; `isSet` tells what somebody wrote from what is a default. */
export function crossCheck(config: DiameterConfig, isSet: IsSet): Finding[] {
  return [
    ...gatewayFindings(config, isSet),
    ...watchdogFindings("server", config.server.watchdogInterval, config.server.watchdogJitter),
    ...watchdogFindings("dra_pool", config.dra_pool.watchdogInterval, config.dra_pool.watchdogJitter),
    ...listenerFindings(config),
    ...tlsFindings(config),
    ...poolFindings(config),
    ...draFindings(config),
    ...ownAddressFindings(config),
  ];
}

function* gatewayFindings({ gateway }: DiameterConfig, isSet: IsSet): Generator<Finding> {
  const answer = ["gateway", "answer_timeout"];
  if (gateway.answerTimeout > gateway.requestTimeout && isSet(answer)) {
    yield {
      path: answer,
      message: `has no effect: it is longer than gateway.request_timeout (${formatDuration(gateway.requestTimeout)})`,
      warning: true,
      with: [["gateway", "request_timeout"]],
    };
  }
  const ids = new Set<string>();
  for (const [i, { id, vendor, accounting }] of gateway.applications.entries()) {
    const path = ["gateway", "applications", i];
    if (id === 0) yield { path: [...path, "id"], message: "missing: the number of the application" };
    else if (ids.has(`${id}/${vendor}/${accounting}`)) {
      yield { path, message: `application ${id} of vendor ${vendor} is listed twice` };
    } else if (id >= FIRST_OF_VENDORS && id !== APPLICATION.relay && vendor === VENDOR.ietf) {
      yield {
        path,
        message: `application ${id} is one of a vendor, and no vendor is given: peers will not take it for theirs ` +
          `(that of 3GPP is ${VENDOR.threeGpp})`,
        warning: true,
      };
    }
    ids.add(`${id}/${vendor}/${accounting}`);
  }
}

function* watchdogFindings(side: "server" | "dra_pool", interval: number, jitter: number): Generator<Finding> {
  const path = [side, "watchdog_interval"];
  const jitterPath = [side, "watchdog_jitter"];
  if (interval <= jitter) {
    const message = `expected more than watchdog_jitter (${formatDuration(jitter)}), got ${formatDuration(interval)}`;
    yield { path, message, with: [jitterPath] };
  } else if (interval < SHORTEST_WATCHDOG) {
    yield {
      path,
      message: "below 6s, the least that RFC 3539 3.4.1 allows: busy peers may be taken for dead",
      warning: true,
    };
  }
}

function* listenerFindings({ server }: DiameterConfig): Generator<Finding> {
  if (server.allow.length > 0 || server.tls?.clientCa) return;
  const message = "reachable beyond this host, and server.allow is empty, so anyone who reaches it may connect";
  const listeners = [
    ...server.listen.map(({ hostname }, i) => ({ hostname, path: ["server", "listen", i] })),
    ...(server.tls?.listen ?? []).map(({ hostname }, i) => ({ hostname, path: ["server", "tls", "listen", i] })),
  ];
  for (const { hostname, path } of listeners) {
    if (isLoopback(hostname)) continue;
    yield { path, message, warning: true, with: [["server", "allow"]] };
  }
}

function* tlsFindings({ server, dra_pool }: DiameterConfig): Generator<Finding> {
  if (server.tls !== undefined) {
    if (server.tls.cert === "") {
      yield { path: ["server", "tls", "cert"], message: "missing: the file of the certificate" };
    }
    if (server.tls.key === "") {
      yield { path: ["server", "tls", "key"], message: "missing: the file of the private key" };
    }
  }
  for (const [i, { tls }] of dra_pool.dras.entries()) {
    if (tls === undefined || (tls.cert === "") === (tls.key === "")) continue;
    const path = ["dra_pool", "dras", i, "tls"];
    yield { path, message: "a client certificate takes both cert and key" };
  }
}

function* poolFindings(
  { server, dra_pool: { reconnect, circuitBreaker, dras, connectionsPerDra } }: DiameterConfig,
): Generator<Finding> {
  const mostApps = MOST_CONNECTIONS - dras.length * connectionsPerDra;
  if (server.maxConnections > mostApps) {
    yield {
      path: ["server", "max_connections"],
      message:
        `expected at most ${mostApps}, got ${server.maxConnections}: with the connections to DRAs there can be ` +
        `${MOST_CONNECTIONS} in all`,
      with: [["dra_pool", "dras"], ["dra_pool", "connections_per_dra"]],
    };
  }
  if (reconnect.max < reconnect.initial) {
    yield {
      path: ["dra_pool", "reconnect", "max"],
      message: `expected at least reconnect.initial (${formatDuration(reconnect.initial)}), got ${
        formatDuration(reconnect.max)
      }`,
      with: [["dra_pool", "reconnect", "initial"]],
    };
  }
  if (circuitBreaker.openMax < circuitBreaker.openFor) {
    yield {
      path: ["dra_pool", "circuit_breaker", "open_max"],
      message: `expected at least circuit_breaker.open_for (${formatDuration(circuitBreaker.openFor)}), got ${
        formatDuration(circuitBreaker.openMax)
      }`,
      with: [["dra_pool", "circuit_breaker", "open_for"]],
    };
  }
  const path = ["dra_pool", "dras"];
  if (dras.length === 0) {
    const message = "no DRA is configured: every request will be answered 3002 (give dra_pool.dras, " +
      "--dra HOST:PORT, or --dra1-host and --dra2-host)";
    yield { path, message, warning: true };
  } else if (dras.every(({ weight }) => weight === 0)) {
    yield {
      path,
      message: "every weight is 0: only requests with the Destination-Host of a DRA are relayed",
      warning: true,
    };
  }
}

/** `localhost` is one of these to everybody. */
const LOCAL = new Set(["127.0.0.1", "::1", "localhost"]);
const EVERYWHERE = new Set(["0.0.0.0", "::"]);

/**
 * Whether whoever dials `dra` gets to a listener on `listen`; what other names stand for is not
 * looked up.
 */
function leadsTo(dra: DraOptions, listen: Endpoint): boolean {
  const [from, to] = [dra.host.toLowerCase(), listen.hostname.toLowerCase()];
  if (dra.port !== listen.port || from === "") return false;
  if (EVERYWHERE.has(to)) return EVERYWHERE.has(from) || isLoopback(from);
  return from === to || ((from === "localhost" || to === "localhost") && LOCAL.has(from) && LOCAL.has(to));
}

function* ownAddressFindings({ server, dra_pool: { dras } }: DiameterConfig): Generator<Finding> {
  const listens = [...server.listen, ...(server.tls?.listen ?? [])];
  for (const [i, dra] of dras.entries()) {
    const own = listens.find((listen) => leadsTo(dra, listen));
    if (own === undefined) continue;
    const path = ["dra_pool", "dras", i];
    const message = `leads back to this gateway, which listens on ${
      formatAddress(own.hostname, own.port)
    }: it will refuse itself`;
    yield { path, message, warning: true, with: [[...path, "host"], [...path, "port"], ["server"]] };
  }
}

function* draFindings({ gateway, dra_pool: { dras } }: DiameterConfig): Generator<Finding> {
  const seen: { names: Map<string, number>; addresses: Map<string, number> } = {
    names: new Map(),
    addresses: new Map(),
  };
  for (const [i, dra] of dras.entries()) {
    const path = ["dra_pool", "dras", i];
    const at = (earlier: number) => `dra_pool.dras[${earlier}]`;
    const sameName = seen.names.get(dra.name);
    if (sameName !== undefined) {
      yield {
        path: [...path, "name"],
        message: `expected a unique name, got ${JSON.stringify(dra.name)} as ${at(sameName)} has`,
      };
    }
    seen.names.set(dra.name, sameName ?? i);
    if (dra.host === "") yield { path: [...path, "host"], message: "missing: the host name or address of the DRA" };
    const sameAddress = seen.addresses.get(addressOf(dra));
    if (sameAddress !== undefined && dra.host !== "") {
      const message = `the same host and port as ${at(sameAddress)}: one loss takes both`;
      yield { path, message, warning: true, with: [[...path, "host"], [...path, "port"]] };
    }
    seen.addresses.set(addressOf(dra), sameAddress ?? i);
    if (dra.originHost.toLowerCase() === gateway.originHost.toLowerCase()) {
      const message = "expected the identity of the DRA, got that of the gateway";
      yield { path: [...path, "origin_host"], message, with: [["gateway", "origin_host"]] };
    }
  }
}

/** A local address is part of it: two paths to one DRA are two. */
function addressOf({ host, port, bind }: DraOptions): string {
  return `${host.toLowerCase()} ${port} ${bind}`;
}
