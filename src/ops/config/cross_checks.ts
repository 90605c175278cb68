/**
 * What no single key can know: values that contradict each other, and settings that are allowed and unwise.
 * @module
 */

import { APPLICATION, VENDOR } from "../../diameter/wire/application_ids.ts";
import { isLoopback } from "./address.ts";
import type { Config, DraConfig, ListenAddress } from "./config.ts";
import type { Path } from "./path.ts";
import { isAvailable } from "./unavailable.ts";
import { formatDuration } from "./units.ts";

/** One thing to say. `with` are the other keys it follows from: if one of them is wrong itself, this is not said. */
export interface Finding {
  readonly path: Path;
  readonly message: string;
  readonly warning?: true;
  readonly with?: readonly Path[];
}

/** Applications of vendors begin here (RFC 6733 11.3). */
const FIRST_OF_VENDORS = 16_777_216;

/** RFC 3539 3.4.1: Tw must not be set below this. */
const SHORTEST_WATCHDOG = 6_000;

/** Connections that the relay can tell apart, from either side. */
const MOST_CONNECTIONS = 65_535;

/** Every finding on `config`; `isSet` tells what somebody wrote from what is a default. */
export function crossCheck(config: Config, isSet: (path: Path) => boolean): Finding[] {
  return [
    ...gatewayFindings(config, isSet),
    ...watchdogFindings("server", config.server.watchdog_interval, config.server.watchdog_jitter),
    ...watchdogFindings("dra_pool", config.dra_pool.watchdog_interval, config.dra_pool.watchdog_jitter),
    ...listenerFindings(config),
    ...tlsFindings(config),
    ...poolFindings(config),
    ...draFindings(config),
    ...ownAddressFindings(config),
    ...adminFindings(config),
  ];
}

function* gatewayFindings({ gateway }: Config, isSet: (path: Path) => boolean): Generator<Finding> {
  const answer = ["gateway", "answer_timeout"];
  if (gateway.answer_timeout > gateway.request_timeout && isSet(answer)) {
    yield {
      path: answer,
      message: `has no effect: it is longer than gateway.request_timeout (${formatDuration(gateway.request_timeout)})`,
      warning: true,
      with: [["gateway", "request_timeout"]],
    };
  }
  const ids = new Set<string>();
  for (const [i, { id, vendor, type }] of gateway.applications.entries()) {
    const path = ["gateway", "applications", i];
    if (id === 0) yield { path: [...path, "id"], message: "missing: the number of the application" };
    else if (ids.has(`${id}/${vendor}/${type}`)) {
      yield { path, message: `application ${id} of vendor ${vendor} is listed twice` };
    } else if (id >= FIRST_OF_VENDORS && id !== APPLICATION.relay && vendor === VENDOR.ietf) {
      yield {
        path,
        message: `application ${id} is one of a vendor, and no vendor is given: peers will not take it for theirs ` +
          `(that of 3GPP is ${VENDOR.threeGpp})`,
        warning: true,
      };
    }
    ids.add(`${id}/${vendor}/${type}`);
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

function* listenerFindings({ server, admin }: Config): Generator<Finding> {
  const listeners: [Path, ListenAddress][] = server.listen.map((address, i) => [["server", "listen", i], address]);
  server.tls?.listen.forEach((address, i) => listeners.push([["server", "tls", "listen", i], address]));
  if (admin.listen !== null) listeners.push([["admin", "listen"], admin.listen]);
  const taken = new Set<string>();
  for (const [path, { text, port }] of listeners) {
    if (port !== 0 && taken.has(text)) yield { path, message: `${text} is listened on twice` };
    taken.add(text);
  }
  for (const [path, { hostname }] of listeners) {
    if (path[0] !== "server" || isLoopback(hostname) || server.allow.length > 0 || server.tls?.client_ca) continue;
    const advice = isAvailable(["server", "allow"])
      ? "server.allow is empty, so anyone who reaches it may connect"
      : "anyone who reaches it may connect: keep it behind a packet filter";
    yield { path, message: `reachable beyond this host, and ${advice}`, warning: true, with: [["server", "allow"]] };
  }
}

function* tlsFindings({ server, dra_pool }: Config): Generator<Finding> {
  if (server.tls !== null) {
    if (server.tls.cert === "") {
      yield { path: ["server", "tls", "cert"], message: "missing: the file of the certificate" };
    }
    if (server.tls.key === "") {
      yield { path: ["server", "tls", "key"], message: "missing: the file of the private key" };
    }
  }
  for (const [i, { tls }] of dra_pool.dras.entries()) {
    if (tls === null || (tls.cert === "") === (tls.key === "")) continue;
    const path = ["dra_pool", "dras", i, "tls"];
    yield { path, message: "a client certificate takes both cert and key" };
  }
}

function* poolFindings(
  { server, dra_pool: { reconnect, dras, connections_per_dra } }: Config,
): Generator<Finding> {
  const mostApps = MOST_CONNECTIONS - dras.length * connections_per_dra;
  if (server.max_connections > mostApps) {
    yield {
      path: ["server", "max_connections"],
      message:
        `expected at most ${mostApps}, got ${server.max_connections}: with the connections to DRAs there can be ` +
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
function leadsTo(dra: DraConfig, listen: ListenAddress): boolean {
  const [from, to] = [dra.host.toLowerCase(), listen.hostname.toLowerCase()];
  if (dra.port !== listen.port || from === "") return false;
  if (EVERYWHERE.has(to)) return EVERYWHERE.has(from) || isLoopback(from);
  return from === to || ((from === "localhost" || to === "localhost") && LOCAL.has(from) && LOCAL.has(to));
}

function* ownAddressFindings({ server, dra_pool: { dras } }: Config): Generator<Finding> {
  const listens = [...server.listen, ...(server.tls?.listen ?? [])];
  for (const [i, dra] of dras.entries()) {
    const own = listens.find((listen) => leadsTo(dra, listen));
    if (own === undefined) continue;
    const path = ["dra_pool", "dras", i];
    const message = `leads back to this gateway, which listens on ${own.text}: it will refuse itself`;
    yield { path, message, warning: true, with: [[...path, "host"], [...path, "port"], ["server"]] };
  }
}

function* draFindings({ gateway, dra_pool: { dras } }: Config): Generator<Finding> {
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
    if (dra.origin_host.toLowerCase() === gateway.origin_host.toLowerCase()) {
      const message = "expected the identity of the DRA, got that of the gateway";
      yield { path: [...path, "origin_host"], message, with: [["gateway", "origin_host"]] };
    }
  }
}

/** A local address is part of it: two paths to one DRA are two. */
function addressOf({ host, port, bind }: DraConfig): string {
  return `${host.toLowerCase()} ${port} ${bind}`;
}

function* adminFindings({ admin }: Config): Generator<Finding> {
  if (admin.listen === null || admin.token !== "" || isLoopback(admin.listen.hostname)) return;
  yield {
    path: ["admin", "listen"],
    message: `expected a loopback address or a token in admin.token, got ${admin.listen.text} without one`,
    with: [["admin", "token"]],
  };
}
