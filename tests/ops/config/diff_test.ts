import { assert, assertEquals } from "@std/assert";
import { type Config, defaultConfig, diffConfig, loadConfig } from "../../../src/ops/config/mod.ts";

function load(text: string): Config {
  const loaded = loadConfig({ file: "gw.yaml", text });
  assert(loaded.ok, loaded.ok ? "" : loaded.errors.join("\n"));
  return loaded.config;
}

Deno.test("equal configurations have no difference", () => {
  assertEquals(
    diffConfig(load("dra_pool: {dras: [{host: h}]}"), load("dra_pool: {dras: [{host: h, port: 3868}]}")),
    [],
  );
});

Deno.test("changed keys are listed with both values as people write them", () => {
  const changes = diffConfig(
    load("gateway: {request_timeout: 5s}"),
    load("gateway: {request_timeout: 1m}\nserver: {listen: [127.0.0.1:1]}\nlogging: {requests: true}"),
  );
  assertEquals(changes, [
    { path: "gateway.request_timeout", from: "5s", to: "60s" },
    { path: "server.listen", from: ["127.0.0.1:3868"], to: ["127.0.0.1:1"] },
    { path: "logging.requests", from: false, to: true },
  ]);
});

Deno.test("DRAs are told apart by name, wherever they stand in the list", () => {
  const changes = diffConfig(
    load("dra_pool: {dras: [{name: a, host: h1}, {name: b, host: h2}]}"),
    load("dra_pool: {dras: [{name: c, host: h3}, {name: b, host: h2, weight: 50}]}"),
  );
  assertEquals(changes.map(({ path }) => path), [
    "dra_pool.dras[a]",
    "dra_pool.dras[b].weight",
    "dra_pool.dras[c]",
  ]);
  assertEquals([changes[0]?.to, changes[1]?.from, changes[1]?.to, changes[2]?.from], [undefined, 100, 50, undefined]);
});

Deno.test("a changed secret shows that it changed and nothing else", () => {
  const withToken = (token: string): Config => ({ ...defaultConfig(), admin: { listen: null, token } });
  assertEquals(diffConfig(withToken("one"), withToken("two")), [{
    path: "admin.token",
    from: "********",
    to: "********",
  }]);
  assertEquals(diffConfig(withToken(""), withToken("two")), [{ path: "admin.token", from: "", to: "********" }]);
});
