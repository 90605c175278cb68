import { assert, assertEquals } from "@std/assert";
import { DEFAULT_GRPC, transferOf } from "../../../src/grpc/config/options.ts";
import { GRPC_SECTIONS } from "../../../src/grpc/config/section.ts";
import { defaultConfig, diffConfig, liveKeys, loadConfig, printConfig, reloaded } from "../../../src/ops/config/mod.ts";

/** `text` stands below `grpc:`. */
const load = (text: string) => loadConfig(GRPC_SECTIONS, { file: "gw.yaml", text: `grpc: {${text}}` });

function good(text: string) {
  const loaded = load(text);
  assert(loaded.ok, loaded.errors.join("\n"));
  return loaded.config;
}

const problems = (text: string) => {
  const { errors, warnings } = load(text);
  return [...errors, ...warnings].map((line) => line.replace("gw.yaml: ", ""));
};

const STATIC = "a: {type: static, address: 10.0.0.1:5001}";
const DYNAMIC = "b: {type: dynamic, discoverer_url: 'http://d:8080/'}";
const CLUSTERS = `clusters: {${STATIC}, ${DYNAMIC}}`;
const ROUTE = "routes: [{prefix: /s.S/, cluster: a}]";

Deno.test("an empty section is the defaults", () => {
  assertEquals(good("").grpc, DEFAULT_GRPC);
  assertEquals(defaultConfig(GRPC_SECTIONS).grpc, DEFAULT_GRPC);
});

Deno.test("clusters have the options of their type, and defaults for the rest", () => {
  const { a, b } = good(`${CLUSTERS}, ${ROUTE}`).grpc.clusters;
  assert(a?.type === "static" && b?.type === "dynamic");
  assertEquals(a.addresses, [{ hostname: "10.0.0.1", port: 5001 }]);
  assertEquals([a.connections, a.maxConnections, a.maxInFlight, a.keepalive.interval], [1, 8, 0, 360_000]);
  assertEquals([b.discovererUrl, b.discovererInterval, b.unregisterFailed], ["http://d:8080", 5_000, true]);
  assertEquals([Object.keys(a).includes("discovererUrl"), Object.keys(b).includes("addresses")], [false, false]);
});

Deno.test("a cluster can have several addresses, and TLS by its mere name", () => {
  const { a } = good("clusters: {a: {type: static, addresses: ['x:1', '[::1]:2'], tls: {}}}").grpc.clusters;
  assert(a?.type === "static");
  assertEquals(a.addresses, [{ hostname: "x", port: 1 }, { hostname: "::1", port: 2 }]);
  assertEquals(a.tls, { ca: "", cert: "", key: "", serverName: "" });
});

Deno.test("transfer follows the balancer unless it is said", () => {
  const of = (more: string) =>
    transferOf(good(`${CLUSTERS}, routes: [{prefix: /s.S/, cluster: a${more}}]`).grpc.routes[0]!);
  assertEquals(of(""), "before_response");
  assertEquals(of(", balancer: {type: sticky_sessions, header: session-id}"), "mid_stream");
  assertEquals(of(", transfer: off"), "off");
});

const EVERYTHING = `listen: ['127.0.0.1:1', '[::1]:2'], tls: {listen: '0.0.0.0:3', cert: c, key: k},
  default: {action: use_cluster, use_cluster: b}, ${
  CLUSTERS.slice(0, -1)
}, c: {type: static, addresses: ['x:1', 'y:2'], tls: {}}},
  routes: [{prefix: /s.S/M, cluster: a, authorization: required, balancer: {type: sticky_sessions, header: x-id}, transfer: off},
    {prefix: /s.S/, cluster: b, balancer: {type: least_pending}}], auth: {jwt_secret: s3cret, clock_tolerance: 1s},
  retry: {count: 0, attempt_timeout: 250ms, buffer: 0, buffer_total: 1MiB}, limits: {resets: {burst: 7}}, max_connection_age: 1h`;

Deno.test("what is printed loads to the same, but for the secret, which is not shown", () => {
  const config = good(EVERYTHING);
  const text = printConfig(GRPC_SECTIONS, config);
  assert(!text.includes("s3cret") && !text.includes("discoverer_url: ''") && !text.includes("address: ''"), text);
  const again = loadConfig(GRPC_SECTIONS, { file: "printed.yaml", text: text.replace("********", "s3cret") });
  assert(again.ok, again.errors.join("\n"));
  assertEquals(again.config, config);
});

Deno.test("a diff names clusters and routes, and says that listeners need a restart", () => {
  const before = good(`${CLUSTERS}, ${ROUTE}, auth: {jwt_secret: one}`);
  const after = good(`clusters: {${STATIC.replace("5001", "5002")}, ${DYNAMIC}, c: {type: static, address: 'x:1'}},
    routes: [{prefix: /t.T/, cluster: b}, {prefix: /s.S/, cluster: b}], auth: {jwt_secret: two}, listen: '127.0.0.1:9'`);
  const { changes, needsRestart } = diffConfig(GRPC_SECTIONS, before, after);
  assertEquals(
    changes.map(({ path }) => path),
    [
      "grpc.listen",
      "grpc.routes[/s.S/].cluster",
      "grpc.routes[/t.T/]",
      "grpc.clusters.a.addresses",
      "grpc.clusters.c",
      "grpc.auth.jwt_secret",
    ],
  );
  assertEquals(needsRestart, ["grpc.listen"]);
  const next = reloaded(GRPC_SECTIONS, before, after).grpc;
  assertEquals([next.listen, next.routes.length, next.auth.jwtSecret], [before.grpc.listen, 2, "two"]);
});

Deno.test("everything but the listeners is live", () => {
  const keys = liveKeys(GRPC_SECTIONS);
  assertEquals(keys.filter((key) => /^grpc\.(listen|tls)/.test(key)), []);
  for (
    const key of [
      "grpc.routes[].prefix",
      "grpc.clusters.NAME.addresses",
      "grpc.clusters.NAME.discoverer_url",
      "grpc.clusters.NAME.tls.ca",
      "grpc.auth.jwt_secret",
      "grpc.retry.count",
      "grpc.sticky.max_keys",
      "grpc.limits.resets.burst",
    ]
  ) assert(keys.includes(key), key);
});

const NONE = "grpc.routes: warning: no route is configured: every call will be answered UNIMPLEMENTED";

for (
  const [text, ...expected] of [
    ["", NONE],
    [
      "colour: red",
      "grpc.colour: unknown key; known here: listen, tls, default, routes, clusters, auth, retry, sticky, " +
      "health_service, drain_timeout, keepalive, max_connection_age, max_connection_age_grace, max_connection_idle, limits",
      NONE,
    ],
    ["route: []", 'grpc.route: unknown key; did you mean "routes"?', NONE],
    [`${CLUSTERS}, ${ROUTE}, retry: {count: 11}`, "grpc.retry.count: expected a whole number 0..10, got 11"],
    [`${CLUSTERS}, ${ROUTE}, listen: []`, "grpc.listen: expected at least one HOST:PORT, got an empty list"],
    [`${CLUSTERS}, ${ROUTE}, listen: 'x:70000'`, "grpc.listen: expected a port 0..65535, got 70000"],
    [
      `${CLUSTERS}, ${ROUTE}, tls: {}`,
      "grpc.tls.listen: missing: HOST:PORT to listen on with TLS",
      "grpc.tls.cert: missing: the file of the certificate",
      "grpc.tls.key: missing: the file of the private key",
    ],
    [
      `${CLUSTERS}, routes: [{prefix: /s.S/, cluster: my_service}]`,
      'grpc.routes[0].cluster: there is no cluster "my_service"; known are a, b',
    ],
    [
      `clusters: {auth: {type: static, address: 'x:1'}}, routes: [{prefix: /s.S/, cluster: auht}]`,
      'grpc.routes[0].cluster: there is no cluster "auht"; known are auth; did you mean "auth"?',
    ],
    [
      "routes: [{prefix: /s.S/, cluster: x}]",
      'grpc.routes[0].cluster: there is no cluster "x"; none is configured (give clusters)',
    ],
    [
      `${CLUSTERS}, routes: [{}]`,
      'grpc.routes[0].prefix: missing: the beginning of method names, such as "/pkg.Service/"',
      "grpc.routes[0].cluster: missing: where calls go; known are a, b",
    ],
    [
      `${CLUSTERS}, routes: [{prefix: s.S/, cluster: a}]`,
      'grpc.routes[0].prefix: expected the beginning of a full method name, such as "/my_service.MyServiceAPI/", got "s.S/"',
    ],
    [
      `${CLUSTERS}, routes: [{prefix: /s.S/, cluster: a}, {prefix: /s.S/, cluster: b}]`,
      "grpc.routes[1].prefix: expected each prefix once, got that of routes[0] again",
    ],
    [
      `${CLUSTERS}, routes: [{prefix: /s.S/, cluster: a, authorization: yes please}]`,
      'grpc.routes[0].authorization: expected none or required, got "yes please"',
    ],
    [
      `${CLUSTERS}, routes: [{prefix: /s.S/, cluster: a, balancer: {type: sticky_sessions}}]`,
      "grpc.routes[0].balancer.header: missing: the header whose values stay with an instance, such as session-id",
    ],
    [
      `${CLUSTERS}, routes: [{prefix: /s.S/, cluster: a, balancer: {type: sticky_sessions, header: Session-Id}}]`,
      'grpc.routes[0].balancer.header: expected the name of a header in lower case, such as session-id, got "Session-Id"',
    ],
    [
      `${CLUSTERS}, routes: [{prefix: /s.S/, cluster: a, balancer: {type: random}}]`,
      'grpc.routes[0].balancer.type: expected round_robin, least_pending or sticky_sessions, got "random"',
    ],
    [
      `${CLUSTERS}, routes: [{prefix: /s.S/, cluster: a, balancer: {header: x}}]`,
      "grpc.routes[0].balancer.header: warning: has no effect with round_robin",
    ],
    [
      `${CLUSTERS}, ${ROUTE}, default: {action: use_cluster}`,
      "grpc.default.use_cluster: missing: the cluster to use; known are a, b",
    ],
    [
      `${CLUSTERS}, ${ROUTE}, default: {action: use_cluster, use_cluster: other}`,
      'grpc.default.use_cluster: there is no cluster "other"; known are a, b',
    ],
    [
      `${CLUSTERS}, ${ROUTE}, default: {use_cluster: a}`,
      "grpc.default.use_cluster: warning: has no effect: default.action is error",
    ],
    [`clusters: {a: {}}, ${ROUTE}`, "grpc.clusters.a.type: missing: static or dynamic"],
    [`clusters: {a: {type: auto}}, ${ROUTE}`, 'grpc.clusters.a.type: expected static or dynamic, got "auto"'],
    [
      `clusters: {a: {type: static}}, ${ROUTE}`,
      "grpc.clusters.a.address: missing: HOST:PORT of the backend (or addresses, with several)",
    ],
    [
      `clusters: {a: {type: static, address: 'x:1', addresses: ['y:1']}}, ${ROUTE}`,
      "grpc.clusters.a.address: cannot be used beside addresses",
    ],
    [
      `clusters: {a: {type: static, addresses: ['y:1', 'Y:1']}}, ${ROUTE}`,
      "grpc.clusters.a.addresses[1]: the same address again",
    ],
    [
      `clusters: {a: {type: static, address: backend}}, ${ROUTE}`,
      'grpc.clusters.a.address: expected HOST:PORT of a backend, such as 10.0.0.1:5001, got "backend"',
    ],
    [
      `clusters: {a: {type: static, address: 'x:0'}}, ${ROUTE}`,
      "grpc.clusters.a.address: expected a port 1..65535, got 0",
    ],
    [
      `clusters: {a: {type: dynamic}}, ${ROUTE}`,
      "grpc.clusters.a.discoverer_url: missing: the URL of the discoverer, such as http://discoverer:8080",
    ],
    [
      `clusters: {a: {type: dynamic, discoverer_url: 'd:8080'}}, ${ROUTE}`,
      'grpc.clusters.a.discoverer_url: expected a URL such as http://discoverer:8080, got "d:8080"',
    ],
    [
      `clusters: {a: {type: dynamic, discoverer_url: 'http://d', discoverer_interval_ms: 99}}, ${ROUTE}`,
      "grpc.clusters.a.discoverer_interval_ms: expected a whole number 100..3600000, got 99",
    ],
    [
      `clusters: {a: {type: dynamic, discoverer_url: 'http://d', address: 'x:1'}}, ${ROUTE}`,
      "grpc.clusters.a.address: belongs to a cluster of type static, and this one is dynamic",
    ],
    [
      `clusters: {a: {type: static, address: 'x:1', discoverer_ulr: x}}, ${ROUTE}`,
      'grpc.clusters.a.discoverer_ulr: unknown key; did you mean "discoverer_url"?',
    ],
    [
      `clusters: {a: {type: static, address: 'x:1', max_connections: 2, connections: 3}}, ${ROUTE}`,
      "grpc.clusters.a.max_connections: expected at least connections (3), got 2",
    ],
    [
      `clusters: {a: {type: static, address: 'x:1', backoff: {max: 10ms}}}, ${ROUTE}`,
      "grpc.clusters.a.backoff.max: expected at least backoff.initial (500ms), got 10ms",
    ],
    [
      `clusters: {a: {type: static, address: 'x:1', tls: {cert: c}}}, ${ROUTE}`,
      "grpc.clusters.a.tls: a client certificate takes both cert and key",
    ],
    [
      `clusters: {'a b': {type: static, address: 'x:1'}, ${STATIC}}, ${ROUTE}`,
      "grpc.clusters.a b: expected a name of letters, digits, dots, hyphens and underscores",
    ],
    [
      `clusters: [], ${ROUTE}`,
      "grpc.clusters: expected a mapping of names such as {my_service: {type: static, address: 127.0.0.1:5001}}, got a list",
      'grpc.routes[0].cluster: there is no cluster "a"; none is configured (give clusters)',
    ],
    [
      `${CLUSTERS}, routes: [{prefix: /s.S/, cluster: a, authorization: required}]`,
      "grpc.auth.jwt_secret: missing: routes[0] requires authorization (JWT_SECRET gives it to serve grpc)",
    ],
    [
      `${CLUSTERS}, routes: [{prefix: /s.S/Login, cluster: a}]`,
      "grpc.routes[0].prefix: warning: opens longer method names without authorization too, such as /s.S/LoginX",
    ],
    [`${CLUSTERS}, routes: [{prefix: /, cluster: a}, {prefix: /s., cluster: a}, {prefix: /s.S/, cluster: a}]`],
  ] as const
) {
  Deno.test(`a person who wrote {${text}} is told ${expected.length === 0 ? "nothing" : expected[0]}`, () => {
    assertEquals(problems(text), [...expected]);
  });
}
