import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { Capabilities } from "../../../../src/diameter/peer/capabilities.ts";
import type { Peer } from "../../../../src/diameter/peer/peer.ts";
import { AppDirectory, type Wanted } from "../../../../src/diameter/relay/apps/directory.ts";
import { RelayPeer } from "../../../../src/diameter/relay/core/relay_peer.ts";
import { ApplicationSet } from "../../../../src/diameter/wire/application_set.ts";

const S13 = 16777252;
const GX = 16777238;
const RELAY = 0xffffffff;

interface AppOptions {
  readonly applications?: readonly number[];
  readonly open?: boolean;
  readonly full?: boolean;
  readonly owed?: number;
}

/** An app as far as {@link AppDirectory} looks at it. */
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
  const all = new AppDirectory();
  for (const one of apps) all.add(one);
  const { application = S13, host = "", session = "", routeRecords = [], preferred } = wish;
  const wanted = { application, destinationHost: host, sessionHost: session, routeRecords, preferred };
  return found(all, wanted, () => false);
}

/** The app, or the sentence why there is none. */
function found(apps: AppDirectory, wanted: Partial<Wanted>, owesTooMuch: (app: RelayPeer) => boolean) {
  const app = apps.pick({
    application: S13,
    destinationHost: "",
    sessionHost: "",
    routeRecords: [],
    preferred: undefined,
    ...wanted,
  }, owesTooMuch);
  return "resultCode" in app ? app.message : app;
}

/** The sentence why there is none. */
function said(what: RelayPeer | string): string {
  assert(typeof what === "string", "an app was found");
  return what;
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
    const named = said(pick([a], { ...wish, host: "a.example.net" }));
    assertStringIncludes(named, items === "D7" ? "does not read fast enough" : "a.example.net is connected, but");
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
  const apps = new AppDirectory();
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

/** Counts how often an app is looked at. */
function watched(originHost: string, options: AppOptions, looks: { count: number }): RelayPeer {
  const one = app(originHost, options);
  const { open } = one.peer;
  Object.defineProperty(one.peer, "open", {
    get() {
      looks.count++;
      return open;
    },
  });
  return one;
}

const NEVER = () => false;

Deno.test("I2 what a request without Destination-Host costs does not grow with the Logic Apps that are connected", () => {
  const looks = { count: 0 };
  const apps = new AppDirectory();
  for (let i = 0; i < 2_000; i++) {
    apps.add(watched(`app-${i}.example.net`, { applications: [i % 2 === 0 ? S13 : RELAY] }, looks));
    if (i % 2 === 0) apps.add(watched(`gx-${i}.example.net`, { applications: [GX] }, looks));
  }
  for (let i = 0; i < 100; i++) assert(typeof found(apps, {}, NEVER) !== "string");
  assert(looks.count <= 200, `${looks.count} looks for 100 requests`);
});

Deno.test("I2 many that named the application share what there is nearly evenly", () => {
  const apps = new AppDirectory();
  const all = Array.from({ length: 100 }, (_, i) => app(`app-${i}.example.net`, { applications: [S13] }));
  for (const one of all) apps.add(one);
  for (let i = 0; i < 5_000; i++) {
    const chosen = found(apps, {}, NEVER);
    assert(typeof chosen !== "string");
    chosen.owed++;
  }
  // By chance alone one of a hundred would have some 70 of them.
  const most = Math.max(...all.map(({ owed }) => owed));
  assert(most <= 58, `one of them has ${most}`);
});

Deno.test("I2 the one app among many that can take it is found, whatever the dice say", () => {
  for (const dice of [0, 0.3, 0.999]) {
    const apps = new AppDirectory(() => dice);
    for (let i = 0; i < 50; i++) apps.add(app(`app-${i}.example.net`, { full: i !== 20 }));
    const chosen = found(apps, {}, NEVER);
    assert(typeof chosen !== "string");
    assertEquals(chosen.originHost, "app-20.example.net");
    assertStringIncludes(
      said(found(apps, { routeRecords: ["app-20.example.net"] }, NEVER)),
      "does not read fast enough",
    );
  }
});

Deno.test("an app that owes too much gets no more, also when it is named, and another one does", () => {
  const apps = new AppDirectory();
  const [mute, other] = [app("mute.example.net"), app("other.example.net", { owed: 3 })];
  apps.add(mute);
  apps.add(other);
  const tooMuch = (one: RelayPeer) => one === mute;
  assert(found(apps, { preferred: mute }, tooMuch) === other);
  assertStringIncludes(said(found(apps, { destinationHost: "mute.example.net" }, tooMuch)), "more requests unanswered");
});

Deno.test("I2 the index of applications follows who comes and goes", () => {
  const apps = new AppDirectory();
  const all = Array.from(
    { length: 20 },
    (_, i) => app(`app-${i}.example.net`, { applications: i < 10 ? [S13, GX] : [GX, RELAY] }),
  );
  for (const one of all) apps.add(one);
  for (const [i, one] of all.entries()) {
    const chosen = found(apps, {}, NEVER);
    assert(typeof chosen !== "string");
    assertEquals(chosen.capabilities.applications.names(S13), i < 10);
    apps.remove(one);
  }
  assertEquals(typeof found(apps, {}, NEVER), "string");
  assertEquals(typeof found(apps, { application: GX }, NEVER), "string");
});
