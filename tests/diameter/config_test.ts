import { assert, assertEquals } from "@std/assert";
import { DIAMETER_SECTIONS, type DiameterConfig, gatewayOptions } from "../../src/diameter/config.ts";
import {
  DEFAULT_OPTIONS,
  type DraOptions,
  type DraPoolOptions,
  type ServerOptions,
} from "../../src/diameter/relay/core/options.ts";
import { defaultConfig, diffConfig, liveKeys, loadConfig, plainConfig } from "../../src/ops/config/mod.ts";

function load(text: string): DiameterConfig {
  const loaded = loadConfig(DIAMETER_SECTIONS, { file: "gw.yaml", text });
  assert(loaded.ok, loaded.errors.join("\n"));
  return loaded.config;
}

Deno.test("an empty file gives a gateway its default options", () => {
  assertEquals(gatewayOptions(defaultConfig(DIAMETER_SECTIONS)), DEFAULT_OPTIONS);
});

Deno.test("every option has its key, those that may be left out too", () => {
  const options = load(
    "server: {tls: {cert: c, key: k}, allow: [{}]}\ndra_pool: {dras: [{host: h, tls: {}}]}",
  );
  // A name that is missing here, or too many, does not compile.
  const server: Record<keyof ServerOptions, true> = {
    listen: true,
    reusePort: true,
    tls: true,
    maxConnections: true,
    capabilitiesTimeout: true,
    watchdogInterval: true,
    watchdogJitter: true,
    maxMessageSize: true,
    sendQueueLimit: true,
    writeTimeout: true,
    dprTimeout: true,
    tcpNoDelay: true,
    duplicateOriginHost: true,
    allow: true,
    rateLimit: true,
    maxInFlight: true,
  };
  const dra: Record<keyof DraOptions, true> = {
    name: true,
    host: true,
    port: true,
    priority: true,
    weight: true,
    originHost: true,
    bind: true,
    accept: true,
    maxRequestsPerSecond: true,
    tls: true,
  };
  assertEquals(Object.keys(options.server), Object.keys(server));
  assertEquals(Object.keys(options.dra_pool.dras[0]!), Object.keys(dra));
  const pool: readonly (keyof DraPoolOptions)[] = Object.keys(DEFAULT_OPTIONS.draPool) as (keyof DraPoolOptions)[];
  assertEquals(Object.keys(options.dra_pool).sort(), [...pool].sort());
});

Deno.test("an application of type acct is advertised for accounting, any other for authentication", () => {
  const config = load(
    "gateway: {applications: [{id: 3, type: acct}, {id: 16777252, vendor: 10415}, {id: 4294967295}]}",
  );
  assertEquals(gatewayOptions(config).applications, [
    { id: 3, vendor: 0, accounting: true },
    { id: 16777252, vendor: 10415, accounting: false },
    { id: 4294967295, vendor: 0, accounting: false },
  ]);
  assertEquals(Object(plainConfig(DIAMETER_SECTIONS, config)["gateway"]).applications[0], {
    id: 3,
    vendor: 0,
    type: "acct",
  });
});

Deno.test("a DRA that moves to another weight is one change, and takes effect at once", () => {
  const before = load("dra_pool: {dras: [{name: dra-1, host: a}, {name: dra-2, host: b}]}");
  const after = load("dra_pool: {dras: [{name: dra-2, host: b, weight: 50}, {name: dra-1, host: a}]}");
  assertEquals(diffConfig(DIAMETER_SECTIONS, before, after), {
    changes: [{ path: "dra_pool.dras[dra-2].weight", from: 100, to: 50 }],
    needsRestart: [],
  });
});

Deno.test("only the identity of the gateway needs a restart", () => {
  const text = "gateway: {origin_host: gw.example, origin_realm: example, product_name: p, mode: transparent}\n" +
    "server: {listen: 127.0.0.1:1, max_in_flight: 3}\ndra_pool: {balance: least_pending}";
  const { changes, needsRestart } = diffConfig(DIAMETER_SECTIONS, load(""), load(text));
  assertEquals(changes.length, 7);
  assertEquals(needsRestart, ["gateway.origin_host", "gateway.origin_realm"]);
  const live = liveKeys(DIAMETER_SECTIONS);
  for (const key of ["gateway.request_timeout", "server.tls.cert", "dra_pool.dras[].weight"]) {
    assert(live.includes(key), key);
  }
  for (const key of ["gateway.origin_host", "gateway.origin_realm", "gateway.workers"]) {
    assert(!live.includes(key), key);
  }
});
