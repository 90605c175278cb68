import { assert, assertEquals } from "@std/assert";
import { flag, integer, secret } from "../../../src/ops/config/leaves.ts";
import { loadTree, readTree } from "../../../src/ops/config/load.ts";
import { byName, section } from "../../../src/ops/config/mapping.ts";
import {
  diffConfig,
  type Layout,
  liveKeys,
  plainConfig,
  printConfig,
  valuesOfKind,
} from "../../../src/ops/config/mod.ts";

const room = section({ seats: integer(1, 9), code: secret() }, { seats: 2, code: "" });
const house = {
  key: "house",
  schema: section({ rooms: byName(room, "{kitchen: {seats: 2}}"), lit: flag() }, { rooms: {}, lit: false }),
} as const;
const door = { key: "door", schema: section({ open: flag() }, { open: false }) } as const;
const SECTIONS = [house, door] as const;

function load(text: string, layout: Partial<Layout<typeof SECTIONS>> = {}) {
  return loadTree({ sections: SECTIONS, ...layout }, readTree(text), { file: "house.yaml" });
}

function good(...args: Parameters<typeof load>) {
  const loaded = load(...args);
  assert(loaded.ok, loaded.errors.join("\n"));
  return loaded.config;
}

const OPEN = { open: "house", notOpen: ["garden"] };

Deno.test("things by name have names that people give, and the defaults of each", () => {
  const config = good("house: {rooms: {kitchen: , Hall.2: {seats: 3}}}");
  assertEquals(config.house.rooms, { kitchen: { seats: 2, code: "" }, "Hall.2": { seats: 3, code: "" } });
});

Deno.test("what is wrong below a name is told with that name, and what is known there", () => {
  assertEquals(load("house: {rooms: {hall: {seat: 1}, attic: {seats: 0}}}").errors, [
    'house.yaml: house.rooms.hall.seat: unknown key; did you mean "seats"?',
    "house.yaml: house.rooms.attic.seats: expected a whole number 1..9, got 0",
  ]);
});

Deno.test("things by name are compared by name, printed, and keep their secrets", () => {
  const [before, after] = [
    good("house: {rooms: {a: {}, b: {}}}"),
    good("house: {rooms: {b: {seats: 4}, c: {code: x}}}"),
  ];
  assertEquals(diffConfig(SECTIONS, before, after).changes.map(({ path }) => path), [
    "house.rooms.a",
    "house.rooms.b.seats",
    "house.rooms.c",
  ]);
  assertEquals(liveKeys(SECTIONS), ["house.rooms.NAME.seats", "house.rooms.NAME.code", "house.lit", "door.open"]);
  assert(!printConfig(SECTIONS, after).includes("x"));
  assertEquals(valuesOfKind(SECTIONS, after, "secret"), [{ path: ["house", "rooms", "c", "code"], value: "x" }]);
});

Deno.test("the keys of an open section stand at the top, beside other sections", () => {
  const open = good("rooms: {a: {seats: 3}}\nlit: true\ndoor: {open: true}", OPEN);
  const closed = good("house: {rooms: {a: {seats: 3}}, lit: true}\ndoor: {open: true}");
  assertEquals(open, closed);
  assertEquals(plainConfig(SECTIONS, open), plainConfig(SECTIONS, closed));
});

Deno.test("what is wrong in an open section is told without its name", () => {
  assertEquals(load("rooms: {a: {seats: 0}}\nlid: true\ndor: {}\ngarden: {}", OPEN).errors, [
    "house.yaml: rooms.a.seats: expected a whole number 1..9, got 0",
    'house.yaml: lid: unknown key; did you mean "lit"?',
    'house.yaml: dor: unknown key; did you mean "door"?',
    "house.yaml: garden: unknown key; known here: house, door",
  ]);
});

Deno.test("keys for somebody else are not looked at, and may be meant", () => {
  good("garden: 7\ndoor: {}", { ignored: ["garden"] });
  assertEquals(load("gardn: 7", { others: ["garden"] }).errors, [
    'house.yaml: gardn: unknown key; did you mean "garden"?',
  ]);
});

Deno.test("what is wrong with the top as such comes first, and nothing below it is looked at", () => {
  const problems = [{ path: ["door"], message: "stands here" }];
  assertEquals(load("door: {open: 7}\nhouse: {lit: 7}", { problems }).errors, [
    "house.yaml: door: stands here",
    "house.yaml: house.lit: expected true or false, got 7",
  ]);
});
