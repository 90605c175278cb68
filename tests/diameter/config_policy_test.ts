import { assert, assertEquals } from "@std/assert";
import { loadPolicy, optionsOf } from "../support/policy.ts";
import { DIAMETER_SECTIONS } from "../../src/diameter/config.ts";
import { plainConfig, printConfig } from "../../src/ops/config/mod.ts";
import { loadConfig } from "../../src/ops/config/mod.ts";

const ROUTE = "routing: {routes: [{name: r, pool: default}]}";

const WRONG: readonly (readonly [string, string])[] = [
  ["routing: {routes: [{name: r}]}", "routing.routes[0]: expected either pool or reject, got neither"],
  [
    "routing: {routes: [{name: r, pool: default, reject: 3003}]}",
    "routing.routes[0]: expected either pool or reject, got both",
  ],
  ["routing: {routes: [{pool: default}]}", "routing.routes[0].name: missing: a name, which logs and metrics show"],
  [
    "routing: {routes: [{name: none, pool: default}]}",
    "routing.routes[0].name: none is a name that means something else: choose another",
  ],
  [
    "routing: {routes: [{name: r, pool: default, match: {command: 1}}, {name: r, pool: default}]}",
    "routing.routes[1].name: the name r is given twice",
  ],
  [
    "routing: {routes: [{name: r, pool: defalt}]}",
    'routing.routes[0].pool: there is no pool "defalt"; did you mean "default"?',
  ],
  [
    "routing: {routes: [{name: r, pool: default, fallback: [x]}]}",
    'routing.routes[0].fallback[0]: there is no pool "x"; there are default',
  ],
  [
    "routing: {pools: [{name: p, dras: []}]}",
    "routing.pools[0].dras: pool p is empty: name DRAs of dra_pool.dras",
  ],
  [
    "routing: {pools: [{name: p, dras: [dra-9]}]}",
    'routing.pools[0].dras[0]: there is no DRA "dra-9"; did you mean "dra-1"?',
  ],
  ["routing: {pools: [{name: p, dras: [dra-1, dra-1]}]}", "routing.pools[0].dras[1]: dra-1 is in this pool twice"],
  ["routing: {default: {pool: x}}", 'routing.default: there is no pool "x"; there are default'],
  ["routing: {default: {reject: 2001}}", "routing.default: expected {pool: NAME} or {reject: 3003}, got a mapping"],
  [
    "routing: {routes: [{name: r, reject: 6000}]}",
    'routing.routes[0].reject: expected a failing result code 3000..5999, or {code: 3003, message: "..."}, got 6000',
  ],
  [
    "routing: {routes: [{name: r, pool: default, rewrite: {destination_realm: a.b}}]}",
    "routing.routes[0].rewrite: changes requests, which only a proxy may (RFC 6733 2.8.2): set routing.allow_proxy_acts to true",
  ],
  [
    "gateway: {mode: transparent}\nrouting: {allow_proxy_acts: true, routes: [{name: r, pool: default, rewrite: {destination_realm: a.b}}]}",
    "routing.routes[0].rewrite: gateway.mode transparent changes no message: leave rewrite out, or set mode to relay",
  ],
  [
    "routing: {routes: [{name: r, pool: default, answer_timout: 1s}]}",
    'routing.routes[0].answer_timout: unknown key; did you mean "answer_timeout"?',
  ],
  [
    "routing: {routes: [{name: r, pool: default, match: {origin_hst: a}}]}",
    'routing.routes[0].match.origin_hst: unknown key; did you mean "origin_host"?',
  ],
  [
    "routing: {routes: [{name: r, pool: default, match: {avps: [{path: User-Nam, exact: x}]}}]}",
    'routing.routes[0].match.avps[0].path: expected an AVP such as User-Name or 443[450=1]/444; User-Nam names "User-Nam", which no specification here has; did you mean "User-Name"?',
  ],
  ["limits: [{name: l}]", "limits[0].requests_per_second: missing: how many requests may come in a second"],
  [
    "limits: [{name: l, requests_per_second: 1, per: ap}]",
    'limits[0].per: expected all, app, origin_realm or destination_realm, got "ap"; did you mean "app"?',
  ],
  [
    "screening: {rules: [{name: s, applications: [nosuch]}]}",
    'screening.rules[0].applications: expected a number, "lo-hi" or the name of an application, got "nosuch", which no specification here has; give its number',
  ],
];

for (const [text, expected] of WRONG) {
  Deno.test(`RT13 ${expected.slice(0, 90)}`, async () => {
    const loaded = await loadPolicy(text);
    assert(!loaded.ok, "it was taken");
    assertEquals(loaded.errors.map((line) => line.replace(/^gw\.yaml: | \(line.*$/g, "")), [expected]);
  });
}

Deno.test("RT13 all that is wrong is told at once", async () => {
  const loaded = await loadPolicy(
    "routing: {pools: [{name: p, dras: [x]}], routes: [{name: r, pool: q, match: {avps: [{path: Nope, exact: 1}]}}]}",
  );
  assertEquals(loaded.errors.length, 3);
});

Deno.test("RT13 there are 1000 routes at most", async () => {
  const routes = Array.from({ length: 1001 }, (_, i) => `{name: r${i}, match: {command: ${i}}, pool: default}`);
  const loaded = await loadPolicy(`routing: {routes: [${routes.join(", ")}]}`);
  assertEquals(loaded.errors, ["gw.yaml: routing.routes: expected at most 1000, got 1001"]);
});

Deno.test("RT1 RT8 a route that is never reached, and a proxy that says it is a relay, are warned about", async () => {
  const loaded = await loadPolicy(
    "routing: {allow_proxy_acts: true, routes: [{name: a, pool: default, rewrite: {destination_host: ''}}, {name: b, pool: default}]}",
  );
  assert(loaded.ok, loaded.errors.join("\n"));
  assertEquals(loaded.warnings.map((line) => line.replace(/^gw\.yaml: /, "").replace("warning: ", "").slice(0, 40)), [
    "routing.routes[1]: is never reached: rou",
    "routing.allow_proxy_acts: a gateway that",
  ]);
});

Deno.test("what is printed of routes, limits and rules loads to the same again, and has what was left out left out", async () => {
  const text = `
dra_pool: {dras: [{name: dra-1, host: h}]}
routing:
  pools: [{name: p, dras: [dra-1]}, {name: q, dras: [{name: dra-1, priority: 2, weight: 5}], balance: least_pending}]
  routes:
    - {name: a, match: {destination_realm: [x.y, {regex: "z$"}], command: 324, avps: [{path: "1", range: ["1", "2"]}]}, pool: p, fallback: [q], answer_timeout: 2s}
    - {name: b, reject: 3003}
  default: {reject: {code: 5003, message: no}}
limits: [{name: l, match: {app: "*.x"}, per: app, requests_per_second: 5}]
screening: {mode: log, rules: [{name: s, peers: ["*.x"], applications: [s6a], action: allow}]}
`;
  const loaded = await loadPolicy(text);
  assert(loaded.ok, loaded.errors.join("\n"));
  const printed = printConfig(DIAMETER_SECTIONS, loaded.config);
  const again = loadConfig(DIAMETER_SECTIONS, { file: "again.yaml", text: printed });
  assert(again.ok, again.errors.join("\n"));
  assertEquals(again.config, loaded.config);
  const { routing } = plainConfig(DIAMETER_SECTIONS, loaded.config) as {
    routing: { routes: object[]; pools: object[] };
  };
  assertEquals(routing.routes[1], {
    name: "b",
    fallback: [],
    reject: 3003,
    ignore_destination_host: false,
    never_retry: false,
  });
  assertEquals(routing.pools[0], { name: "p", dras: ["dra-1"], balance: "", hash_key: "session_id" });
});

Deno.test("RT14 a route without more says nothing of times: those of the gateway hold", async () => {
  const { routing: { routes } } = await optionsOf(ROUTE);
  assertEquals(routes, [{ name: "r", pool: "default", fallback: [], ignoreDestinationHost: false, neverRetry: false }]);
});
