import { assert, assertEquals } from "@std/assert";
import { duration, flag, integer, listenAddresses, secret, text } from "../../../src/ops/config/leaves.ts";
import { list, section } from "../../../src/ops/config/mapping.ts";
import { diffConfig, liveKeys, loadConfig, reloaded, type Section } from "../../../src/ops/config/mod.ts";

interface Bakery {
  readonly bakingTime: number;
  readonly masterKey: string;
  readonly doors: readonly { readonly hostname: string; readonly port: number }[];
  readonly days: readonly number[];
  readonly ovens: readonly { readonly name: string; readonly maxHeat: number; readonly pin: string }[];
  readonly sign?: { readonly words: string };
}

const bakery: Section<"bakery", Bakery> = {
  key: "bakery",
  schema: section({
    baking_time: duration(),
    master_key: secret(),
    doors: listenAddresses(80),
    days: list(integer(1, 7), "[1, 2]"),
    ovens: list(
      section({ name: text(), max_heat: integer(0, 500), pin: secret() }, { name: "", maxHeat: 200, pin: "" }),
      "[{name: left}]",
    ),
    sign: section({ words: text() }, { words: "open" }).exactOptional(),
  }, { bakingTime: 60_000, masterKey: "", doors: [{ hostname: "::1", port: 80 }], days: [], ovens: [] }),
  named: { ovens: "name" },
  restart: ["doors", "ovens[].pin"],
};
const light: Section<"light", { readonly on: boolean; readonly dim: boolean }> = {
  key: "light",
  schema: section({ on: flag(), dim: flag() }, { on: false, dim: false }),
  unavailable: { dim: "leave it out" },
};
const SECTIONS = [bakery, light] as const;

function load(text: string) {
  const loaded = loadConfig(SECTIONS, { file: "bakery.yaml", text });
  assert(loaded.ok, loaded.ok ? "" : loaded.errors.join("\n"));
  return loaded.config;
}

const diff = (old: string, current: string) => diffConfig(SECTIONS, load(old), load(current));

Deno.test("equal configurations have no difference", () => {
  const difference = diff("bakery: {ovens: [{name: left}]}", "bakery: {ovens: [{name: left, max_heat: 200}]}");
  assertEquals(difference, { changes: [], needsRestart: [] });
});

Deno.test("changed keys are listed in the order of the keys, with both values as people write them", () => {
  const { changes } = diff(
    "bakery: {baking_time: 5s}",
    "light: {on: true}\nbakery: {baking_time: 1m, doors: [127.0.0.1:1], days: [1, 2]}",
  );
  assertEquals(changes, [
    { path: "bakery.baking_time", from: "5s", to: "60s" },
    { path: "bakery.doors", from: ["[::1]:80"], to: ["127.0.0.1:1"] },
    { path: "bakery.days", from: [], to: [1, 2] },
    { path: "light.on", from: false, to: true },
  ]);
});

Deno.test("elements with names are told apart by them, wherever they stand in the list", () => {
  const { changes } = diff(
    "bakery: {ovens: [{name: a}, {name: b}]}",
    "bakery: {ovens: [{name: c, pin: s3cret}, {name: b, max_heat: 50}]}",
  );
  assertEquals(changes, [
    { path: "bakery.ovens[a]", from: { name: "a", max_heat: 200, pin: "" }, to: undefined },
    { path: "bakery.ovens[b].max_heat", from: 200, to: 50 },
    { path: "bakery.ovens[c]", from: undefined, to: { name: "c", max_heat: 200, pin: "********" } },
  ]);
});

Deno.test("what is optional appears and goes as a whole", () => {
  assertEquals(diff("", "bakery: {sign: {}}").changes, [
    { path: "bakery.sign", from: undefined, to: { words: "open" } },
  ]);
  assertEquals(diff("bakery: {sign: {words: a}}", "bakery: {sign: {words: b}}").changes, [
    { path: "bakery.sign.words", from: "a", to: "b" },
  ]);
});

Deno.test("a changed secret shows that it changed and nothing else", () => {
  const of = (old: string, current: string) =>
    diff(`bakery: {master_key: "${old}"}`, `bakery: {master_key: "${current}"}`).changes;
  assertEquals(of("one", "two"), [{ path: "bakery.master_key", from: "********", to: "********" }]);
  assertEquals(of("", "two"), [{ path: "bakery.master_key", from: "", to: "********" }]);
  assertEquals(of("two", "two"), []);
});

Deno.test("changes that a reload cannot put into force are named, within lists too", () => {
  const { needsRestart } = diff(
    "bakery: {ovens: [{name: a}, {name: b}]}",
    "bakery: {baking_time: 2m, doors: 127.0.0.1:1, ovens: [{name: b, pin: x, max_heat: 1}, {name: c}]}",
  );
  assertEquals(needsRestart, ["bakery.doors", "bakery.ovens[b].pin"]);
});

Deno.test("the keys that a reload changes can be listed", () => {
  assertEquals(liveKeys(SECTIONS), [
    "bakery.baking_time",
    "bakery.master_key",
    "bakery.days",
    "bakery.ovens[].name",
    "bakery.ovens[].max_heat",
    "bakery.sign.words",
    "light.on",
  ]);
});

Deno.test("what needs a restart stays as it is, and is told again by the next reload", () => {
  const restart = ["doors", "sign"];
  const shop = [{ ...bakery, restart }, light] as const;
  const [old, next] = [load(""), load("bakery: {baking_time: 5s, doors: [127.0.0.1:1], sign: {words: closed}}")];
  const inForce = reloaded(shop, old, next);
  assertEquals(inForce, { ...old, bakery: { ...old.bakery, bakingTime: 5_000 } });
  assertEquals(diffConfig(shop, inForce, next).needsRestart, ["bakery.doors", "bakery.sign"]);
  assertEquals(reloaded(shop, next, old).bakery.sign, { words: "closed" });
});
