import { assertEquals, assertStringIncludes } from "@std/assert";
import { request } from "../../support/raw_message.ts";
import { runMain } from "../run_main.ts";

const EXAMPLE = new URL("../../../config/examples/imsi-ranges.yaml", import.meta.url).pathname;
const hex = (imsi: string) => request({ session: "s;1", more: (b) => void b.text(1, imsi) }).toHex();
const EAST = hex("262010123456789");

Deno.test("explain says which route a message takes, why not those before it, and who is asked in which order", async () => {
  const { code, stdout, stderr } = await runMain(["explain", "-c", EXAMPLE, "--down", "east-1", EAST]);
  assertEquals([code, stderr, stdout], [
    0,
    "",
    `request     command 324 of application 16777252
            Origin-Host client.example.net, Destination-Realm hss.example.net, Destination-Host none
            Session-Id s;1
routes      no   test-cards: User-Name: expected 262010000000001 or 262010000000002, got "262010123456789"
            yes  east: all its conditions hold
takes       route east, pool east
DRAs        1  east-2: candidate, pool east, priority 1, weight 100
            2  west-1: fallback, pool west, priority 1, weight 100
            3  west-2: fallback, pool west, priority 2, weight 100
            -  east-1: rejected, is taken to be down
goes to     east-2
`,
  ]);
});

Deno.test("explain --json has the members that scripts know, and tells the answer of a route that rejects", async () => {
  const file = await Deno.makeTempFile({ suffix: ".bin" });
  await Deno.writeFile(file, Uint8Array.fromHex(hex("310410")));
  const { code, stdout } = await runMain(["explain", "-c", EXAMPLE, "--json", "--app", "a.example.com", file]);
  await Deno.remove(file);
  const found = JSON.parse(stdout);
  assertEquals([code, Object.keys(found)], [
    0,
    ["request", "routes", "route", "action", "pool", "candidates", "answer"],
  ]);
  assertEquals([found.route, found.action, found.pool, found.candidates], ["default", "reject", null, []]);
  assertEquals(found.answer, { code: 3003, reason: "route_reject" });
  assertEquals(found.routes.length, 5);
});

Deno.test("explain fails with exit code 1 when what is expected is not so, and 0 when it is", async () => {
  const met = await runMain(["explain", "-c", EXAMPLE, "--expect-route", "east", "--expect-dra", "east-2", EAST]);
  assertEquals([met.code, met.stderr], [0, ""]);
  const unmet = await runMain(["explain", "-c", EXAMPLE, "--expect-route", "west", "--expect-dra", "west-1", EAST]);
  assertEquals([unmet.code, unmet.stderr], [
    1,
    "--expect-route: expected west, got east\n--expect-dra: expected west-1, got east-1 or east-2\n",
  ]);
});

const HUB = new URL("../../../config/examples/roaming-hub.yaml", import.meta.url).pathname;
const FROM = { originHost: "mme1.example.com" };
const CHECKED = request({
  ...FROM,
  session: "mme1.example.com;1;7",
  destinationRealm: "example.com",
  more: (b) => void b.text(1, "262015123456789"),
}).toHex();
const TRANSIT = request({
  originHost: "mme.north.example",
  session: "mme1.example.com;1;8",
  application: 16_777_251,
  command: 316,
  destinationRealm: "epc.mnc021.mcc235.3gppnetwork.org",
}).toHex();

const SHOWN: readonly (readonly string[])[] = [
  ["-c", EXAMPLE, CHECKED],
  ["-c", EXAMPLE, "--down", "west-1", "--down", "west-2", CHECKED],
  ["-c", HUB, "--app", "mme.north.example", "--listener", "127.0.0.1:3869", TRANSIT],
];

Deno.test("docs/ROUTING.md shows what explain says", async () => {
  const text = await Deno.readTextFile(new URL("../../../docs/ROUTING.md", import.meta.url));
  for (const args of SHOWN) {
    const { stdout } = await runMain(["explain", ...args]);
    assertStringIncludes(text, stdout.trimEnd().split("\n").map((line) => `    ${line}`).join("\n"));
  }
});

const BAD: readonly (readonly [string, readonly string[], string])[] = [
  ["no message", ["-c", EXAMPLE], "expected explain"],
  ["no digits", ["-c", EXAMPLE, "xyz"], "xyz"],
  ["half a message", ["-c", EXAMPLE, EAST.slice(0, 60)], "its header says"],
  ["a DRA that there is not", ["-c", EXAMPLE, "--down", "east-9", EAST], 'there is no DRA "east-9"'],
  ["an address that is none", ["-c", EXAMPLE, "--listener", "x:y", EAST], "--listener"],
  ["an answer", ["-c", EXAMPLE, `${EAST.slice(0, 8)}40${EAST.slice(10)}`], "expected a request"],
];

for (const [what, args, said] of BAD) {
  Deno.test(`explain ends with exit code 2 for ${what}, and says what is wrong`, async () => {
    const { code, stderr } = await runMain(["explain", ...args], { DIAM_GW_CONFIG: "" });
    assertEquals(code, 2);
    assertStringIncludes(stderr, said);
  });
}
