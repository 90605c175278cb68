import { assert, assertEquals } from "@std/assert";
import * as z from "zod";
import { duration, integer, listenAddresses, pemFile, secret, text } from "../../../src/ops/config/leaves.ts";
import { list, section } from "../../../src/ops/config/mapping.ts";
import {
  defaultConfig,
  loadConfig,
  plainConfig,
  printConfig,
  type Section,
  valuesOfKind,
} from "../../../src/ops/config/mod.ts";

interface Shop {
  readonly listen: readonly { readonly hostname: string; readonly port: number }[];
  readonly openFor: number;
  readonly noticeTime: number;
  readonly bigTCPDoor: number;
  readonly tls?: { readonly cert: string; readonly clientCa: string };
  readonly staff: readonly { readonly firstName: string; readonly pin: string }[];
}

interface Whole {
  readonly shop: Shop;
  readonly till: { readonly limit: number };
}

const shop: Section<"shop", Shop, Whole> = {
  key: "shop",
  schema: section(
    {
      listen: listenAddresses(80),
      open_for: duration(),
      notice_time: duration(0),
      big_tcp_door: integer(0, 9),
      tls: section({ cert: pemFile(), client_ca: pemFile() }, { cert: "", clientCa: "" }).exactOptional(),
      staff: list(section({ first_name: text(), pin: secret() }, { firstName: "", pin: "" }), "[{first_name: Eve}]"),
    },
    {
      listen: [{ hostname: "127.0.0.1", port: 80 }],
      openFor: 60_000,
      noticeTime: 10_000,
      bigTCPDoor: 1,
      staff: [],
    },
    { big_tcp_door: "bigTCPDoor" },
  ),
  *check({ shop, till }, isSet) {
    if (shop.staff.length > till.limit) {
      yield { path: ["shop", "staff"], message: `more than ${till.limit}`, with: [["till", "limit"]] };
    }
    if (isSet(["shop", "open_for"])) yield { path: ["shop", "open_for"], message: "set", warning: true };
  },
  settle: (shop) => shop.noticeTime < shop.openFor ? shop : { ...shop, noticeTime: shop.openFor / 2 },
};
const till: Section<"till", { readonly limit: number }> = {
  key: "till",
  schema: section({ limit: integer(0, 9) }, { limit: 2 }),
};
const door: Section<"door", { readonly listen: Shop["listen"] }> = {
  key: "door",
  schema: section({ listen: listenAddresses(81) }, { listen: [{ hostname: "127.0.0.1", port: 81 }] }),
};
const SECTIONS = [shop, till, door] as const;

const load = (text: string) => loadConfig(SECTIONS, { file: "shop.yaml", text });

function good(text: string) {
  const loaded = load(text);
  assert(loaded.ok, loaded.errors.join("\n"));
  return loaded;
}

const EVERYTHING = `
shop:
  listen: "[::1]:8080"
  open_for: 5s
  big_tcp_door: 3
  tls: {cert: a.pem}
  staff: [{first_name: Eve, pin: "12"}, {}]
`;

Deno.test("a section is decoded to the options of the code, by their names", () => {
  assertEquals(good(EVERYTHING).config.shop, {
    listen: [{ hostname: "::1", port: 8080 }],
    openFor: 5_000,
    noticeTime: 2_500,
    bigTCPDoor: 3,
    tls: { cert: "a.pem", clientCa: "" },
    staff: [{ firstName: "Eve", pin: "12" }, { firstName: "", pin: "" }],
  });
});

Deno.test("what an empty file gives is the defaults themselves, and what is optional is absent", () => {
  assertEquals(defaultConfig(SECTIONS).shop, {
    listen: [{ hostname: "127.0.0.1", port: 80 }],
    openFor: 60_000,
    noticeTime: 10_000,
    bigTCPDoor: 1,
    staff: [],
  });
  assertEquals(good("shop:\n  tls:\n  staff:\n  listen:\n").config, defaultConfig(SECTIONS));
});

Deno.test("it is printed as people write it, wherever a secret stands without that", () => {
  const plain = plainConfig(SECTIONS, good(EVERYTHING).config);
  assertEquals(plain, {
    shop: {
      listen: ["[::1]:8080"],
      open_for: "5s",
      notice_time: "2500ms",
      big_tcp_door: 3,
      tls: { cert: "a.pem", client_ca: "" },
      staff: [{ first_name: "Eve", pin: "********" }, { first_name: "", pin: "" }],
    },
    till: { limit: 2 },
    door: { listen: ["127.0.0.1:81"] },
  });
  const { config } = good(EVERYTHING.replace("12", ""));
  assertEquals(good(printConfig(SECTIONS, config)).config, config);
});

Deno.test("a check sees the other sections, and is not heard where what it looks at is wrong", () => {
  const three = "shop: {staff: [{}, {}, {}]}";
  assertEquals(load(three).errors, ["shop.yaml: shop.staff: more than 2"]);
  assertEquals(load(`${three}\ntill: {limit: 3}`).errors, []);
  assertEquals(load(`${three}\ntill: {limit: x}`).errors, [
    'shop.yaml: till.limit: expected a whole number 0..9, got "x"',
  ]);
  assertEquals(good("shop: {open_for: 60s}").warnings, ["shop.yaml: shop.open_for: warning: set"]);
});

Deno.test("unknown keys are compared with those of every section", () => {
  assertEquals(load("shop: {opne_for: 1s}\nlimit: 1\nshop2: 1").errors, [
    'shop.yaml: shop.opne_for: unknown key; did you mean "open_for"?',
    "shop.yaml: limit: unknown key; did you mean till.limit?",
    'shop.yaml: shop2: unknown key; did you mean "shop"?',
  ]);
  assertEquals(load("3").errors, ["shop.yaml: expected a mapping of shop, till, door, got 3"]);
});

Deno.test("no two sections listen on one address; a default that is taken is only worth a warning", () => {
  assertEquals(load("shop: {listen: 127.0.0.1:82}\ndoor: {listen: [127.0.0.1:82]}").errors, [
    "shop.yaml: door.listen[0]: 127.0.0.1:82 is listened on twice",
  ]);
  assertEquals(good("shop: {listen: 127.0.0.1:81}").warnings, [
    "shop.yaml: door.listen: warning: 127.0.0.1:81 is listened on twice",
  ]);
  assertEquals(good("shop: {listen: 127.0.0.1:0}\ndoor: {listen: 127.0.0.1:0}").warnings, []);
});

Deno.test("values of a kind are found wherever they stand", () => {
  assertEquals(valuesOfKind(SECTIONS, good(EVERYTHING).config, "pem"), [
    { path: ["shop", "tls", "cert"], value: "a.pem" },
  ]);
  assertEquals(valuesOfKind(SECTIONS, defaultConfig(SECTIONS), "pem"), []);
});

Deno.test("a schema that does not fit the options does not compile", () => {
  const options: z.ZodType<{ readonly maxHeat: number }> = section({ max_heat: integer(0, 1) }, { maxHeat: 1 });
  // @ts-expect-error the key is missing
  const missing: z.ZodType<{ readonly maxHeat: number }> = section({ heat: integer(0, 1) }, { heat: 1 });
  // @ts-expect-error the kind is another
  const other: z.ZodType<{ readonly maxHeat: number }> = section({ max_heat: text() }, { maxHeat: "" });
  // @ts-expect-error the default is missing
  section({ max_heat: integer(0, 1) }, {});
  assertEquals([options, missing, other].map((schema) => Object.keys(Object(schema.parse({})))), [
    ["maxHeat"],
    ["heat"],
    ["maxHeat"],
  ]);
});
