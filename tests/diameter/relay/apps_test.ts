import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { Capabilities } from "../../../src/diameter/peer/capabilities.ts";
import type { Peer } from "../../../src/diameter/peer/peer.ts";
import { Apps } from "../../../src/diameter/relay/apps.ts";
import { RelayPeer } from "../../../src/diameter/relay/relay_peer.ts";
import { ApplicationSet } from "../../../src/diameter/wire/application_set.ts";

const S13 = 16777252;
const GX = 16777238;
const RELAY = 0xffffffff;

interface AppOptions {
  readonly applications?: readonly number[];
  readonly open?: boolean;
  readonly full?: boolean;
  readonly owed?: number;
}

/** An app as far as {@link Apps} looks at it. */
function app(
  originHost: string,
  { applications = [RELAY], open = true, full = false, owed = 0 }: AppOptions = {},
): RelayPeer {
  const capabilities = { originHost, applications: new ApplicationSet(applications) } as Capabilities;
  const relayPeer = new RelayPeer({ open, out: { full } } as Peer, capabilities, undefined);
  relayPeer.owed = owed;
  return relayPeer;
}

interface Wish {
  readonly application?: number;
  readonly host?: string;
  readonly session?: string;
  readonly routeRecords?: readonly string[];
  readonly preferred?: RelayPeer;
}

function pick(apps: readonly RelayPeer[], wish: Wish = {}): RelayPeer | string {
  const all = new Apps();
  for (const one of apps) all.add(one);
  const { application = S13, host = "", session = "", routeRecords = [], preferred } = wish;
  return all.pick(application, host, session, routeRecords, preferred, () => false);
}

Deno.test("I1 Destination-Host finds the app of that identity, in any case", () => {
  const [a, b] = [app("a.example.net"), app("B.example.net")];
  assert(pick([a, b], { host: "b.example.net" }) === b);
});

Deno.test("I1 a Destination-Host that is not connected is told, and never goes to another app", () => {
  assertEquals(
    pick([app("a.example.net")], { host: "b.example.net" }),
    "Destination-Host b.example.net is not connected",
  );
});

for (
  const [items, why, options, wish] of [
    ["R5 I3", "did not advertise the application", { applications: [GX] }, {}],
    ["R6 I3", "is in a Route-Record", {}, { routeRecords: ["a.example.net"] }],
    ["X5", "is taking its leave", { open: false }, {}],
    ["D7", "does not read what it was sent", { full: true }, {}],
  ] as const
) {
  Deno.test(`${items} an app that ${why} gets nothing, also when it is named`, () => {
    const a = app("A.example.net", options);
    const named = pick([a], { ...wish, host: "a.example.net" });
    assert(typeof named === "string");
    assertStringIncludes(named, "a.example.net is connected, but");
    assertEquals(typeof pick([a], { ...wish, session: "a.example.net" }), "string");
    assertEquals(typeof pick([a], { ...wish, preferred: a }), "string");
    const other = app("b.example.net");
    assert(pick([a, other], wish) === other);
  });
}

Deno.test("I1 of several connections of one identity, the one that used the session, else the one that owes least", () => {
  const [a1, a2, a3] = [
    app("a.example.net", { owed: 3 }),
    app("a.example.net", { owed: 1 }),
    app("a.example.net", { owed: 2 }),
  ];
  assert(pick([a1, a2, a3], { host: "a.example.net" }) === a2);
  assert(pick([a1, a2, a3], { host: "a.example.net", preferred: a1 }) === a1);
});

Deno.test("I2 without Destination-Host: the connection of the session, the session's host, who named the application, who advertised Relay", () => {
  const relay = app("relay.example.net");
  const named = app("named.example.net", { applications: [S13] });
  const session = app("session.example.net");
  const apps = [relay, named, session];
  assert(pick(apps, { preferred: relay, session: "session.example.net" }) === relay);
  assert(pick(apps, { session: "session.example.net" }) === session);
  assert(pick(apps) === named);
  assert(pick([relay]) === relay);
});

Deno.test("I2 several that named the application share by what they owe", () => {
  const busy = app("a.example.net", { applications: [S13], owed: 5 });
  const idle = app("b.example.net", { applications: [S13], owed: 4 });
  assert(pick([busy, idle]) === idle);
});

Deno.test("I2 with no app for the application there is none, and the reason names it", () => {
  assertEquals(
    pick([app("a.example.net", { applications: [GX] })]),
    `no connected Logic App advertised application ${S13}`,
  );
  assertEquals(pick([]), `no connected Logic App advertised application ${S13}`);
});

Deno.test("I1 an app that left is found no more", () => {
  const apps = new Apps();
  const [first, second] = [app("a.example.net"), app("A.EXAMPLE.NET")];
  apps.add(first);
  apps.add(second);
  assertEquals([apps.size, apps.withHost("a.example.net").length], [2, 2]);
  apps.remove(first);
  assertEquals(apps.withHost("A.example.net"), [second]);
  apps.remove(second);
  apps.remove(second);
  assertEquals([apps.size, apps.withHost("a.example.net").length, [...apps].length], [0, 0, 0]);
});
