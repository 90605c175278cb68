import { assertEquals, assertThrows } from "@std/assert";
import { parsePath, PathError } from "../../../../src/diameter/relay/policy/avp_path.ts";
import { type CompileContext, compileMatch } from "../../../../src/diameter/relay/policy/compile.ts";
import { describeFailure, firstFailed } from "../../../../src/diameter/relay/policy/conditions.ts";
import { dictionary, loadDictionary, loadForPolicy } from "../../../../src/diameter/relay/policy/loaded.ts";
import { Reading } from "../../../../src/diameter/relay/policy/reading.ts";
import { type MatchOptions, NO_POLICY } from "../../../../src/diameter/relay/core/policy_options.ts";
import type { RelayPeer } from "../../../../src/diameter/relay/core/relay_peer.ts";
import { MessageBuilder } from "../../../../src/diameter/wire/message_builder.ts";
import { nearest } from "../../../../src/ops/config/nearest.ts";
import { incoming } from "../../../support/incoming.ts";
import { type RawRequest, request } from "../../../support/raw_message.ts";

await loadForPolicy({
  ...NO_POLICY,
  limits: [{ name: "x", per: "all", requestsPerSecond: 1, burst: 0, match: { originHost: { regex: "x" } } }],
});
await loadDictionary();

const LISTENER = { hostname: "127.0.0.1", port: 3868 };
const APP = { originHost: "App.Example.NET", listener: LISTENER, listenedAs: "127.0.0.1:3868" } as RelayPeer;

function context(reading: Reading, complaints: string[] = []): CompileContext {
  return {
    reading,
    listeners: [LISTENER],
    nearest,
    complain: (path, message) => complaints.push(`${path.join(".")}: ${message}`),
  };
}

/** Whether a request fits; why not, otherwise. */
function judge(match: MatchOptions, wish: RawRequest = {}): string {
  const complaints: string[] = [];
  const reading = new Reading();
  const conditions = compileMatch(match, context(reading, complaints));
  assertEquals(complaints, []);
  const message = incoming(APP, request(wish), 4);
  message.avps.scan(message.block.view, message.at, message.end);
  reading.begin(message);
  const failed = firstFailed(conditions, reading);
  return failed === undefined ? "fits" : describeFailure(failed, reading);
}

/** A group in which there are these AVPs. */
function group(...avps: readonly (readonly [code: number, value: string | number])[]): Uint8Array {
  const builder = new MessageBuilder({ flags: 0, command: 0, application: 0, hopByHop: 0, endToEnd: 0 });
  for (const [code, value] of avps) {
    if (typeof value === "number") builder.unsigned32(code, value);
    else builder.text(code, value);
  }
  return builder.finish().slice(20);
}

const user = (name: string): RawRequest => ({ more: (b) => void b.text(1, name) });
const SUBSCRIPTION = "Subscription-Id[Subscription-Id-Type=1]/Subscription-Id-Data";
const subscribed: RawRequest = {
  more: (b) =>
    void b.octets(443, group([450, 0], [444, "4917112345"])).octets(443, group([450, 1], [444, "262011234567890"])),
};

type Row = readonly [what: string, match: MatchOptions, wish: RawRequest, found: string];

const TABLE: readonly Row[] = [
  ["no condition", {}, {}, "fits"],
  ["a realm in any case", { destinationRealm: "HSS.example.NET" }, {}, "fits"],
  ["another realm", { destinationRealm: "x.org" }, {}, 'destination_realm: expected x.org, got "hss.example.net"'],
  ["one realm of several", { destinationRealm: ["x.org", "hss.example.net"] }, {}, "fits"],
  ["* at the beginning", { destinationRealm: "*.example.net" }, {}, "fits"],
  ["* in the middle", { destinationRealm: "h*s*.net" }, {}, "fits"],
  [
    "* is no whole name",
    { destinationRealm: "*.hss.example.net" },
    {},
    'destination_realm: expected *.hss.example.net, got "hss.example.net"',
  ],
  [
    "overlapping ends",
    { destinationRealm: "hss.example*example.net" },
    {},
    'destination_realm: expected hss.example*example.net, got "hss.example.net"',
  ],
  ["an expression on an identity, in any case", { destinationRealm: { regex: "^HSS\\." } }, {}, "fits"],
  ["no Destination-Host", { destinationHost: { present: false } }, {}, "fits"],
  ["some Destination-Host", { destinationHost: { present: true } }, {}, "destination_host: expected any, got none"],
  ["a Destination-Host that is not there", { destinationHost: "a.b" }, {}, "destination_host: expected a.b, got none"],
  ["none, or that one", { destinationHost: [{ present: false }, "a.b"] }, { destinationHost: "A.b" }, "fits"],
  ["Origin-Host of the message", { originHost: "client.*" }, {}, "fits"],
  [
    "Origin-Host of the message is not that of the CER",
    { originHost: "app.example.net" },
    {},
    'origin_host: expected app.example.net, got "client.example.net"',
  ],
  ["Origin-Realm", { originRealm: "x" }, {}, 'origin_realm: expected x, got "example.net"'],
  ["Origin-Host of the CER", { app: "app.example.net" }, {}, "fits"],
  ["where it is connected", { listener: "127.0.0.1:3868" }, {}, "fits"],
  ["a name of an application", { application: "s13" }, {}, "fits"],
  ["a range of applications", { application: "16777251-16777253" }, {}, "fits"],
  ["another application", { application: ["s6a", 4] }, {}, "application: expected 16777251 or 4, got 16777252"],
  ["a name of a command", { command: "ME-Identity-Check" }, {}, "fits"],
  ["another command", { command: 272 }, {}, "command: expected 272, got 324"],
  ["all must hold", { command: 324, application: 4 }, {}, "application: expected 4, got 16777252"],
  ["an AVP, exactly", { avps: [{ path: "User-Name", exact: "26201" }] }, user("26201"), "fits"],
  ["text has its case", { avps: [{ path: "User-Name", exact: "A" }] }, user("a"), 'User-Name: expected A, got "a"'],
  ["any occurrence", { avps: [{ path: "1", exact: "b" }] }, { more: (b) => void b.text(1, "a").text(1, "b") }, "fits"],
  ["a prefix", { avps: [{ path: "User-Name", prefix: ["1", "262"] }] }, user("26201"), "fits"],
  [
    "a prefix longer than the value",
    { avps: [{ path: "User-Name", prefix: "262011" }] },
    user("26201"),
    'User-Name: expected 262011..., got "26201"',
  ],
  [
    "digits in a range, as many as the bounds have",
    { avps: [{ path: "User-Name", range: ["262010000", "262019999"] }] },
    user("262019999999999"),
    "fits",
  ],
  [
    "digits above",
    { avps: [{ path: "User-Name", range: ["262010000", "262019999"] }] },
    user("262020000"),
    'User-Name: expected 262010000 to 262019999, got "262020000"',
  ],
  [
    "digits below",
    { avps: [{ path: "User-Name", range: ["262010000", "262019999"] }] },
    user("262009999"),
    'User-Name: expected 262010000 to 262019999, got "262009999"',
  ],
  [
    "fewer digits",
    { avps: [{ path: "User-Name", range: ["262010000", "262019999"] }] },
    user("26201"),
    'User-Name: expected 262010000 to 262019999, got "26201"',
  ],
  [
    "no digits",
    { avps: [{ path: "User-Name", range: ["10", "19"] }] },
    user("1x"),
    'User-Name: expected 10 to 19, got "1x"',
  ],
  ["an expression", { avps: [{ path: "User-Name", regex: "^26201[0-3]" }] }, user("262013"), "fits"],
  ["an AVP that is there", { avps: [{ path: "User-Name", present: true }] }, user("x"), "fits"],
  ["an AVP that is not there", { avps: [{ path: "User-Name", present: false }] }, {}, "fits"],
  ["an absent AVP", { avps: [{ path: "User-Name", exact: "x" }] }, {}, "User-Name: expected x, got none"],
  ["a number of 4 bytes", { avps: [{ path: "277", exact: 1 }] }, { more: (b) => void b.unsigned32(277, 1) }, "fits"],
  ["a number of 8 bytes", { avps: [{ path: "10415:9999", exact: 7 }] }, {
    more: (b) => void b.octets(9999, new Uint8Array([0, 0, 0, 0, 0, 0, 0, 7]), { vendor: 10415 }),
  }, "fits"],
  ["a negative number", { avps: [{ path: "9999", exact: -1 }] }, {
    more: (b) => void b.octets(9999, new Uint8Array(4).fill(255)),
  }, "fits"],
  [
    "a number in a range",
    { avps: [{ path: "9999", range: [5, 9] }] },
    { more: (b) => void b.unsigned32(9999, 9) },
    "fits",
  ],
  [
    "a number outside",
    { avps: [{ path: "9999", range: [5, 9] }] },
    { more: (b) => void b.unsigned32(9999, 10) },
    "9999: expected 5 to 9, got 10",
  ],
  [
    "another vendor's AVP of that code",
    { avps: [{ path: "10415:1", present: true }] },
    user("x"),
    "10415:1: expected any, got none",
  ],
  ["an AVP in a group with a filter", { avps: [{ path: SUBSCRIPTION, prefix: "26201" }] }, subscribed, "fits"],
  [
    "the filter leaves others out",
    { avps: [{ path: SUBSCRIPTION, prefix: "49" }] },
    subscribed,
    `${SUBSCRIPTION}: expected 49..., got "262011234567890"`,
  ],
  [
    "a filter by the name of a value",
    { avps: [{ path: "443[450=END_USER_IMSI]/444", prefix: "26201" }] },
    subscribed,
    "fits",
  ],
  [
    "a group by itself",
    { avps: [{ path: "443[450=3]", present: true }] },
    subscribed,
    "443[450=3]: expected any, got none",
  ],
  ["a group that does not parse", { avps: [{ path: "443/444", present: true }] }, {
    more: (b) => void b.octets(443, new Uint8Array([0, 0, 1, 188])),
  }, "443/444: expected any, got none"],
  [
    "a DiameterIdentity in an AVP, in any case",
    { avps: [{ path: "Origin-Host", exact: "CLIENT.example.net" }] },
    {},
    "fits",
  ],
];

for (const [what, match, wish, found] of TABLE) {
  Deno.test(`RT2 RT3 ${what}: ${found === "fits" ? "matches" : "does not match, and says why"}`, () => {
    assertEquals(judge(match, wish), found);
  });
}

const WRONG: readonly (readonly [MatchOptions, string])[] = [
  [
    { application: "s6x" },
    'application: expected a number, "lo-hi" or the name of an application, got "s6x", which no specification here has; did you mean "S6a"?',
  ],
  [{ application: "9-1" }, 'application: expected a range from the lower to the higher number, got "9-1"'],
  [{ command: 16_777_216 }, "command: expected a number up to 16777215, got 16777216"],
  [{ command: [] }, "command: expected at least one, got an empty list"],
  [
    { listener: "1.2.3.4:1" },
    'listener: expected an address that server.listen or server.tls.listen has (127.0.0.1:3868), got "1.2.3.4:1"',
  ],
  [
    { originHost: { regex: "(a+)+" } },
    'origin_host.regex: expected an expression that is matched in linear time; "(a+)+" has a quantifier on a group that contains a quantifier or "|"',
  ],
  [
    { avps: [{ path: "User-Nam", exact: "x" }] },
    'avps.0.path: expected an AVP such as User-Name or 443[450=1]/444; User-Nam names "User-Nam", which no specification here has; did you mean "User-Name"?',
  ],
  [{ avps: [{ path: "User-Name" }] }, "avps.0: expected exactly one of exact, prefix, range, regex, present, got none"],
  [
    { avps: [{ path: "User-Name", exact: "a", prefix: "b" }] },
    "avps.0: expected exactly one of exact, prefix, range, regex, present, got exact and prefix",
  ],
  [
    { avps: [{ path: "User-Name", range: ["1", "22"] }] },
    'avps.0.range: expected bounds with equally many digits, got ["1","22"]',
  ],
  [{ avps: [{ path: "User-Name", range: ["9", "1"] }] }, 'avps.0.range: expected the lower bound first, got ["9","1"]'],
  [
    { avps: [{ path: "User-Name", range: ["a", "b"] }] },
    'avps.0.range: expected two strings of digits, or two numbers, got ["a","b"]',
  ],
  [
    { avps: [{ path: "User-Name", range: ["1"] }] },
    'avps.0.range: expected two bounds, such as ["262010000", "262019999"] or [1, 10], got ["1"]',
  ],
  [
    { avps: [{ path: "Auth-Session-State", exact: "1" }] },
    'avps.0.exact: expected a number, as the type of this AVP is Enumerated, got "1"',
  ],
];

for (const [match, expected] of WRONG) {
  Deno.test(`RT13 a condition that cannot be is told with its fix: ${expected.slice(0, 60)}`, () => {
    const complaints: string[] = [];
    compileMatch(match, context(new Reading(), complaints));
    assertEquals(complaints.slice(0, 1), [expected]);
  });
}

Deno.test("RT13 a match has 16 conditions at most", () => {
  const complaints: string[] = [];
  const avps = Array.from({ length: 17 }, (_, i) => ({ path: String(i + 1000), present: true }));
  compileMatch({ avps }, context(new Reading(), complaints));
  assertEquals(complaints, [": has 17 conditions: expected at most 16"]);
});

for (const path of ["1/2/3/4/5", "User-Name/1", "443[450]/444", "", "443/", "99999999999", "443[450=x]/444"]) {
  Deno.test(`RT3 ${JSON.stringify(path)} is no path`, () => {
    assertThrows(() => parsePath(path, dictionary(), nearest), PathError);
  });
}
