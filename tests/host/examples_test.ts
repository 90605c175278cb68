/** The examples of routing, as `check` reads them and as a gateway would decide by them. */
import { assert, assertEquals } from "@std/assert";
import { gatewayOptions } from "../../src/diameter/config.ts";
import { explainOffline } from "../../src/diameter/relay/explain.ts";
import { diameterConfig, readWholeConfig } from "../../src/host/config.ts";
import type { MessageBuilder } from "../../src/diameter/wire/message_builder.ts";
import { type RawRequest, request } from "../support/raw_message.ts";

interface Case {
  readonly wish: RawRequest;
  readonly app?: string;
  readonly listener?: number;
  readonly down?: readonly string[];
  /** Route, and the DRAs that are asked first, or the code of the answer. */
  readonly found: readonly [string, string | number];
}

const user = (imsi: string, wish: RawRequest = {}): RawRequest => ({
  ...wish,
  more: (b) => void b.text(1, imsi),
});
const octets = (...bytes: number[]) => new Uint8Array(bytes);
/** A Subscription-Id with an IMSI of 15 digits. */
const charged = (imsi: string): RawRequest => ({
  application: 4,
  command: 272,
  more: (b: MessageBuilder) =>
    void b.octets(
      443,
      octets(0, 0, 1, 194, 64, 0, 0, 12, 0, 0, 0, 1, 0, 0, 1, 188, 64, 0, 0, 23, ...new TextEncoder().encode(imsi), 0),
    ),
});

const CASES: Readonly<Record<string, readonly Case[]>> = {
  "imsi-ranges.yaml": [
    { wish: user("262010123456789"), found: ["east", "east-1 east-2"] },
    { wish: user("262019999999999"), found: ["west", "west-1"] },
    { wish: user("262019999999999"), down: ["west-1", "west-2"], found: ["west", "east-1 east-2"] },
    { wish: user("262010000000001"), found: ["test-cards", "test-1"] },
    { wish: charged("262012000000000"), found: ["charging-east", "east-1 east-2"] },
    { wish: charged("310410000000000"), found: ["charging", "west-1"] },
    { wish: user("310410000000000"), found: ["default", 3003] },
  ],
  "roaming-hub.yaml": [
    { wish: { destinationRealm: "epc.mnc010.mcc234.3gppnetwork.org" }, found: ["north", "north-1"] },
    { wish: { destinationRealm: "epc.mnc021.mcc235.3gppnetwork.org" }, found: ["south", "south-1 south-2"] },
    { wish: { destinationRealm: "EXAMPLE.com" }, found: ["home", "home-1 home-2"] },
    { wish: { destinationRealm: "hss.example.com" }, listener: 3869, found: ["inbound", "home-1 home-2"] },
    { wish: { destinationRealm: "epc.mnc010.mcc234.3gppnetwork.org" }, listener: 3869, found: ["no-transit", 3003] },
    { wish: { destinationRealm: "nowhere.org" }, found: ["default", 3003] },
    { wish: { destinationRealm: "example.com", destinationHost: "hub.example.com" }, found: ["home", 3007] },
  ],
};

for (const [file, cases] of Object.entries(CASES)) {
  const path = new URL(`../../config/examples/${file}`, import.meta.url).pathname;
  Deno.test(`the example ${file} loads without a warning, and sends requests where it says`, async () => {
    const loaded = await readWholeConfig(path, [], ["diameter"]);
    assert(loaded.ok, loaded.errors.join("\n"));
    assertEquals(loaded.warnings, []);
    const options = gatewayOptions(diameterConfig(loaded.config)!);
    for (const { wish, listener = 3868, down = [], found } of cases) {
      const at = { hostname: "127.0.0.1", port: listener };
      const explained = await explainOffline(options, { message: request(wish), listener: at }, down);
      const { route, candidates, answer } = explained;
      const first = candidates.filter(({ group }) => group === candidates[0]?.group).map(({ dra }) => dra).join(" ");
      assertEquals([route, answer?.code ?? first], [...found]);
    }
  });
}
