import { assert, assertEquals } from "@std/assert";
import { parse } from "@std/yaml";
import { SECTIONS } from "../../src/host/config.ts";
import { defaultConfig, loadConfig, plainConfig } from "../../src/ops/config/mod.ts";
import { isMapping } from "../../src/ops/config/path.ts";

const read = (name: string) => Deno.readTextFileSync(new URL(`../../config/${name}`, import.meta.url));

function load(name: string) {
  const loaded = loadConfig(SECTIONS, { file: name, text: read(name) });
  assert(loaded.ok, loaded.ok ? "" : loaded.errors.join("\n"));
  return loaded;
}

function keysOf(tree: unknown, path = ""): string[] {
  if (Array.isArray(tree)) return tree.some(isMapping) ? keysOf(tree[0], `${path}[]`) : [path];
  if (!isMapping(tree)) return [path];
  return Object.entries(tree).flatMap(([key, below]) => keysOf(below, path === "" ? key : `${path}.${key}`));
}

Deno.test("the annotated configuration is the defaults, and one DRA", () => {
  const { config, warnings } = load("diam-gw.yaml");
  const dra = {
    name: "dra-1",
    host: "10.0.1.100",
    port: 3868,
    priority: 1,
    weight: 100,
    originHost: "",
    bind: "",
    accept: true,
    maxRequestsPerSecond: 0,
  };
  const defaults = defaultConfig(SECTIONS);
  assertEquals(config, { ...defaults, dra_pool: { ...defaults.dra_pool, dras: [dra] } });
  assertEquals(warnings, []);
});

Deno.test("the annotated configuration names every key that is in force, in order, and no other", () => {
  assertEquals(keysOf(parse(read("diam-gw.yaml"))), keysOf(plainConfig(SECTIONS, load("diam-gw.yaml").config)));
});

Deno.test("the example with two DRAs loads without a warning", () => {
  const { config, warnings } = load("two-dras.yaml");
  assertEquals(config.dra_pool.dras.map(({ name, host, priority }) => [name, host, priority]), [
    ["dra-east", "10.0.1.100", 1],
    ["dra-west", "10.0.2.100", 2],
  ]);
  assertEquals(warnings, []);
});
