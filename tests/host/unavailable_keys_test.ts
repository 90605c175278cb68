import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { SECTIONS } from "../../src/host/config.ts";
import { defaultConfig, loadConfig, plainConfig } from "../../src/ops/config/mod.ts";
import { getAt } from "../../src/ops/config/path.ts";
import { isAvailable } from "../../src/ops/config/unavailable.ts";

/**
 * A file that sets the key, and the place its error names. A row is skipped once its key is in
 * force.
 */
const SETTINGS = [
  ["gateway: {workers: 2}", "gateway.workers"],
  ["server: {tls: {cert: a, key: b}}", "server.tls"],
  ["server: {duplicate_origin_host: reject}", "server.duplicate_origin_host"],
  ["server: {allow: [{from: 10.0.0.0/8}]}", "server.allow"],
  ["server: {rate_limit: {burst: 5}}", "server.rate_limit.burst"],
  ["server: {max_in_flight: 5}", "server.max_in_flight"],
  ["dra_pool: {dras: [{host: h, tls: {ca: f}}]}", "dra_pool.dras[0].tls"],
  ["admin: {listen: 127.0.0.1:9868}", "admin.listen"],
  ["admin: {token: secret}", "admin.token"],
  ["server: {reuse_port: true}", "server.reuse_port"],
  ["admin: {hosts: [gw.example.net]}", "admin.hosts"],
] as const;

function pathOf(place: string) {
  return place.split(/[.[\]]+/).map((part) => /^\d+$/.test(part) ? Number(part) : part);
}

for (const [text, place] of SETTINGS.filter(([, place]) => !isAvailable(SECTIONS, pathOf(place)))) {
  Deno.test(`a key without effect cannot be set, and is not printed: ${place}`, () => {
    const loaded = loadConfig(SECTIONS, { file: "gw.yaml", text });
    assert(!loaded.ok);
    assertEquals(loaded.errors.length, 1);
    assertStringIncludes(loaded.errors[0] ?? "", `gw.yaml: ${place}: not available yet in this version (`);
    assertEquals(loaded.errors[0]?.includes("secret"), false);
    assertEquals(getAt(plainConfig(SECTIONS, defaultConfig(SECTIONS)), pathOf(place)), undefined);
  });
}

Deno.test("setting such a key to its default is no error", () => {
  const text = "gateway: {workers: 1}\nserver: {duplicate_origin_host: allow, allow: [], tls: , max_in_flight: 0}";
  assert(loadConfig(SECTIONS, { file: "gw.yaml", text }).ok);
});
