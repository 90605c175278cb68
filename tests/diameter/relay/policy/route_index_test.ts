import { assertEquals } from "@std/assert";
import * as fc from "fast-check";
import { compileMatch } from "../../../../src/diameter/relay/policy/compile.ts";
import { firstFailed } from "../../../../src/diameter/relay/policy/conditions.ts";
import { loadDictionary } from "../../../../src/diameter/relay/policy/loaded.ts";
import { Reading } from "../../../../src/diameter/relay/policy/reading.ts";
import { RouteIndex } from "../../../../src/diameter/relay/policy/route_index.ts";
import type { AvpMatch } from "../../../../src/diameter/relay/core/policy_options.ts";
import type { RelayPeer } from "../../../../src/diameter/relay/core/relay_peer.ts";
import { incoming } from "../../../support/incoming.ts";
import { request } from "../../../support/raw_message.ts";

await loadDictionary();

const digits = fc.stringMatching(/^[12]{1,3}$/);
const condition: fc.Arbitrary<AvpMatch> = fc.oneof(
  digits.map((exact) => ({ path: "User-Name", exact })),
  fc.array(digits, { minLength: 1, maxLength: 3 }).map((prefix) => ({ path: "User-Name", prefix })),
  digits.map((prefix) => ({ path: "Session-Id", prefix })),
  fc.constant({ path: "User-Name", present: false }),
  fc.constantFrom(["1", "1"], ["12", "21"], ["111", "212"]).map((range) => ({ path: "User-Name", range })),
);
const routes = fc.array(fc.array(condition, { minLength: 1, maxLength: 2 }), { maxLength: 40 });

Deno.test("RT1 routes that are looked up are the same that trying them one by one finds", () => {
  fc.assert(fc.property(routes, fc.array(digits, { maxLength: 2 }), digits, (matches, users, session) => {
    const reading = new Reading();
    const complain = (_: unknown, message: string) => {
      throw new Error(message);
    };
    const compiled = matches.map((avps, place) => ({
      place,
      conditions: compileMatch({ avps }, { reading, complain, listeners: [], nearest: () => undefined }),
    }));
    const bytes = request({ session, more: (b) => users.forEach((user) => b.text(1, user)) });
    const message = incoming({} as RelayPeer, bytes);
    message.avps.scan(message.block.view, message.at, message.end);
    reading.begin(message);
    const expected = compiled.find(({ conditions }) => firstFailed(conditions, reading) === undefined);
    assertEquals(new RouteIndex(compiled).find(reading)?.place, expected?.place);
  }));
});
