import { assertEquals } from "@std/assert";
import { RequestChecks } from "../../../../src/diameter/relay/path/checks.ts";
import type { RelayPeer } from "../../../../src/diameter/relay/core/relay_peer.ts";
import { LONGEST_MESSAGE } from "../../../../src/diameter/relay/path/writer.ts";
import { APPLICATION } from "../../../../src/diameter/wire/application_ids.ts";
import { AVP } from "../../../../src/diameter/wire/avp_codes.ts";
import { FLAG } from "../../../../src/diameter/wire/header.ts";
import { incoming } from "../../../support/incoming.ts";
import { type RawRequest, request } from "../../../support/raw_message.ts";

const SELF = "gw.example.net";
const R = FLAG.request;
const FROM = { routeRecordLength: 24 } as RelayPeer;

interface Case {
  readonly wish?: RawRequest;
  readonly mode?: "relay" | "transparent";
  readonly strict?: boolean;
  /** It comes after a DPR. */
  readonly refused?: boolean;
}

function judge({ wish = {}, mode = "relay", strict = false, refused = false }: Case, at = 0) {
  const checks = new RequestChecks({ originHost: SELF, mode, strictPBit: strict });
  const found = checks.check(incoming(FROM, request(wish), at), refused);
  return found === undefined ? "stands" : [found.resultCode, found.reason];
}

const LOOP = { routeRecords: ["a.example.net", "GW.Example.Net", "b.example.net"] };
/** An AVP that says it is longer than its message. */
const BROKEN: RawRequest = { more: (builder) => builder.octets(999, new Uint8Array([0, 0, 3, 231, 0, 255, 255, 255])) };

const TABLE: readonly (readonly [string, Case, ReturnType<typeof judge>])[] = [
  ["a plain request stands", {}, "stands"],
  ["E12 E is set in a request", { wish: { flags: R | FLAG.error | FLAG.proxiable } }, [3008, "header_bits"]],
  ["P is clear, and nobody minds", { wish: { flags: R } }, "stands"],
  ["P is clear where it must not be", { wish: { flags: R }, strict: true }, [3001, "not_proxiable"]],
  ["the application of common messages", { wish: { application: APPLICATION.common } }, [3007, "application"]],
  ["the application of relays", { wish: { application: APPLICATION.relay } }, [3007, "application"]],
  ["after a DPR", { refused: true }, [3004, "draining"]],
  ["R1 own name in a Route-Record, in any case", { wish: LOOP }, [3005, "loop"]],
  ["own name in a Route-Record, where none is added", { wish: LOOP, mode: "transparent" }, "stands"],
  [
    "own name in a Route-Record of some vendor, which is no Route-Record",
    { wish: { more: (builder) => builder.text(AVP.routeRecord, SELF, { vendor: 10415 }) } },
    "stands",
  ],
  ["a Route-Record that only begins with the own name", { wish: { routeRecords: [`${SELF}.org`] } }, "stands"],
  ["no destination at all", { wish: { destinationRealm: null } }, [3001, "no_destination"]],
  [
    "a host without its realm",
    { wish: { destinationRealm: null, destinationHost: "hss.example.net" } },
    [3002, "no_realm"],
  ],
  ["this node is the destination", { wish: { destinationHost: "GW.example.net" } }, [3007, "destination_is_gateway"]],
  [
    "this node is the destination, without a realm",
    { wish: { destinationRealm: null, destinationHost: SELF } },
    [3007, "destination_is_gateway"],
  ],
  ["another host with its realm", { wish: { destinationHost: "hss.example.net" } }, "stands"],
];

for (const [name, facts, expected] of TABLE) {
  Deno.test(`checks of a request: ${name}`, () => {
    assertEquals(judge(facts), expected);
    assertEquals(judge(facts, 12), expected, "behind other messages");
  });
}

/** Each is worse than those behind it: whoever makes all these mistakes is told the first. */
const ORDER: readonly (readonly [RawRequest, Omit<Case, "wish">, string])[] = [
  [{ flags: R | FLAG.error }, {}, "header_bits"],
  [{ flags: R }, { strict: true }, "not_proxiable"],
  [{ application: APPLICATION.common }, {}, "application"],
  [{}, { refused: true }, "draining"],
  [LOOP, {}, "loop"],
  [{ destinationRealm: null }, {}, "no_destination"],
];

Deno.test("of several mistakes in one request the first in the order of the checks is told", () => {
  for (let first = 0; first < ORDER.length; first++) {
    let all: Case = {};
    for (const [wish, options] of ORDER.slice(first).toReversed()) {
      all = { ...all, ...options, wish: { ...all.wish, ...wish } };
    }
    assertEquals((judge(all) as readonly unknown[])[1], ORDER[first]![2]);
  }
});

Deno.test("an AVP that is longer than its message is told with what it is, and nothing behind it is looked at", () => {
  const bytes = request(BROKEN);
  // The AVP's own length, which the builder wrote true.
  const view = new DataView(bytes.buffer);
  view.setUint32(bytes.length - 12, 0x00ffffff);
  const checks = new RequestChecks({ originHost: SELF, mode: "relay", strictPBit: false });
  const found = checks.check(incoming(FROM, bytes), false)!;
  assertEquals([found.resultCode, found.reason], [5014, "avp_length"]);
  assertEquals(new DataView(found.failedAvp!.buffer, found.failedAvp!.byteOffset).getUint32(0), 999);
});

Deno.test("a request that its Route-Record would make longer than any message can be is refused, in relay mode", () => {
  const length = LONGEST_MESSAGE - 20;
  const bytes = request({ more: (builder) => builder.octets(999, new Uint8Array(length - 8 - request().length)) });
  const message = incoming(FROM, bytes);
  const options = { originHost: SELF, strictPBit: false };
  assertEquals(new RequestChecks({ ...options, mode: "relay" }).check(message, false)?.reason, "too_long");
  assertEquals(new RequestChecks({ ...options, mode: "transparent" }).check(message, false), undefined);
});

Deno.test("mode and strict_p_bit count from the moment they change", () => {
  const checks = new RequestChecks({ originHost: SELF, mode: "transparent", strictPBit: false });
  const message = incoming(FROM, request({ ...LOOP, flags: R }));
  assertEquals(checks.check(message, false), undefined);
  checks.configure({ mode: "relay", strictPBit: false });
  assertEquals(checks.check(message, false)?.reason, "loop");
  checks.configure({ mode: "relay", strictPBit: true });
  assertEquals(checks.check(message, false)?.reason, "not_proxiable");
});
