import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { SECTIONS } from "../../src/host/config.ts";
import { defaultConfig, loadConfig, type Override } from "../../src/ops/config/mod.ts";

const ONE_DRA = "dra_pool: {dras: [{host: 10.0.0.1}]}";

function load(text: string, environment: Record<string, string> = {}, overrides: Override[] = []) {
  return loadConfig(SECTIONS, { file: "gw.yaml", text, environment: (name) => environment[name], overrides });
}

function good(...args: Parameters<typeof load>): ReturnType<typeof load> & { ok: true } {
  const loaded = load(...args);
  assert(loaded.ok, loaded.ok ? "" : loaded.errors.join("\n"));
  return loaded;
}

function errorsOf(...args: Parameters<typeof load>): readonly string[] {
  const loaded = load(...args);
  assert(!loaded.ok, `expected errors for ${args[0]}`);
  return loaded.errors;
}

Deno.test("an empty file gives every default", () => {
  const { gateway, server, dra_pool, admin, logging, stats } = good("").config;
  assertEquals(gateway, {
    originHost: "diam-gw.localdomain",
    originRealm: "localdomain",
    productName: "diam-gw",
    vendorId: 10415,
    mode: "relay",
    applications: [],
    requestTimeout: 30_000,
    answerTimeout: 10_000,
    maxAttempts: 3,
    timeoutResultCode: 3002,
    retryResultCodes: [3002, 3004],
    neverRetry: [],
    strictPBit: false,
    errorDetail: "full",
    drainTimeout: 10_000,
    memoryLimit: 512 * 1024 * 1024,
    workers: 1,
  });
  assertEquals(server, {
    listen: [{ hostname: "127.0.0.1", port: 3868 }],
    reusePort: false,
    maxConnections: 5000,
    capabilitiesTimeout: 10_000,
    watchdogInterval: 30_000,
    watchdogJitter: 2_000,
    maxMessageSize: 65_536,
    sendQueueLimit: 1_048_576,
    writeTimeout: 10_000,
    dprTimeout: 5_000,
    tcpNoDelay: true,
    duplicateOriginHost: "allow",
    allow: [],
    rateLimit: { requestsPerSecond: 0, burst: 0 },
    maxInFlight: 0,
  });
  assertEquals(dra_pool, {
    connectionsPerDra: 1,
    connectTimeout: 10_000,
    capabilitiesTimeout: 5_000,
    watchdogInterval: 30_000,
    watchdogJitter: 2_000,
    reopenWatchdogs: 3,
    reopenLastResort: true,
    reconnect: { initial: 5_000, multiplier: 1.5, max: 300_000, jitter: 0.2, afterRefusal: 300_000 },
    dprTimeout: 5_000,
    maxMessageSize: 65_536,
    writeTimeout: 10_000,
    tcpNoDelay: true,
    failbackDelay: 0,
    balance: "round_robin",
    hashKey: "session_id",
    slowStart: { duration: 0, minWeightPercent: 10 },
    maxInFlight: 16_384,
    sendQueueLimit: 1_048_576,
    circuitBreaker: {
      enabled: false,
      window: 10_000,
      minRequests: 20,
      errorRatio: 0.5,
      consecutiveFailures: 5,
      slowAfter: 0,
      errorCodes: [3002, 3004, 5012],
      openFor: 30_000,
      openMax: 300_000,
      halfOpenProbes: 3,
      maxOpenPercent: 50,
    },
    dras: [],
  });
  assertEquals(admin.token, "");
  assertEquals(logging, { level: "info", format: "text", requests: false, responses: false });
  assertEquals(stats, { interval: 60_000 });
  assertEquals(good("").config, defaultConfig(SECTIONS));
});

Deno.test("a DRA takes its name from its place and everything but its host from the defaults", () => {
  const { dras } =
    good("dra_pool: {dras: [{host: 10.0.0.1}, {host: '[::1]', port: 3869, priority: 2}]}").config.dra_pool;
  assertEquals(dras, [
    {
      name: "dra-1",
      host: "10.0.0.1",
      port: 3868,
      priority: 1,
      weight: 100,
      originHost: "",
      bind: "",
      accept: true,
      maxRequestsPerSecond: 0,
    },
    {
      name: "dra-2",
      host: "::1",
      port: 3869,
      priority: 2,
      weight: 100,
      originHost: "",
      bind: "",
      accept: true,
      maxRequestsPerSecond: 0,
    },
  ]);
});

Deno.test("values are taken in each of the forms they have", () => {
  const config = good(`
gateway: {request_timeout: 1m30s, drain_timeout: 0, applications: [{id: 16777252, vendor: 10415}, {id: 4}]}
server: {listen: "[::1]:3868", max_message_size: 100000, tcp_nodelay: "false"}
logging: {level: warn}
stats: {interval: 0}
`).config;
  assertEquals(config.gateway.requestTimeout, 90_000);
  assertEquals(config.gateway.drainTimeout, 0);
  assertEquals(config.gateway.applications, [
    { id: 16777252, vendor: 10415, accounting: false },
    { id: 4, vendor: 0, accounting: false },
  ]);
  assertEquals(config.server.listen, [{ hostname: "::1", port: 3868 }]);
  assertEquals(config.server.maxMessageSize, 100_000);
  assertEquals(config.server.tcpNoDelay, false);
  assertEquals(config.logging.level, "warning");
  assertEquals(config.stats.interval, 0);
});

/** One wrong configuration each, and the one line it gets, without the name of the file. */
const WRONG: [text: string, error: string][] = [
  [
    "dra_pool: {dras: [{host: a}, {host: b, port: 70000}]}",
    "dra_pool.dras[1].port: expected a port 1..65535, got 70000",
  ],
  ["dra_pool: {dras: [{host: a, port: 0}]}", "dra_pool.dras[0].port: expected a port 1..65535, got 0"],
  ["gateway: {reqest_timeout: 1s}", 'gateway.reqest_timeout: unknown key; did you mean "request_timeout"?'],
  ["servr: {}", 'servr: unknown key; did you mean "server"?'],
  ["request_timeout: 1s", "request_timeout: unknown key; did you mean gateway.request_timeout?"],
  ["gateway: {port: 1}", "gateway.port: unknown key; did you mean dra_pool.dras[].port?"],
  ["stats: {colour: 1}", "stats.colour: unknown key; known here: interval"],
  [
    'gateway: {request_timeout: "30"}',
    'gateway.request_timeout: expected a duration such as 250ms, 30s, 5m or 1h, got "30"',
  ],
  [
    "gateway: {request_timeout: 30}",
    "gateway.request_timeout: expected a duration such as 250ms, 30s, 5m or 1h, got 30",
  ],
  ["gateway: {request_timeout: 0s}", 'gateway.request_timeout: expected a duration above 0, got "0s"'],
  [
    "gateway: {request_timeout: 1000h}",
    'gateway.request_timeout: expected a duration up to 24 days (576h), got "1000h"',
  ],
  [
    "gateway: {request_timeout: }",
    "gateway.request_timeout: expected a duration such as 250ms, 30s, 5m or 1h, got nothing",
  ],
  ["gateway: {mode: proxy}", 'gateway.mode: expected relay or transparent, got "proxy"'],
  ["gateway: {mode: rely}", 'gateway.mode: expected relay or transparent, got "rely"; did you mean "relay"?'],
  ["gateway: {vendor_id: 4294967296}", "gateway.vendor_id: expected a whole number 0..4294967295, got 4294967296"],
  ["gateway: {vendor_id: 1.5}", "gateway.vendor_id: expected a whole number 0..4294967295, got 1.5"],
  ["gateway: {max_attempts: 0}", "gateway.max_attempts: expected a whole number 1..255, got 0"],
  ["gateway: {max_attempts: three}", 'gateway.max_attempts: expected a whole number 1..255, got "three"'],
  [
    "gateway: {timeout_result_code: 2001}",
    "gateway.timeout_result_code: expected a failing result code 3000..5999, got 2001",
  ],
  ["gateway: {retry_result_codes: 3002}", "gateway.retry_result_codes: expected a list such as [3002, 3004], got 3002"],
  [
    "gateway: {retry_result_codes: [3002, 1]}",
    "gateway.retry_result_codes[1]: expected a failing result code 3000..5999, got 1",
  ],
  ["gateway: {strict_p_bit: maybe}", 'gateway.strict_p_bit: expected true or false, got "maybe"'],
  ["gateway: {product_name: 5}", "gateway.product_name: expected a name in quotes, got 5"],
  ["gateway: {applications: [{vendor: 1}]}", "gateway.applications[0].id: missing: the number of the application"],
  ["gateway: {applications: [{id: 4}, {id: 4}]}", "gateway.applications[1]: application 4 of vendor 0 is listed twice"],
  ["gateway: 5", "gateway: expected a mapping of origin_host, origin_realm, product_name ..., got 5"],
  [
    "[1]",
    "expected a mapping of gateway, server, dra_pool, routing, limits, screening, admin, logging, stats, got a list",
  ],
  [
    "server: {max_connections: 1e30}",
    `server.max_connections: expected a whole number 1..1000000, got ${BigInt(1e30)}`,
  ],
  [
    'server: {max_connections: "99999999999999999999999"}',
    "server.max_connections: expected a whole number 1..1000000, got 99999999999999999999999",
  ],
  ["server: {listen: 'x:'}", 'server.listen: expected HOST:PORT, got "x:"'],
  ["server: {listen: []}", "server.listen: expected at least one HOST:PORT, got an empty list"],
  ["server: {listen: [127.0.0.1:1, 3868]}", "server.listen[1]: expected HOST:PORT, got 3868"],
  ["server: {listen: [127.0.0.1:1, 127.0.0.1:1]}", "server.listen[1]: 127.0.0.1:1 is listened on twice"],
  ["server: {max_message_size: 19}", "server.max_message_size: expected a size from 20 to 16777215, got 19"],
  ["server: {max_message_size: 16MiB}", 'server.max_message_size: expected a size from 20 to 16777215, got "16MiB"'],
  [
    "server: {max_message_size: 64kb}",
    'server.max_message_size: expected a size in bytes, or such as 64KiB or 1MiB, got "64kb"',
  ],
  [
    "dra_pool: {watchdog_interval: 2s, watchdog_jitter: 2s}",
    "dra_pool.watchdog_interval: expected more than watchdog_jitter (2s), got 2s",
  ],
  ["dra_pool: {reconnect: {multiplier: 0.9}}", "dra_pool.reconnect.multiplier: expected a number, 1 or more, got 0.9"],
  ["dra_pool: {reconnect: {jitter: 1.1}}", "dra_pool.reconnect.jitter: expected a number 0..1, got 1.1"],
  [
    "dra_pool: {reconnect: {initial: 10m}}",
    "dra_pool.reconnect.max: expected at least reconnect.initial (10m), got 5m",
  ],
  [
    "server: {max_connections: 65534}\ndra_pool: {connections_per_dra: 2, dras: [{host: a}]}",
    "server.max_connections: expected at most 65533, got 65534: with the connections to DRAs there can be 65535 in all",
  ],
  ["gateway: {memory_limit: 1MiB}", 'gateway.memory_limit: expected a size from 64MiB to 16GiB, got "1MiB"'],
  [
    "gateway: {request_timeout: 1000h}",
    'gateway.request_timeout: expected a duration up to 24 days (576h), got "1000h"',
  ],
  ["dra_pool: {max_in_flight: 16385}", "dra_pool.max_in_flight: expected a whole number 1..16384, got 16385"],
  [
    "dra_pool: {dras: {host: a}}",
    "dra_pool.dras: expected a list such as [{name: dra-1, host: 10.0.1.100, port: 3868}], got a mapping",
  ],
  ["dra_pool: {dras: [10.0.0.1]}", 'dra_pool.dras[0]: expected a mapping of name, host, port ..., got "10.0.0.1"'],
  ["dra_pool: {dras: [{name: a}]}", "dra_pool.dras[0].host: missing: the host name or address of the DRA"],
  [
    "dra_pool: {dras: [{host: 10.0.0.256}]}",
    'dra_pool.dras[0].host: expected a host name or an address, got "10.0.0.256"',
  ],
  ["dra_pool: {dras: [{host: a, weight: -1}]}", "dra_pool.dras[0].weight: expected a whole number 0..65535, got -1"],
  [
    "dra_pool: {dras: [{host: a, priority: 0}]}",
    "dra_pool.dras[0].priority: expected a whole number, 1 or more, got 0",
  ],
  [
    "dra_pool: {dras: [{host: a, bind: eth0}]}",
    'dra_pool.dras[0].bind: expected a local IPv4 or IPv6 address, got "eth0"',
  ],
  [
    "dra_pool: {dras: [{host: a, name: x}, {host: b, name: x}]}",
    'dra_pool.dras[1].name: expected a unique name, got "x" as dra_pool.dras[0] has',
  ],
  [
    "gateway: {origin_host: gw.example}\ndra_pool: {dras: [{host: a, origin_host: GW.example}]}",
    "dra_pool.dras[0].origin_host: expected the identity of the DRA, got that of the gateway",
  ],
  [
    "gateway: {applications: [{id: 3, type: accounting}]}",
    'gateway.applications[0].type: expected auth or acct, got "accounting"',
  ],
  [
    "gateway: {applications: [{id: 3, type: acct}, {id: 3, type: acct}]}",
    "gateway.applications[1]: application 3 of vendor 0 is listed twice",
  ],
  ["logging: {level: verbose}", 'logging.level: expected debug, info, warning or error, got "verbose"'],
  ["admin: {token: [1]}", "admin.token: expected text in quotes"],
  [
    "gateway: {origin_realm: '${REALM}'}",
    "gateway.origin_realm: environment variable REALM is not set, and ${REALM} has no default (${REALM:-...})",
  ],
  [
    "a: [1",
    "not valid YAML: Cannot read flow collection: unexpected end of the stream within a flow collection (line 2, column 1)",
  ],
  ["stats: {}\nstats: {}", "not valid YAML: Cannot store mapping pair: duplicated key (line 2, column 1)"],
];

for (const [text, error] of WRONG) {
  Deno.test(`a wrong configuration gets one line that says what to do: ${error.slice(0, 80)}`, () => {
    const [first, ...others] = errorsOf(text);
    // Within a syntax error stands the parser's wording; only its beginning and its end are ours.
    const [begin = "", end = ""] = error.includes("Cannot") ? error.split(/Cannot.*(?= \()/) : [error];
    assert(first?.startsWith(`gw.yaml: ${begin}`) && first.endsWith(end), first);
    if (!error.includes("Cannot")) assertEquals(first, `gw.yaml: ${error}`);
    assertEquals(others, []);
  });
}

for (const identity of ["a b", "", ".example", "gw..example", "gw.example.", "gw:3868", "gw.exämple", "x".repeat(64)]) {
  Deno.test(`an Origin-Host that is no DiameterIdentity is refused: ${JSON.stringify(identity)}`, () => {
    const errors = errorsOf(JSON.stringify({ gateway: { origin_host: identity, origin_realm: identity } }));
    assertEquals(errors.length, 2);
    assertStringIncludes(errors[0] ?? "", "gw.yaml: gateway.origin_host: expected a DiameterIdentity");
    assertStringIncludes(errors[1] ?? "", "gw.yaml: gateway.origin_realm: expected a DiameterIdentity");
  });
}

Deno.test("all errors are reported, those that need a whole configuration too", () => {
  const errors = errorsOf(`
gateway: {request_timeout: 5, mode: proxy, foo: 1}
server: {listen: ["x:", "127.0.0.1:1"]}
dra_pool:
  watchdog_interval: 1s
  watchdog_jitter: 1s
  dras: [{name: a, host: h, port: 0}, {name: a}, 7]
`);
  const places = errors.map((line) => line.split(": ")[1]);
  assertEquals(places, [
    "gateway.mode",
    "gateway.request_timeout",
    "gateway.foo",
    "server.listen[0]",
    "dra_pool.dras[0].port",
    "dra_pool.dras[2]",
    "dra_pool.watchdog_interval",
    "dra_pool.dras[1].name",
    "dra_pool.dras[1].host",
  ]);
});

Deno.test("a key that is wrong itself is not also blamed for contradicting another", () => {
  assertEquals(errorsOf("dra_pool: {reconnect: {initial: 10m, max: x}}").length, 1);
  assertEquals(errorsOf("dra_pool: {reconnect: {initial: x, max: 1s}}").length, 1);
});

/** Configurations that run, and what is said about them. */
const UNWISE: [text: string, warnings: string[]][] = [
  [ONE_DRA, []],
  [`${ONE_DRA}\nserver: {watchdog_interval: 5s}`, [
    "server.watchdog_interval: warning: below 6s, the least that RFC 3539 3.4.1 allows: busy peers may be taken for dead",
  ]],
  ["dra_pool: {watchdog_interval: 5999ms, dras: [{host: h}]}", [
    "dra_pool.watchdog_interval: warning: below 6s, the least that RFC 3539 3.4.1 allows: busy peers may be taken for dead",
  ]],
  ["dra_pool: {watchdog_interval: 6s, dras: [{host: h}]}", []],
  [`${ONE_DRA}\ngateway: {request_timeout: 5s}`, []],
  [`${ONE_DRA}\ngateway: {request_timeout: 5s, answer_timeout: 6s}`, [
    "gateway.answer_timeout: warning: has no effect: it is longer than gateway.request_timeout (5s)",
  ]],
  ["dra_pool: {dras: [{host: h, weight: 0}]}", [
    "dra_pool.dras: warning: every weight is 0: only requests with the Destination-Host of a DRA are relayed",
  ]],
  ["dra_pool: {dras: [{host: h}, {host: H}]}", [
    "dra_pool.dras[1]: warning: the same host and port as dra_pool.dras[0]: one loss takes both",
  ]],
  [`${ONE_DRA}\ngateway: {applications: [{id: 16777252}, {id: 4}, {id: 16777216, vendor: 10415}]}`, [
    "gateway.applications[0]: warning: application 16777252 is one of a vendor, and no vendor is given: peers will not " +
    "take it for theirs (that of 3GPP is 10415)",
  ]],
  [`${ONE_DRA}\ngateway: {applications: [{id: 4294967295}, {id: 16777216, vendor: 10415}, {id: 4}]}`, []],
  [`${ONE_DRA}\ngateway: {applications: [{id: 3, type: acct}, {id: 3}, {id: 3, type: auth, vendor: 9}]}`, []],
];

/** Where it listens, the host and port of a DRA, and whether that is the gateway itself. */
const OWN_ADDRESSES: [listen: string, host: string, port: number, own: boolean][] = [
  ["127.0.0.1:3868", "127.0.0.1", 3868, true],
  ["127.0.0.1:3868", "localhost", 3868, true],
  ["localhost:3868", "::1", 3868, true],
  ["0.0.0.0:3868", "127.0.0.1", 3868, true],
  ["[::]:3868", "127.0.0.5", 3868, true],
  ["GW.local:3868", "gw.LOCAL", 3868, true],
  ["127.0.0.1:3868", "127.0.0.2", 3868, false],
  ["127.0.0.1:3868", "127.0.0.1", 3869, false],
  ["0.0.0.0:3868", "10.0.0.1", 3868, false],
  ["10.0.0.2:3868", "127.0.0.1", 3868, false],
];
for (const [listen, host, port, own] of OWN_ADDRESSES) {
  Deno.test(`a DRA at ${host}:${port} is ${own ? "" : "not "}taken for the gateway that listens on ${listen}`, () => {
    const allow = [{ origin_host: "*" }];
    const { warnings } = good(JSON.stringify({ server: { listen, allow }, dra_pool: { dras: [{ host, port }] } }));
    const expected = `gw.yaml: dra_pool.dras[0]: warning: leads back to this gateway, which listens on ${listen}: ` +
      "it will refuse itself";
    assertEquals(warnings, own ? [expected] : []);
  });
}

Deno.test("a DRA at the address of the TLS listener is taken for the gateway too", () => {
  const tls = { listen: "127.0.0.1:5868", cert: "c", key: "k" };
  const { warnings } = good(JSON.stringify({
    server: { tls },
    dra_pool: {
      dras: [{ host: "::1", port: 3868 }, {
        host: "127.0.0.1",
        port: 5868,
      }],
    },
  }));
  assertEquals(warnings.length, 1);
  assertStringIncludes(warnings[0]!, "dra_pool.dras[1]: warning: leads back to this gateway");
});

for (const [text, warnings] of UNWISE) {
  Deno.test(`unwise settings are warned about and accepted: ${text}`, () => {
    assertEquals(good(text).warnings, warnings.map((warning) => `gw.yaml: ${warning}`));
  });
}

Deno.test("a listener that others can reach is warned about", () => {
  for (const [listen, place] of [["0.0.0.0:3868", "server.listen"], [["127.0.0.1:1", "[::]:1"], "server.listen[1]"]]) {
    const { warnings } = good(JSON.stringify({ server: { listen }, dra_pool: { dras: [{ host: "h" }] } }));
    assertEquals(warnings.length, 1);
    assertStringIncludes(warnings[0] ?? "", `gw.yaml: ${place}: warning: reachable beyond this host`);
  }
});

Deno.test("a configuration without a DRA runs, and says so", () => {
  const [warning = "", ...others] = good("").warnings;
  assertStringIncludes(warning, "gw.yaml: dra_pool.dras: warning: no DRA is configured");
  assertEquals(others, []);
});

Deno.test("a short watchdog interval brings a jitter that fits, unless one was set", () => {
  const { server, dra_pool } = good("server: {watchdog_interval: 1s}\ndra_pool: {watchdog_interval: 10s}").config;
  assertEquals([server.watchdogInterval, server.watchdogJitter], [1000, 200]);
  assertEquals([dra_pool.watchdogInterval, dra_pool.watchdogJitter], [10_000, 2000]);
});

Deno.test("a section with all its keys commented out is empty, and fine", () => {
  assertEquals(
    good("gateway:\n  # mode: relay\nserver:\n  tls:\ndra_pool:\n  dras:\n").config,
    defaultConfig(SECTIONS),
  );
});

Deno.test("variables are substituted in every kind of value", () => {
  const environment = { DRA: "10.0.0.9", PORT: "3999", TIMEOUT: "3s", YES: "true", DPR: "0" };
  const { gateway, dra_pool } = good(
    `
gateway: {request_timeout: "\${TIMEOUT}", strict_p_bit: "\${YES}", origin_realm: "\${REALM:-example.com}"}
dra_pool: {dpr_timeout: "\${DPR}", dras: [{host: "\${DRA}", port: "\${PORT}"}]}
`,
    environment,
  ).config;
  assertEquals([gateway.requestTimeout, gateway.strictPBit, gateway.originRealm], [3000, true, "example.com"]);
  assertEquals([dra_pool.dprTimeout, dra_pool.dras[0]?.host, dra_pool.dras[0]?.port], [0, "10.0.0.9", 3999]);
});

Deno.test("an override wins over the file, and its errors name the flag", () => {
  const file = "server: {listen: bad}\ngateway: {request_timeout: 1s}";
  const flag = "--listen";
  const { config, isSet } = good(file, {}, [{ path: ["server", "listen"], value: ["127.0.0.1:5"], flag }]);
  assertEquals(config.server.listen, [{ hostname: "127.0.0.1", port: 5 }]);
  assertEquals(config.gateway.requestTimeout, 1000);
  assertEquals([isSet("server.listen"), isSet("gateway.request_timeout"), isSet("logging.format")], [
    true,
    true,
    false,
  ]);
  assertEquals(errorsOf("", {}, [{ path: ["server", "listen"], value: ["x:"], flag }]), [
    '--listen: expected HOST:PORT, got "x:"',
  ]);
  assertEquals(
    errorsOf("", {}, [{ path: ["dra_pool", "dras"], value: [{ host: "h", port: 0 }], flag: "--dra" }]),
    ["--dra: expected a port 1..65535, got 0"],
  );
});
